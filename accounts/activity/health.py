"""Health of the activity pipeline, for the probes and for operators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.activity import buffer
from accounts.activity.events import DECODE_ERRORS, decode
from accounts.models import ActivityDeadLetter

DEGRADED_EVENTS = 10_000
DEGRADED_SECONDS = 30.0

# Counting stops here: any number of dead letters is too many.
MAX_COUNTED_LETTERS = 1_000


@dataclass(frozen=True)
class ActivityStats:
    """The current state of the buffer, and counters since Redis was set up.

    `depth` events wait, leased batches included, the oldest of them for `oldest_seconds` (None
    when none waits). `failed_batches` were returned because Redis or the database failed,
    `abandoned_batches` because their worker died. `redis_down` and `buffer_full` count events that
    the request wrote itself, `lost` those that it could not write either.
    """

    depth: int
    oldest_seconds: float | None
    dead_letters: int
    batches: int
    written: int
    failed_batches: int
    abandoned_batches: int
    redis_down: int
    buffer_full: int
    lost: int

    @property
    def is_degraded(self) -> bool:
        """Whether the workers are stopped or cannot keep up."""
        return self.depth > DEGRADED_EVENTS or (self.oldest_seconds or 0.0) > DEGRADED_SECONDS


def activity_stats() -> ActivityStats:
    """Return the health of the activity pipeline: one Redis round trip and one SQL statement.

    Raises redis.exceptions.RedisError or django.db.Error when one of them does not answer.
    """
    state = buffer.state()
    names = (
        "batches",
        "written",
        "failed_batches",
        "abandoned_batches",
        "redis_down",
        "buffer_full",
        "lost",
    )
    return ActivityStats(
        depth=state.depth,
        oldest_seconds=age_seconds(state.oldest),
        dead_letters=counted_dead_letters(),
        **{name: state.counters.get(name, 0) for name in names},
    )


def counted_dead_letters() -> int:
    """Return the number of dead letters, at most MAX_COUNTED_LETTERS, in one statement.

    Raises django.db.Error.
    """
    return ActivityDeadLetter.objects.all()[:MAX_COUNTED_LETTERS].count()


def age_seconds(events: Iterable[bytes]) -> float | None:
    """Return the age of the oldest event that can be decoded, or None when there is none."""
    times = []
    for event in events:
        try:
            times.append(decode(event).timestamp)
        except DECODE_ERRORS:
            continue  # the drain sets it aside
    if not times:
        return None
    return max(0.0, (datetime.now(UTC) - min(times)).total_seconds())
