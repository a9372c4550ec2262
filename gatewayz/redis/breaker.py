"""A circuit breaker around everything that a process asks of Redis.

When Redis is dead or hangs, one request waits for the time-out; the others fail immediately and do
without Redis. Every command, pipeline and connect of the clients in the settings passes here.
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

    When half open, it admits one thread, whose result closes the breaker or opens it again. If
    that thread does not report within `open_seconds`, another one is admitted. `clock` returns
    seconds.
    """

    def __init__(
        self, open_seconds: float = OPEN_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._open_seconds = open_seconds
        self._clock = clock
        self.opened = 0  # how often it has opened
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = Lock()
        self._is_closed = True
        self._half_open_at = 0.0
        self._prober: int | None = None

    def is_open(self) -> bool:
        """Whether Redis did not answer the last time, so that a command may time out."""
        return not self._is_closed

    def admit(self) -> bool:
        """Whether this thread may send a command."""
        if self._is_closed:
            return True
        with self._lock:
            if self._prober == get_ident():
                return True  # a connect within its command
            if self._clock() < self._half_open_at:
                return False
            self._prober = get_ident()
            self._half_open_at = self._clock() + self._open_seconds
            return True

    def succeeded(self) -> None:
        """Report that Redis has answered."""
        if self._is_closed:
            return
        with self._lock:
            self._is_closed, self._prober = True, None

    def failed(self) -> None:
        """Report that Redis could not be reached, or did not answer in time."""
        with self._lock:
            self.opened += self._is_closed
            self._is_closed, self._prober = False, None
            self._half_open_at = self._clock() + self._open_seconds


breaker = CircuitBreaker()


class BreakerRetry(Retry):
    """The retry policy for redis-py: retry once, immediately, when Redis closed the connection.

    Does not retry after a time-out, which would double the wait. Sends nothing while the breaker
    is open or the request is late.
    """

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 1, (RedisConnectionError,))

    def call_with_retry(self, do: Callable[[], Any], *arguments: Any, **options: Any) -> Any:
        """Call `do` through the breaker. Raises redis.exceptions.RedisError."""
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
