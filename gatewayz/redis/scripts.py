"""Lua scripts that run inside Redis."""

from collections.abc import Sequence
from functools import cache, partial
from hashlib import sha1
from typing import Any, NamedTuple

from django_redis import get_redis_connection
from redis.exceptions import NoScriptError, ResponseError

from gatewayz.redis.breaker import breaker
from gatewayz.threads.combining import Combiner

# One serves all threads.
_client = cache(partial(get_redis_connection, "default"))


class Script:
    """A Lua script, sent by its digest, which Redis remembers."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run it in one round trip; in another one too where Redis does not know it yet.

        Raises redis.exceptions.RedisError.
        """
        try:
            return _client().evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return _client().eval(self.source, len(keys), *keys, *arguments)


class Call(NamedTuple):
    """A script with what it is run with."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[Any]


def run_combined(script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    """Run a script, in one round trip with those that other threads run at the same moment.

    Raises redis.exceptions.RedisError.
    """
    answer = _combiner.do(Call(script, keys, arguments))
    if isinstance(answer, ResponseError):
        raise answer
    return answer


def _run_all(calls: Sequence[Call]) -> list[Any]:
    """The answers to all calls; what went wrong with one of them is its answer."""
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


_combiner = Combiner(_run_all, is_risky=breaker.is_open)
