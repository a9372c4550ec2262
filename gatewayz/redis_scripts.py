"""Lua scripts that run inside Redis."""

from collections.abc import Sequence
from hashlib import sha1
from typing import Any

from django_redis import get_redis_connection
from redis.exceptions import NoScriptError


class Script:
    """A Lua script, sent by its digest, which Redis remembers."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run it in one round trip; in another one too where Redis does not know it yet.

        Raises redis.exceptions.RedisError.
        """
        client = get_redis_connection("default")
        try:
            return client.evalsha(self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return client.eval(self._source, len(keys), *keys, *arguments)
