"""Days as the service counts them."""

from datetime import UTC, date, datetime


def today() -> date:
    """Today in UTC; asked for in each test, because a run of all of them may go past midnight."""
    return datetime.now(UTC).date()
