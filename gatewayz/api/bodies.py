"""JSON bodies: requests bounded in size, values and depth, and answers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType

from gatewayz.request.long_bodies import UPLOAD

MEDIA_TYPE = "application/json"

# What a body may hold in all, far above the largest import: 10 MB of `{},` would take 300 MB.
MAX_VALUES = 250_000

# How deep it may be nested, far below where Python's recursion ends.
MAX_DEPTH = 100


class PayloadTooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "payload_too_large"


def read_json(request: HttpRequest, max_bytes: int) -> Any:
    """What the body of `request` holds, of at most `max_bytes`, MAX_VALUES and MAX_DEPTH.

    Strict as RFC 8259: no NaN, no invalid UTF-8. No body at all is an empty object.

    Raises UnsupportedMediaType (415) when it is not JSON; PayloadTooLarge (413), before the body
    is parsed; ParseError (400); and what `gatewayz.streaming.uploads` raises for a long body.
    """
    upload = request.META.get(UPLOAD)
    declared = request.META.get("CONTENT_LENGTH") or "0"
    length = int(declared) if declared.isdecimal() else 0
    if not length and upload is None:
        return {}
    given_type = request.META.get("CONTENT_TYPE", "")
    if given_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise UnsupportedMediaType(given_type)
    if length > max_bytes:
        raise PayloadTooLarge
    # One byte more than allowed tells a body that is too long, declared or not.
    body = (request if upload is None else upload).read(max_bytes + 1)
    if len(body) > max_bytes:
        raise PayloadTooLarge
    if _holds_too_many_values(body):
        raise PayloadTooLarge(f"The request body holds more than {MAX_VALUES:,} values.")
    try:
        parsed = msgspec.json.decode(body)
    except RecursionError as exc:
        raise _nested_too_deep() from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ParseError("The request body is not valid JSON.", code="malformed_json") from exc
    # Most bodies have fewer brackets than they may have levels.
    if _brackets(body) > MAX_DEPTH and _is_deeper_than_allowed(parsed):
        raise _nested_too_deep()
    return parsed


def _holds_too_many_values(json: bytes) -> bool:
    """Whether there are more than MAX_VALUES. Each step reads forward only, and once."""
    if _separators(json) <= MAX_VALUES:
        return False
    unescaped = json.replace(b"\\\\", b"").replace(b'\\"', b"")
    # A value and its name have four quotes at most. This also bounds the list that follows.
    if unescaped.count(b'"') > 4 * (MAX_VALUES + 1):
        return True
    # In strings, commas and brackets are text.
    outside_strings = unescaped.split(b'"')[::2]
    return _separators(b"".join(outside_strings)) > MAX_VALUES


def _brackets(json: bytes) -> int:
    return json.count(b"[") + json.count(b"{")


def _separators(json: bytes) -> int:
    """As many as there are values at least, but for the first in each list or object."""
    return json.count(b",") + _brackets(json)


def _is_deeper_than_allowed(parsed: Any) -> bool:
    # Level by level and not by recursion, which depth would break.
    level, depth = [parsed], 0
    while level and depth < MAX_DEPTH:
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level, depth = [value for value in inner if isinstance(value, (dict, list))], depth + 1
    return bool(level)


def _nested_too_deep() -> ParseError:
    return ParseError(
        f"The request body may be nested {MAX_DEPTH} levels deep at most.", code="malformed_json"
    )


def _plain(value: Any) -> str:
    # DRF's messages know their codes, Django's wait for a language.
    if isinstance(value, (str, Promise)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


encode = msgspec.json.Encoder(enc_hook=_plain).encode


class JSONResponse(HttpResponse):
    """An answer in JSON: times as ISO 8601, decimals and UUIDs as strings, no NaN.

    JSON is UTF-8; its media type has no parameter that says so (RFC 8259).
    """

    def __init__(
        self,
        body: Any,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
        content_type: str = MEDIA_TYPE,
    ) -> None:
        super().__init__(encode(body), content_type, status, headers=headers)
