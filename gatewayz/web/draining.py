"""Whether this process is about to end: it then asks its clients to connect anew, to another."""

_has_begun = False


def begin() -> None:
    """From now on every answer ends its connection."""
    global _has_begun  # noqa: PLW0603, a process ends once
    _has_begun = True


def has_begun() -> bool:
    """Whether `begin` was called."""
    return _has_begun
