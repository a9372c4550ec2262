"""The shape of every successful answer."""

from http import HTTPStatus
from typing import Any

from rest_framework.response import Response


def success(
    data: Any, *, message: str | None = None, status: int = HTTPStatus.OK, **top: Any
) -> Response:
    """`{"success": true, "data": …}` with `message` and, beside them, what `top` names."""
    body = {"success": True, "data": data, **top}
    if message is not None:
        body["message"] = message
    return Response(body, status=status)
