"""JSON bodies: requests bounded in size, values and depth, and answers."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any

import msgspec
from django.conf import settings
from django.utils.functional import Promise
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

# What a body may hold in all, far above the largest import: 10 MB of `{},` would take 300 MB.
MAX_VALUES = 250_000

# How deep it may be nested, far below where Python's recursion ends.
MAX_DEPTH = 100

# In strings, commas and brackets are text.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


class PayloadTooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "payload_too_large"


class JSONBodyParser(BaseParser):
    """Parse a JSON request body of at most MAX_BODY_BYTES, MAX_VALUES and MAX_DEPTH.

    Strict as RFC 8259: no NaN, no invalid UTF-8. Raises PayloadTooLarge (413), before anything
    is made of the body, or ParseError (400).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        declared = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or "0"
        if int(declared) > settings.MAX_BODY_BYTES:
            raise PayloadTooLarge
        # One byte more than allowed tells a body that is too long, declared or not.
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise PayloadTooLarge
        if _separators(body) > MAX_VALUES and _separators(_STRING.sub(b"", body)) > MAX_VALUES:
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


class JSONBodyRenderer(BaseRenderer):
    """Answers in JSON: times as ISO 8601, decimals and UUIDs as strings, no NaN."""

    media_type = "application/json"
    format = "json"
    # JSON is UTF-8; the media type has no such parameter (RFC 8259).
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return encode(data)
