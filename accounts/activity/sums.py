"""What a user did in a period, added up by day, by model and by provider."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from accounts.principals.principal import Principal

# Clients choose the names of models, so there may be any number of them.
MAX_NAMES = 100

UNNAMED = "unknown"
OTHERS = "other"

# One pass over the user's daily rows. The bits of `level` tell by what a row is not grouped.
_SUMS = """
SELECT level, day, model, provider, requests, tokens, spend
FROM (
    SELECT
        grouping(day, model, provider) AS level, day, model, provider,
        sum(requests)::bigint AS requests, sum(tokens)::bigint AS tokens, sum(spend) AS spend,
        row_number() OVER (
            PARTITION BY grouping(day, model, provider)
            ORDER BY sum(requests) DESC, model, provider
        ) AS place
    FROM activity_daily
    WHERE user_id = %(user_id)s AND day BETWEEN %(first)s AND %(last)s
    GROUP BY GROUPING SETS ((), (day), (model), (provider))
) AS sums
WHERE level IN (7, 3) OR place <= %(names)s
ORDER BY level, day, place
"""
_TOTAL, _BY_DAY, _BY_MODEL, _BY_PROVIDER = 0b111, 0b011, 0b101, 0b110


def sum_activity(owner: Principal, first: date, last: date) -> dict[str, Any]:
    """The contract's activity statistics of `owner`, both days (UTC) included; one statement.

    It reads what is added up per day already, so a year is hundreds of rows. Models and
    providers beyond the MAX_NAMES most used ones count as "other", nameless ones as "unknown".
    Spend and cost are in US dollars.
    """
    parameters: dict[str, int | date] = {
        "user_id": owner.user_id,
        "first": first,
        "last": last,
        "names": MAX_NAMES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, parameters)
        rows = cursor.fetchall()
    levels: dict[int, dict[Any, _Sums]] = {
        _TOTAL: {},
        _BY_DAY: {},
        _BY_MODEL: {},
        _BY_PROVIDER: {},
    }
    for level, day, model, provider, requests, tokens, spend in rows:
        name = day or model or provider or UNNAMED
        # The total of no rows is one row of NULL.
        levels[level][name] = _Sums(requests or 0, tokens or 0, spend or Decimal(0))
    (total,) = levels[_TOTAL].values()
    return {
        "total_requests": total.requests,
        "total_tokens": total.tokens,
        "total_spend": float(total.spend),
        "daily_stats": [
            {
                "date": day.isoformat(),
                "spend": float(sums.spend),
                "tokens": sums.tokens,
                "requests": sums.requests,
            }
            for day, sums in levels[_BY_DAY].items()
        ],
        "by_model": _with_others(levels[_BY_MODEL], total),
        "by_provider": _with_others(levels[_BY_PROVIDER], total),
    }


class _Sums(NamedTuple):
    requests: int
    tokens: int
    spend: Decimal


def _with_others(named: dict[str, _Sums], total: _Sums) -> dict[str, dict[str, Any]]:
    """The sums by name, and under OTHERS what they lack to the total."""
    shown = {name: sums for name, sums in named.items() if name != OTHERS}
    others = _Sums(
        requests=total.requests - sum(sums.requests for sums in shown.values()),
        tokens=total.tokens - sum(sums.tokens for sums in shown.values()),
        spend=total.spend - sum((sums.spend for sums in shown.values()), Decimal(0)),
    )
    if others.requests:
        shown[OTHERS] = others
    return {
        name: {"requests": sums.requests, "tokens": sums.tokens, "cost": float(sums.spend)}
        for name, sums in shown.items()
    }
