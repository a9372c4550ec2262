"""Whether this process is about to end and asks its clients to connect to another one."""

_has_begun = False


def begin() -> None:
    """Close the connection after every response from now on."""
    global _has_begun  # noqa: PLW0603, a process ends once
    _has_begun = True


def has_begun() -> bool:
    """Whether `begin` was called."""
    return _has_begun
