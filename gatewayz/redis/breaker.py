"""One circuit breaker for all that a process asks of Redis.

A dead or hanging Redis costs one request its time-out; the others are told at once, and do
without. Every command, pipeline and connect of the clients in the settings passes here.
"""

import os
import time
from collections.abc import Callable
from threading import Lock, get_ident
from typing import Any

from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from gatewayz.request import deadline

OPEN_SECONDS = 1.0


class CircuitBreaker:
    """Closed while Redis answers, open for `open_seconds` after it did not, then half open.

    Half open, one thread may ask, and what becomes of that closes the breaker or opens it
    again; a thread that is not heard of for `open_seconds` is not waited for. `clock` gives
    seconds.
    """

    def __init__(
        self, open_seconds: float = OPEN_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._open_seconds = open_seconds
        self._clock = clock
        self.opened = 0  # how often
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = Lock()
        self._is_closed = True
        self._asks_again_at = 0.0
        self._prober: int | None = None

    def is_open(self) -> bool:
        """Whether Redis did not answer when it was asked last: who asks now may wait in vain."""
        return not self._is_closed

    def admit(self) -> bool:
        """Whether this thread may ask."""
        if self._is_closed:
            return True
        with self._lock:
            if self._prober == get_ident():
                return True  # a connect within its command
            if self._clock() < self._asks_again_at:
                return False
            self._prober = get_ident()
            self._asks_again_at = self._clock() + self._open_seconds
            return True

    def succeeded(self) -> None:
        """Redis has answered."""
        if self._is_closed:
            return
        with self._lock:
            self._is_closed, self._prober = True, None

    def failed(self) -> None:
        """Redis could not be reached, or did not answer in time."""
        with self._lock:
            self.opened += self._is_closed
            self._is_closed, self._prober = False, None
            self._asks_again_at = self._clock() + self._open_seconds


breaker = CircuitBreaker()


class BreakerRetry(Retry):
    """redis-py's policy for errors: once more, at once, on a connection that Redis has closed.

    Not after a time-out, which would double it; not while the breaker is open; and nothing is
    asked for a request that is late.
    """

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 1, (RedisConnectionError,))

    def call_with_retry(self, do: Callable[[], Any], *arguments: Any, **options: Any) -> Any:
        """Call `do` as redis-py says. Raises redis.exceptions.RedisError."""
        if not breaker.admit():
            raise RedisConnectionError("Redis did not answer a moment ago")
        if deadline.has_passed():
            raise RedisTimeoutError("the deadline of the request passed before the command")
        try:
            answer = super().call_with_retry(do, *arguments, **options)
        except (RedisConnectionError, RedisTimeoutError):
            breaker.failed()
            raise
        except RedisError:
            breaker.succeeded()
            raise
        breaker.succeeded()
        return answer
