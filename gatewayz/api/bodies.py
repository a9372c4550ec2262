"""Reads JSON request bodies, bounded in size, values and depth, and writes JSON responses."""

import re
from collections.abc import Mapping, Set
from http import HTTPStatus
from math import isinf
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType

from gatewayz.request.long_bodies import UPLOAD

MEDIA_TYPE = "application/json"

# The most values in a body, far above the largest import: 10 MB of `{},` would take 300 MB.
MAX_VALUES = 250_000

# The deepest nesting of a body, far below Python's recursion limit.
MAX_DEPTH = 100


class PayloadTooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "payload_too_large"


class IncompleteBody(APIException):
    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "The request body ended before it was complete."
    default_code = "incomplete_body"


class NestedTooDeepError(ParseError):
    """400: the JSON is nested more than `max_depth` levels deep."""

    def __init__(self, max_depth: int) -> None:
        super().__init__(
            f"The request body may be nested {max_depth} levels deep at most.",
            code="malformed_json",
        )


class GivenNumber(float):
    """A number that a float spells in another way, such as 1.10. It is encoded as it was given."""

    __slots__ = ("text",)
    text: str


class HugeNumber:
    """A number that no float can hold, such as 1e400. It is encoded as it was given.

    It is not a float, so that fields for numbers and text reject it.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


# The decoder is given this instead of -0, which it would turn into an integer without a sign.
_MINUS_ZERO = "-0E-000"


def _number(text: str) -> float | HugeNumber:
    if text == _MINUS_ZERO:
        text = "-0"
    number = float(text)
    if isinf(number):
        return HugeNumber(text)
    if msgspec.json.encode(number) == text.encode():
        return number
    given = GivenNumber(number)
    given.text = text
    return given


_HALF_PAIR = re.compile(
    rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL
)

_decode = msgspec.json.Decoder(float_hook=_number).decode
_MAYBE_MINUS_ZERO = re.compile(rb"-0(?![0-9.eE])")
# Strings first, because what is in them is not a number.
_STRING_OR_MINUS_ZERO = re.compile(
    rb'"(?:[^"\\]++|\\.)*+"?|' + _MAYBE_MINUS_ZERO.pattern, re.DOTALL
)


def decode(json: bytes) -> Any:
    """Parse JSON, strictly by RFC 8259: no NaN, no invalid UTF-8. Numbers keep their spelling.

    Raises msgspec.DecodeError, UnicodeDecodeError and RecursionError.
    """
    # Both tests are quick; few texts pass them.
    if b"-0" in json and _MAYBE_MINUS_ZERO.search(json):
        marked = _MINUS_ZERO.encode()
        json = _STRING_OR_MINUS_ZERO.sub(lambda m: marked if m[0] == b"-0" else m[0], json)
    return _decode(json)


# The values of an object by name, each as its JSON.
decode_values = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_json(request: HttpRequest, max_bytes: int) -> Any:
    """Parse the body of `request`, within `max_bytes`, MAX_VALUES and MAX_DEPTH.

    Strictly by RFC 8259: no NaN, no invalid UTF-8. A missing body counts as an empty object.

    Raises UnsupportedMediaType (415) when it is not JSON; PayloadTooLarge (413), before the body
    is parsed; ParseError (400); and what `gatewayz.streaming.uploads` raises for a long body.
    """
    body = read_body(request, max_bytes, {MEDIA_TYPE})
    return {} if body is None else parse_json(body)


def media_type(request: HttpRequest) -> str:
    """Return the media type of the body, without parameters and in lower case."""
    given: str = request.META.get("CONTENT_TYPE", "")
    return given.partition(";")[0].strip().lower()


def read_body(request: HttpRequest, max_bytes: int, media_types: Set[str]) -> bytes | None:
    """Return the body of `request`, of one of `media_types`; None when there is none.

    Raises UnsupportedMediaType (415), PayloadTooLarge (413), and what `gatewayz.streaming.uploads`
    raises for a long body.
    """
    upload = request.META.get(UPLOAD)
    declared = request.META.get("CONTENT_LENGTH") or "0"
    length = int(declared) if declared.isdecimal() else 0
    if not length and upload is None:
        return None
    if media_type(request) not in media_types:
        raise UnsupportedMediaType(request.META.get("CONTENT_TYPE", ""))
    if length > max_bytes:
        raise PayloadTooLarge
    # Reading one byte more than allowed detects a body that is too long, whatever its headers say.
    body: bytes = (request if upload is None else upload).read(max_bytes + 1)
    if len(body) > max_bytes:
        raise PayloadTooLarge
    return body


def parse_json(body: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """Parse JSON within MAX_VALUES and `max_depth`.

    Raises PayloadTooLarge (413) and ParseError (400).
    """
    if _holds_too_many_values(body):
        raise PayloadTooLarge(f"The request body contains more than {MAX_VALUES:,} values.")
    try:
        parsed = decode(body)
    except RecursionError as exc:
        raise NestedTooDeepError(max_depth) from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ParseError(
            f"The request body is not valid JSON: {_fault(body, exc)}.", code="malformed_json"
        ) from exc
    # Most bodies have too few brackets to be nested too deeply.
    if _brackets(body) > max_depth and _is_deeper_than(max_depth, parsed):
        raise NestedTooDeepError(max_depth)
    return parsed


def _fault(body: bytes, error: Exception) -> str:
    """The error in `body`, for the client's developer."""
    # The decoder would call it truncated.
    if _HALF_PAIR.search(body):
        return "a string has half of a surrogate pair, as when text is cut within an emoji"
    if isinstance(error, UnicodeDecodeError):
        return "a string is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ")


def _holds_too_many_values(json: bytes) -> bool:
    """Whether there are more than MAX_VALUES. Each step takes linear time."""
    if _separators(json) <= MAX_VALUES:
        return False
    unescaped = json.replace(b"\\\\", b"").replace(b'\\"', b"")
    # A value and its name have at most four quotes. This check also bounds the list below.
    if unescaped.count(b'"') > 4 * (MAX_VALUES + 1):
        return True
    # Ignores strings, in which commas and brackets are text.
    outside_strings = unescaped.split(b'"')[::2]
    return _separators(b"".join(outside_strings)) > MAX_VALUES


def _brackets(json: bytes) -> int:
    return json.count(b"[") + json.count(b"{")


def _separators(json: bytes) -> int:
    """Count brackets and commas: at least as many as there are values."""
    return json.count(b",") + _brackets(json)


def _is_deeper_than(max_depth: int, parsed: Any) -> bool:
    # Level by level, because recursion would fail on a deep value.
    level, depth = [parsed], 0
    while level and depth < max_depth:
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level, depth = [value for value in inner if isinstance(value, (dict, list))], depth + 1
    return bool(level)


def _plain(value: Any) -> Any:
    if isinstance(value, (GivenNumber, HugeNumber)):
        return msgspec.Raw(value.text.encode())
    # DRF's messages are subclasses of str; Django's are translated lazily.
    if isinstance(value, (str, Promise)):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


encode = msgspec.json.Encoder(enc_hook=_plain).encode
# The same bytes whatever the order of the names was.
encode_sorted = msgspec.json.Encoder(enc_hook=_plain, order="sorted").encode


class JSONResponse(HttpResponse):
    """A JSON response: times as ISO 8601, decimals and UUIDs as strings, no NaN.

    Its media type has no charset, because JSON is always UTF-8 (RFC 8259).
    """

    def __init__(
        self,
        body: Any,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
        content_type: str = MEDIA_TYPE,
    ) -> None:
        super().__init__(encode(body), content_type, status, headers=headers)
