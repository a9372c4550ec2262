"""Messages that users request themselves: a test and a usage report."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from accounts.activity.totals import activity_totals
from accounts.models import Notification
from accounts.notifications.notices import Notice, notify
from accounts.principals.principal import Principal
from gatewayz.errors import Conflict

_REPORTED_MODELS = 10


class NoChannelError(Conflict):
    """409: the user has no channel to send to."""

    default_detail = "Your preferences enable neither a verified e-mail address nor a webhook."
    default_code = "no_channel"


def send_test(owner: Principal, of: str | None = None) -> list[Notification]:
    """Send a test message to `owner`, at most once a minute, for notifications `of` a kind.

    Returns the notifications that are on their way, or those of this minute.

    Raises NoChannelError.
    """
    return _send(owner, Notification.Kind.TEST, {"notification_type": of} if of else {})


def last_days(days: int) -> tuple[date, date]:
    """The first and the last of the last `days`, which include today (UTC)."""
    last = datetime.now(UTC).date()
    return last - timedelta(days=days - 1), last


def month(first: date) -> tuple[date, date]:
    """The first and the last day of the month that begins on `first`."""
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def send_usage_report(owner: Principal, first: date, last: date) -> list[Notification]:
    """Send `owner` the usage from `first` to `last` (UTC, both included), at most once a minute.

    Returns the notifications that are on their way, or those of this minute.

    Raises NoChannelError.
    """
    sums = activity_totals(owner, first, last)
    models = list(sums["by_model"].items())[:_REPORTED_MODELS]
    details = {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "requests": sums["total_requests"],
        "tokens": sums["total_tokens"],
        "spend": _dollars(sums["total_spend"]),
        "models": [
            {
                "name": name,
                "requests": model["requests"],
                "tokens": model["tokens"],
                "spend": _dollars(model["cost"]),
            }
            for name, model in models
        ],
    }
    return _send(owner, Notification.Kind.USAGE_REPORT, details)


def _send(
    owner: Principal, kind: Notification.Kind, details: dict[str, object]
) -> list[Notification]:
    cause = f"{kind}:{timezone.now().astimezone(UTC):%Y-%m-%dT%H:%M}"
    notify([Notice(owner.user_id, kind, cause, details)])
    sent = list(Notification.objects.owned_by(owner).filter(cause=cause).order_by("id"))
    if not sent:
        raise NoChannelError
    return sent


def _dollars(amount: float) -> str:
    return f"{amount:.2f}"
