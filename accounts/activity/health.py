"""How the writing of activity fares: for the probes and for operators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.activity import buffer
from accounts.activity.events import DECODE_ERRORS, decode
from accounts.models import ActivityDeadLetter

DEGRADED_EVENTS = 10_000
DEGRADED_SECONDS = 30.0

# Dead letters are counted no further: any number is too many.
MAX_COUNTED_LETTERS = 1_000


@dataclass(frozen=True)
class ActivityStats:
    """The state of the buffer now, and what happened since Redis was set up.

    `depth` events wait, leased batches included, the oldest one since `oldest_seconds`; None
    when nothing waits. `failed_batches` went back because Redis or the database failed,
    `abandoned_batches` because their worker died. `redis_down` and `buffer_full` count events
    that a request wrote itself, `lost` those that could not be written either.
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
        """Whether the workers do not keep up, or do not work."""
        return self.depth > DEGRADED_EVENTS or (self.oldest_seconds or 0.0) > DEGRADED_SECONDS


def activity_stats() -> ActivityStats:
    """The state of the writing of activity: one Redis round trip and one statement.

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
    """How many dead letters there are, at most MAX_COUNTED_LETTERS; one statement.

    Raises django.db.Error.
    """
    return ActivityDeadLetter.objects.all()[:MAX_COUNTED_LETTERS].count()


def age_seconds(events: Iterable[bytes]) -> float | None:
    """The age of the oldest event that can be read; None when there is none."""
    times = []
    for event in events:
        try:
            times.append(decode(event).timestamp)
        except DECODE_ERRORS:
            continue  # the drain sets it aside
    if not times:
        return None
    return max(0.0, (datetime.now(UTC) - min(times)).total_seconds())
