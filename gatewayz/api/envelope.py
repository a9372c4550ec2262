"""The shape of every successful answer."""

from http import HTTPStatus
from typing import Any

from gatewayz.api.bodies import JSONResponse


def success(
    data: Any, *, message: str | None = None, status: int = HTTPStatus.OK, **top: Any
) -> JSONResponse:
    """`{"success": true, "data": …}` with `message` and, beside them, what `top` names."""
    body = {"success": True, "data": data, **top}
    if message is not None:
        body["message"] = message
    return JSONResponse(body, status)
