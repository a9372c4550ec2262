"""Stands in for the limits until they are there."""

from http import HTTPStatus
from typing import NamedTuple

from django.conf import settings
from django_redis import get_redis_connection
from rest_framework.exceptions import APIException


class Decision(NamedTuple):
    allowed: bool
    reset_seconds: int


class LimitExceeded(APIException):
    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_detail = "Too many attempts. Please wait before the next one."
    default_code = "too_many_attempts"

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        self.wait = decision.reset_seconds


def hit(scope: str, identity: str, *, limit: int, window_seconds: int) -> Decision:
    """Count an attempt."""
    name = f"{settings.REDIS_KEY_PREFIX}:{scope}:{identity}"
    redis = get_redis_connection("default")
    count = redis.incr(name)
    redis.expire(name, window_seconds)
    return Decision(count <= limit, window_seconds)
