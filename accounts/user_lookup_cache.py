"""Deprecated: the old service's name of `accounts.access.key_lookup`."""

from accounts.access.key_lookup import (
    clear_cache,
    get_cache_stats,
    get_user,
    invalidate_user,
    set_cache_ttl,
)

__all__ = ["clear_cache", "get_cache_stats", "get_user", "invalidate_user", "set_cache_ttl"]
