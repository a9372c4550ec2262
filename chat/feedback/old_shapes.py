"""Feedback statistics as clients of the old service expect them. See gatewayz.api.old_shapes."""

from typing import Any


def statistics(data: dict[str, Any]) -> dict[str, Any]:
    """The statistics by their old names, overall and by model."""
    by_model = {
        model: {**figures, "total": figures["total_feedback"]}
        for model, figures in data["by_model"].items()
    }
    stats = {**data, "by_model": by_model, "period_days": data["days"]}
    return {"stats": stats, "period_days": data["days"]}
