"""The envelope of every successful response."""

from http import HTTPStatus
from typing import Any

from gatewayz.api.bodies import JSONResponse


def success(
    data: Any, *, message: str | None = None, status: int = HTTPStatus.OK, **top: Any
) -> JSONResponse:
    """Return `{"success": true, "data": …}` with `message` and the fields of `top` added."""
    body = {"success": True, "data": data, **top}
    if message is not None:
        body["message"] = message
    return JSONResponse(body, status)
