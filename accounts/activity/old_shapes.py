"""Fields that clients of the old service expect in activity. See gatewayz.api.old_shapes."""

from typing import Any

from gatewayz.api.old_shapes import OldShape, status


def statistics(sums: dict[str, Any]) -> dict[str, Any]:
    """Totals, where spend is also cost, and averages."""
    requests, tokens, cost = sums["total_requests"], sums["total_tokens"], sums["total_spend"]
    return {
        **status(),
        **sums,
        "total_cost": cost,
        "by_date": [
            {
                "date": day["date"],
                "requests": day["requests"],
                "tokens": day["tokens"],
                "cost": day["spend"],
            }
            for day in sums["daily_stats"]
        ],
        "avg_cost_per_request": cost / requests if requests else 0.0,
        "avg_cost_per_token": cost / tokens if tokens else 0.0,
        "avg_tokens_per_request": round(tokens / requests, 2) if requests else 0.0,
    }


def log(*, total: int, page: int, limit: int, offset: int) -> OldShape:
    """A page of the log and where it lies."""

    def shape(logs: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            **status(),
            "logs": logs,
            "total": total,
            "page": page,
            "limit": limit,
            "has_more": offset + limit < total,
        }

    return shape
