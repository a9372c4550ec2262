"""The newest requests answered with 401, 403 or 429, for operators who are asked why.

Kept in Redis: at most KEPT_REQUESTS, none longer than KEPT_DAYS. A background thread writes them,
so that a flood of them costs requests nothing; some are then left out.
"""

import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from accounts.principals import key_format
from gatewayz.request.client_address import client_address
from gatewayz.request.context import current_request_id, current_user_id
from gatewayz.threads.background import BackgroundThread

logger = logging.getLogger(__name__)

REJECTED = frozenset({401, 403, 429})
KEPT_REQUESTS = 10_000
KEPT_DAYS = 7
MAX_PATH = 200

# A mask as pages show it, with three dots for the ellipsis too.
_MASK = re.compile(r"^(gw_\w+)(?:…|\.{2,})(\w+)$")

writer = BackgroundThread("rejected requests")


class RejectedRequest(msgspec.Struct, frozen=True):
    """A request that was answered with 401, 403 or 429.

    `user_id` is None and `key` empty when the request had no key that exists, or no key.
    """

    at: float
    request_id: str
    status: int
    code: str
    method: str
    path: str
    address: str
    user_id: int | None
    key: str

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def keep_rejected(request: HttpRequest, response: HttpResponse) -> None:
    """Keep, in the background, that `request` was answered with one of REJECTED."""
    kept = RejectedRequest(
        at=time.time(),
        request_id=current_request_id()[:128],
        status=response.status_code,
        code="",
        method=request.method or "",
        path=request.path_info[:MAX_PATH],
        address=client_address(request),
        user_id=current_user_id(),
        key=_mask_of(request.META.get("HTTP_AUTHORIZATION", "")),
    )
    writer.submit(f"{kept.at} {kept.request_id}", partial(_write, kept, response.content))


def _mask_of(header: str) -> str:
    key = header.partition(" ")[2].strip()
    return key_format.mask(*key_format.shown_parts(key)) if key_format.is_well_formed(key) else ""


def _write(kept: RejectedRequest, body: bytes) -> None:
    try:
        problem: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        problem = {}
    code = problem.get("code", "") if isinstance(problem, dict) else ""
    member = msgspec.json.encode(msgspec.structs.replace(kept, code=str(code)))
    name = _name()
    try:
        pipeline = get_redis_connection("default").pipeline(transaction=False)
        pipeline.zadd(name, {member: kept.at})
        pipeline.zremrangebyscore(name, 0, kept.at - KEPT_DAYS * 86_400)
        pipeline.zremrangebyrank(name, 0, -KEPT_REQUESTS - 1)
        pipeline.expire(name, KEPT_DAYS * 86_400)
        pipeline.execute()
    except RedisError as error:
        logger.warning("Could not keep a rejected request: %s", error)


def rejected_requests() -> Iterator[RejectedRequest]:
    """Yield the requests that are kept, newest first, in one round trip.

    Raises redis.exceptions.RedisError.
    """
    since = time.time() - KEPT_DAYS * 86_400
    for member in get_redis_connection("default").zrevrangebyscore(_name(), "+inf", since):
        yield msgspec.json.decode(member, type=RejectedRequest)


def split_mask(term: str) -> tuple[str, str] | None:
    """Return the beginning and the end of a masked key, or None when `term` is not one."""
    found = _MASK.match(term)
    return (found[1], found[2]) if found else None


def _name() -> str:
    return f"{settings.REDIS_KEY_PREFIX}:{{rejected}}:requests"
