"""Work that may take longer than one task: each run stops in time and enqueues the next."""

import time

from accounts.background.tasks import enqueue

# A run must end before django-q2's time-out (Q_CLUSTER), which would kill its process.
RUN_SECONDS = 30


class TimedRun:
    """One run of the task `function`, a dotted path; it must stop at `ends_at` (monotonic)."""

    def __init__(self, function: str, seconds: float | None = None) -> None:
        self._function = function
        self.ends_at = time.monotonic() + (RUN_SECONDS if seconds is None else seconds)

    @property
    def left_seconds(self) -> float:
        """How much time is left; negative once the run must stop."""
        return self.ends_at - time.monotonic()

    def continue_later(self, *arguments: int) -> None:
        """Enqueue the next run. Raises redis.exceptions.RedisError."""
        enqueue(self._function, *arguments)
