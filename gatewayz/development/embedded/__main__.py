"""Runs a command while the embedded servers run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from gatewayz.development.embedded import EmbeddedServerError, default_data_dir, start
from gatewayz.web.runtime_dir import RuntimeDirError


def main(command: list[str]) -> int:
    """Run a command while the servers run.

    Args:
        command: the program and its arguments.

    Returns:
        The command's exit code, or 128 + N when signal N ended it; 127 when the program does not
        exist, 2 when none is named, 1 when the servers cannot be started.
    """
    if not command:
        print(
            "usage: python -m gatewayz.development.embedded COMMAND [ARGUMENT…]", file=sys.stderr
        )
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        servers = start(default_data_dir())
        try:
            return _run(command, os.environ | servers.environ)
        finally:
            servers.stop()
    except (EmbeddedServerError, RuntimeDirError) as error:
        print(f"gatewayz: {error}", file=sys.stderr)
        return 1


def _run(command: list[str], environ: dict[str, str]) -> int:
    # The terminal sends Ctrl-C to the command too, which decides what to do; wait for it.
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process = subprocess.Popen(command, env=environ)
    except OSError as error:
        print(f"gatewayz: cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
