"""JSON bodies: requests bounded in size, and answers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any

import msgspec
from django.conf import settings
from django.utils.functional import Promise
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer


class PayloadTooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "payload_too_large"


class JSONBodyParser(BaseParser):
    """Parse a JSON request body of at most MAX_BODY_BYTES.

    Strict as RFC 8259: no NaN, no invalid UTF-8. Raises PayloadTooLarge (413) or ParseError
    (400).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        # One byte more than allowed tells a body that is too long, declared or not.
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise PayloadTooLarge
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise ParseError("The request body is not valid JSON.", code="malformed_json") from exc


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
