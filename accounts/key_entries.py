"""The entries of the key cache: a principal under the digest of its key.

The only module that touches the cache, so that models can say what has changed and
`accounts.key_cache` can look keys up without knowing of each other.
"""

import logging
from collections.abc import Iterable

import msgspec
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from accounts.principal import Principal

logger = logging.getLogger(__name__)

# Part of each entry's name: change it with the fields of Principal.
_VERSION = 1


def read_entry(digest: str) -> Principal | None:
    """The cached principal of the key with this digest, or None.

    Raises redis.exceptions.RedisError.
    """
    fields = cache.get(_name(digest))
    return None if fields is None else Principal(*fields)


def keep_entry(digest: str, principal: Principal) -> None:
    """Cache `principal` for KEY_CACHE_TTL_SECONDS.

    Raises redis.exceptions.RedisError.
    """
    cache.set(_name(digest), msgspec.to_builtins(principal), settings.KEY_CACHE_TTL_SECONDS)


def forget_on_commit(digests: Iterable[str]) -> None:
    """Forget the keys with these digests once the current transaction commits.

    Without a transaction, at once; after a rollback, never.
    """
    names = [_name(digest) for digest in digests]
    if names:
        transaction.on_commit(lambda: _forget(names))


def _forget(names: list[str]) -> None:
    try:
        cache.delete_many(names)
    except RedisError:
        logger.exception(
            "The key cache does not answer: %d changed keys may be answered from it for %d s",
            len(names),
            settings.KEY_CACHE_TTL_SECONDS,
        )


def _name(digest: str) -> str:
    return f"key:{_VERSION}:{digest}"
