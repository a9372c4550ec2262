"""Pages of the activity log, found through the daily totals."""

from datetime import date

from accounts.models import ActivityDay, ActivityEvent
from accounts.principals.principal import Principal


def page_of_log(
    owner: Principal,
    *,
    first: date | None,
    last: date | None,
    names: dict[str, str],
    limit: int,
    offset: int,
) -> tuple[list[ActivityEvent], int]:
    """Return one page of the events of `owner`, newest first, and the total count.

    The page has `limit` events after skipping `offset`. `first` and `last` are days (UTC), both
    included; None leaves that end open. `names` are the model and provider that events must have.
    Two statements: the daily totals say how many events there are and on which days the page lies,
    so that only those days are read, however far back the page is.
    """
    days = ActivityDay.objects.owned_by(owner).in_days(first, last).filter(**names)
    total, newer, days_of_page = 0, 0, []
    for day, events in days.logged_per_day():
        if total <= offset:
            newer = total
        if total < offset + limit and total + events > offset:
            days_of_page.append(day)
        total += events
    if not days_of_page:
        return [], total
    found = (
        ActivityEvent.objects.owned_by(owner)
        .in_days(days_of_page[-1], days_of_page[0])
        .filter(**names)
        .newest_first()
    )
    return list(found[offset - newer : offset - newer + limit]), total
