"""Decisions of the rate limits, and how a client sees them."""

from http import HTTPStatus
from typing import NamedTuple

from rest_framework.exceptions import APIException

_PLAN = "This account has reached its plan's limit of"
_KEY = "This API key has reached its limit of"

# By the limit's number in `accounts.limits.scripts`: the code and the parts of the message.
_LIMITS = {
    1: ("plan_requests_per_minute", _PLAN, "requests a minute"),
    2: ("plan_requests_per_hour", _PLAN, "requests an hour"),
    3: ("plan_daily_requests", _PLAN, "requests a day"),
    4: ("plan_monthly_requests", _PLAN, "requests a month"),
    5: ("plan_tokens_per_minute", _PLAN, "tokens a minute"),
    6: ("plan_tokens_per_hour", _PLAN, "tokens an hour"),
    7: ("plan_daily_tokens", _PLAN, "tokens a day"),
    8: ("plan_monthly_tokens", _PLAN, "tokens a month"),
    9: ("plan_concurrent_requests", _PLAN, "concurrent requests"),
    10: ("requests_per_minute", _KEY, "requests a minute"),
    11: ("requests_per_hour", _KEY, "requests an hour"),
    12: ("requests_per_day", _KEY, "requests a day"),
    14: ("tokens_per_minute", _KEY, "tokens a minute"),
    15: ("tokens_per_hour", _KEY, "tokens an hour"),
    16: ("tokens_per_day", _KEY, "tokens a day"),
    18: ("concurrent_requests", _KEY, "concurrent requests"),
    19: ("max_requests", _KEY, "total requests"),
}


class Decision(NamedTuple):
    """Whether to admit a request: `code` is None or names the limit that rejects it.

    `limit`, `remaining` and `reset_seconds` are those of the limit that rejects the request, or
    else of the one closest to its end. `reset_seconds` is the time until `remaining` grows, or
    until a rejected request may pass. `limit` is 0 when nothing is limited.
    """

    code: str | None
    limit: int
    remaining: int
    reset_seconds: int
    detail: str = ""

    @property
    def allowed(self) -> bool:
        return self.code is None

    def headers(self) -> dict[str, str]:
        """Return `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`; empty without a
        limit.

        As in draft-ietf-httpapi-ratelimit-headers-06, which clients know; later drafts combine
        them in one field.
        """
        if not self.limit:
            return {}
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


UNLIMITED = Decision(None, 0, 0, 0)


def read_decision(answer: list[int]) -> Decision:
    """Convert the result of the script ADMIT to a decision."""
    number, limit, remaining, reset_ms = answer
    reset_seconds = -(-reset_ms // 1000)
    if not number:
        return Decision(None, limit, remaining, reset_seconds)
    code, who, what = _LIMITS[number]
    return Decision(code, limit, remaining, reset_seconds, f"{who} {what}: {limit:,}.")


class LimitExceeded(APIException):
    """429, with the code of the limit and `Retry-After`."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.detail, code=decision.code)
        self.wait = max(1, decision.reset_seconds)
        self.headers = decision.headers()
