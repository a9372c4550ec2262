"""A private folder with a short path, for sockets, locks and the metrics of web processes."""

import os
import stat
import tempfile
from pathlib import Path


class RuntimeDirError(Exception):
    """The folder cannot be used; the text is one line that says what to do."""


def runtime_dir() -> Path:
    """Return this user's folder; create it if it is missing.

    Raises:
        RuntimeDirError: the folder belongs to another user.
    """
    path = Path(tempfile.gettempdir()) / f"gatewayz-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise RuntimeDirError(f"{path} belongs to another user: set TMPDIR to another folder")
    return path
