"""Runs Lua scripts inside Redis, and combines calls of many threads into one round trip."""

from collections.abc import Sequence
from functools import cache, partial
from hashlib import sha1
from typing import Any, NamedTuple

from django_redis import get_redis_connection
from redis.exceptions import NoScriptError, ResponseError

from gatewayz.redis.breaker import breaker
from gatewayz.threads.combining import Combiner

# One client serves all threads.
_client = cache(partial(get_redis_connection, "default"))


class Script:
    """A Lua script, called by its digest."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run the script in one round trip; in two when Redis does not know the script yet.

        Raises redis.exceptions.RedisError.
        """
        try:
            return _client().evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return _client().eval(self.source, len(keys), *keys, *arguments)


class Call(NamedTuple):
    """One call of a script."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[Any]


def run_combined(script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    """Run a script in one round trip with those that other threads call at the same moment.

    Another thread may send it. Raises redis.exceptions.RedisError.
    """
    answer = _combiner.do(Call(script, keys, arguments))
    if isinstance(answer, ResponseError):
        raise answer
    return answer


def run_all(calls: Sequence[Call]) -> list[Any]:
    """Return the answers to all calls; the answer to a call that failed is its error."""
    if len(calls) == 1:
        (call,) = calls
        return [call.script(call.keys, call.arguments)]
    with _client().pipeline(transaction=False) as pipeline:
        for script, keys, arguments in calls:
            pipeline.evalsha(script.digest, len(keys), *keys, *arguments)
        answers = pipeline.execute(raise_on_error=False)
    return [
        _run_unknown(call) if isinstance(answer, NoScriptError) else answer
        for call, answer in zip(calls, answers, strict=True)
    ]


def _run_unknown(call: Call) -> Any:
    try:
        return call.script(call.keys, call.arguments)
    except ResponseError as error:
        return error


_combiner = Combiner(run_all, is_risky=breaker.is_open)
