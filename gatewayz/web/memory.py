"""Makes malloc return to the system the memory that a web process no longer needs."""

import ctypes

# Constants of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

# Blocks of this size and more are mapped one by one, and unmapped when they are freed. Most
# requests need none of them.
_MAPPED_FROM_BYTES = 131_072
_KEPT_FREE_BYTES = 1_048_576


def give_back_large_blocks() -> None:
    """Make malloc return large blocks to the system as soon as they are freed.

    Affects glibc only. After the first long body, its malloc would expect more of them, and keep
    freed blocks from then on, in each of its arenas. Call this before threads are started.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_FREE_BYTES)
