"""The start page of the admin: the health of the service in gauges and charts."""

from typing import Any

from django.http import HttpRequest

from accounts.admin import start_page as accounts_page
from chat.daily_counts import COUNTED_DAYS, counted_days
from chat.search.index import is_outdated
from gatewayz.admin_site.charts import BarChart, bar_chart
from gatewayz.database.indexes import index_states
from gatewayz.telemetry.metrics.recent import WINDOWS


def start_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what `gatewayz/admin_start_page.html` shows to `context`; called by unfold.

    A handful of statements, each of which reads a bounded number of rows.
    """
    asked = request.GET.get("window")
    window = next((one for one in WINDOWS if one.name == asked), WINDOWS[0])
    gauges, trends = accounts_page.latencies(window)
    # The documented ones, and others that need work.
    indexes = [one for one in index_states() if one.is_documented or one.status != "ok"]
    may_see_keys = request.user.has_perm("accounts.view_apikey")
    return {
        **context,
        "gauges": [*gauges, accounts_page.queue()],
        "windows": WINDOWS,
        "window": window,
        "charts": [*trends, *_per_day(), accounts_page.denied_keys()],
        "indexes": indexes,
        "most_scans": max((state.scans or 0 for state in indexes), default=0),
        "faulty_indexes": sum(state.status != "ok" for state in indexes),
        "is_search_outdated": is_outdated(),
        "limited": accounts_page.limited_keys() if may_see_keys else None,
        "may_see_keys": may_see_keys,
    }


def _per_day() -> list[BarChart]:
    days = counted_days()
    note = f"The last {COUNTED_DAYS} days (UTC), counted every ten minutes"
    return [
        bar_chart("Sessions per day", [(f"{day}", float(n)) for day, n, _ in days], note=note),
        bar_chart("Messages per day", [(f"{day}", float(n)) for day, _, n in days], note=note),
    ]
