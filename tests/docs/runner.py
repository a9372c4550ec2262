"""Runs the commands of a page of the documentation, as its reader would."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs.site.fences import Block
from tests.gatewayz.processes import CHECKOUT, private_environ
from tests.waiting import wait_until

READY_SECONDS = 240.0  # ends what hangs
SHOWN_KEY = "gw_live_…"


@dataclass(frozen=True)
class Ran:
    """The result of a block of commands."""

    block: Block
    code: int
    output: str
    errors: str


class Reader:
    """A person in a fresh clone, with two terminals. Commands that keep running do so."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.clone = folder / "gatewayz"
        self._environ = environ
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._printed_key = ""
        _clone(self.clone)

    def read(self, blocks: Sequence[Block]) -> Iterator[Ran]:
        """Run the blocks in one shell after another, which hand on what they export.

        It stops at the first that fails.
        """
        exported = self.clone / "exported"
        exported.write_text("")
        for block in blocks:
            if "no-test" in block.marks or not shutil.which(block.marks.get("needs", "bash")):
                continue
            if ready := block.marks.get("keeps-running"):
                self._keep_running(block, ready)
                continue
            script = f". ./exported\nset -euo pipefail\n{block.text}\nexport -p > exported\n"
            result = subprocess.run(
                ["bash", "-c", self._here(script)],
                cwd=self.clone,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            yield Ran(block, result.returncode, result.stdout, result.stderr)
            if result.returncode:
                return

    def stop(self) -> None:
        """Ctrl-C in the other terminals."""
        for process in self._running.values():
            os.killpg(process.pid, signal.SIGINT)
        for process in self._running.values():
            process.wait()

    def _keep_running(self, block: Block, ready: str) -> None:
        """Start it, unless another page has, and wait until it has printed `ready`."""
        if block.text in self._running:
            return
        output = self.clone / f"output-{len(self._running)}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", self._here(block.text)],
                cwd=self.clone,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[block.text] = process
        wait_until(
            lambda: ready in output.read_text() or process.poll() is not None, READY_SECONDS
        )
        assert process.poll() is None, output.read_text()
        if printed := re.search(r"^  API key  (\S+)$", output.read_text(), re.MULTILINE):
            self._printed_key = printed[1]

    def _here(self, script: str) -> str:
        """The script with a port that is free here, and the key that `make run` has printed."""
        script = script.replace("127.0.0.1:8000", f"127.0.0.1:{self._environ['PORT']}")
        return script.replace(SHOWN_KEY, self._printed_key)


@contextmanager
def reader(folder: Path, port: int) -> Iterator[Reader]:
    with private_environ() as environ:
        # A service that starts soon.
        own = {"PORT": str(port), "WORKERS": "1"}
        # An answer that refuses fails the command too.
        (folder / ".curlrc").write_text("fail-with-body\n")
        own["CURL_HOME"] = str(folder)
        someone = Reader(folder, environ | own)
        try:
            yield someone
        finally:
            someone.stop()


def _clone(clone: Path) -> None:
    """The files of this checkout as they are, with its virtual environment."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        source = CHECKOUT / name
        if source.is_file() and not source.is_symlink():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, clone / name)
    for requirements in clone.glob("requirements*.txt"):
        os.utime(requirements, (0, 0))  # what they name is installed already
    (clone / ".venv").symlink_to(CHECKOUT / ".venv")


def same_shape(shown: Any, answered: Any) -> bool:
    """Whether an answer has the fields that the documentation shows, and values of their types.

    A list that is shown need not be as long. Null matches any value, and any value matches null.
    """
    if isinstance(shown, dict):
        return (
            isinstance(answered, dict)
            and shown.keys() == answered.keys()
            and all(same_shape(shown[name], answered[name]) for name in shown)
        )
    if isinstance(shown, list):
        return isinstance(answered, list) and (
            not shown or (bool(answered) and all(same_shape(shown[0], item) for item in answered))
        )
    if shown is None or answered is None:
        return not isinstance(answered, dict | list)
    if isinstance(shown, bool) or isinstance(answered, bool):
        return isinstance(shown, bool) and isinstance(answered, bool)
    if isinstance(shown, int | float):
        return isinstance(answered, int | float)
    return isinstance(answered, str)


def parsed(output: str) -> Any:
    """The JSON in what commands have printed: their last lines."""
    return json.loads(output[output.index("{") :])
