"""Fields that clients of the old service expect in referrals. See gatewayz.api.old_shapes."""

from typing import Any

from gatewayz.api.old_shapes import OldShape


def statistics(invite_link: str, total_earned: float) -> OldShape:
    """The statistics, flat, with the link and what was earned in US dollars."""

    def shape(data: dict[str, Any]) -> dict[str, Any]:
        return {
            **data,
            "invite_link": invite_link,
            "total_earned": total_earned,
            "current_balance": data["balance"],
        }

    return shape


def flat(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of `data` at the top."""
    return data
