"""Pythons with packages that we do not use ourselves, for programs built on our client."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from accounts.keys import create_key
from accounts.models import User
from tests.gatewayz.processes import CHECKOUT
from tests.web import web_process

CLIENT = CHECKOUT / "clients" / "python"
PINS = Path(__file__).with_name("python") / "adapters" / "pins"
FOLDER = CHECKOUT / "build" / "environments"


def python_with(extra: str) -> Path:
    """A Python with our client, an extra of it, and Hypothesis, in the versions of PINS.

    It is kept until these change. Skips the test where there is no package index.
    """
    pins = PINS / f"{extra.replace('-', '_')}.txt"
    wanted = ["--constraint", pins, "--editable", f"{CLIENT}[{extra}]", "hypothesis"]
    made_of = [str(wanted), sys.version, pins.read_text(), (CLIENT / "pyproject.toml").read_text()]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:12]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{extra}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = FOLDER / f"{extra}-{digest}"
        python = folder / "bin" / "python"
        if not (folder / "complete").exists():
            for old in FOLDER.glob(f"{extra}-*"):
                shutil.rmtree(old)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            _install(python, wanted)
            (folder / "complete").touch()
    return python


def _install(python: Path, wanted: Sequence[str | Path]) -> None:
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "--retries=1"]
    # Most modules are never imported.
    install = [*pip, "install", "--quiet", "--no-compile", *wanted]
    ran = subprocess.run(install, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode:
        if subprocess.run([*pip, "index", "versions", "pip"], capture_output=True).returncode:
            pytest.skip("there is no package index here")
        pytest.fail(ran.stderr)


@contextmanager
def service() -> Iterator[dict[str, str]]:
    """The environment of programs that find a running service, and a key for it."""
    user = User.objects.create_user("ada@example.com")
    _, secret = create_key(user, key_name="first")
    with web_process() as port:
        yield {
            **os.environ,
            "GATEWAYZ_API_KEY": secret,
            "GATEWAYZ_URL": f"http://127.0.0.1:{port}",
            "OPENAI_AGENTS_DISABLE_TRACING": "1",
            # The first program compiles what the installation did not.
            "PYTHONDONTWRITEBYTECODE": "",
        }


def run(python: Path, program: Path, environ: dict[str, str]) -> None:
    """Run a program, which must succeed."""
    ran = subprocess.run([python, program], env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, f"{program}\n{ran.stderr}"
