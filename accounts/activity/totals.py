"""Activity of a user over a period, in total and by day, model and provider."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.principals.principal import Principal

# Clients choose model names freely, so there may be any number of them.
MAX_NAMES = 100

UNNAMED = "unknown"
OTHERS = "other"

_DAILY = """
    SELECT day, model, provider, requests, tokens, spend FROM activity_daily
    WHERE user_id = %(user_id)s AND day BETWEEN %(first)s AND %(last)s
"""

# Days of another time zone are not made of whole UTC days, so they are counted from the log.
_LOGGED = """
    SELECT
        (timestamp AT TIME ZONE %(zone)s)::date AS day, model, provider, 1 AS requests, tokens,
        cost AS spend
    FROM activity_log
    WHERE user_id = %(user_id)s
        AND timestamp >= %(first)s::date::timestamp AT TIME ZONE %(zone)s
        AND timestamp < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
"""

# One pass over the user's rows. The bits of `level` say which columns are not grouped by.
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
    FROM ({source}) AS source
    GROUP BY GROUPING SETS ((), (day), (model), (provider))
) AS sums
WHERE level IN (7, 3) OR place <= %(names)s
ORDER BY level, day, place
"""
_TOTAL, _BY_DAY, _BY_MODEL, _BY_PROVIDER = 0b111, 0b011, 0b101, 0b110


def activity_totals(
    owner: Principal, first: date, last: date, zone: ZoneInfo | None = None
) -> dict[str, Any]:
    """Return the activity statistics of `owner` for a period, by the contract's names.

    `first` and `last` are days of `zone`, both included. One statement. Without a zone, days are
    those of UTC and come from the daily totals, so a year is a few hundred rows. With one, they
    are counted from the log, as far back as ACTIVITY_RETENTION_DAYS keeps it. Models and providers
    beyond the MAX_NAMES most used count as "other", unnamed ones as "unknown". Spend and cost are
    in US dollars.

    Raises django.db.DataError when the database does not know `zone`.
    """
    levels = _sums_by_level(owner, first, last, zone)
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


def _sums_by_level(
    owner: Principal, first: date, last: date, zone: ZoneInfo | None
) -> dict[int, dict[Any, _Sums]]:
    """Return, for each level of grouping, the sums by day, model or provider."""
    levels: dict[int, dict[Any, _Sums]] = {
        level: {} for level in (_TOTAL, _BY_DAY, _BY_MODEL, _BY_PROVIDER)
    }
    parameters: dict[str, Any] = {
        "user_id": owner.user_id,
        "first": first,
        "last": last,
        "zone": zone and zone.key,
        "names": MAX_NAMES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(source=_LOGGED if zone else _DAILY), parameters)
        rows = cursor.fetchall()
    for level, day, model, provider, requests, tokens, spend in rows:
        name = day or model or provider or UNNAMED
        # With no rows, the total is one row of NULLs.
        levels[level][name] = _Sums(requests or 0, tokens or 0, spend or Decimal(0))
    return levels


def _with_others(named: dict[str, _Sums], total: _Sums) -> dict[str, dict[str, Any]]:
    """Return the sums by name, and under OTHERS what is missing to the total."""
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
