"""What a web process has used of memory for long, and does not need any more, goes back."""

import ctypes

# Of malloc.h in glibc.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

# Blocks from here on are mapped one by one, and unmapped when they are freed: most requests need
# none.
_MAPPED_FROM_BYTES = 131_072
_KEPT_FREE_BYTES = 1_048_576


def give_back_large_blocks() -> None:
    """Have malloc give large blocks back to the system as soon as they are freed.

    Where malloc is glibc's, which otherwise takes the first long body for a sign of others, and
    keeps what is freed from then on, for each of its arenas. Call it before threads are started.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_FREE_BYTES)
