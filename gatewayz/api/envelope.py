"""The envelope of every successful response."""

from http import HTTPStatus
from typing import Any

from django.conf import settings

from gatewayz.api.bodies import JSONResponse
from gatewayz.api.old_shapes import OldShape
from gatewayz.request.context import ignored_fields


def success(
    data: Any,
    *,
    message: str | None = None,
    status: int = HTTPStatus.OK,
    old: OldShape | None = None,
    etag: str | None = None,
    **top: Any,
) -> JSONResponse:
    """Return `{"success": true, "data": …}` with `message` and the fields of `top` added.

    Unless OLD_SHAPES is off, the fields that `old` makes of `data` are added too.
    The `etag` is one that `gatewayz.api.conditional` made; without it, the middleware makes one.
    """
    body = with_ignored_fields({"success": True, "data": data, **top})
    if message is not None:
        body["message"] = message
    if old is not None and settings.OLD_SHAPES:
        body.update(old(data))
    return JSONResponse(body, status, headers={"ETag": etag} if etag else None)


def with_ignored_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with `ignored_fields`: names in the body of the request that had no effect."""
    ignored = ignored_fields()
    return {**body, "ignored_fields": ignored} if ignored else body
