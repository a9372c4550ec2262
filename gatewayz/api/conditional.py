"""Answers clients that already have what they ask for, without reading it again."""

from hashlib import sha256

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags


def etag_of(*version: object) -> str:
    """The ETag of an answer that is the same as long as `version` and the release are."""
    parts = msgspec.msgpack.encode((settings.GATEWAYZ_VERSION, *version))
    return f'"{sha256(parts).hexdigest()[:32]}"'


def not_modified(request: HttpRequest, etag: str) -> HttpResponse | None:
    """The 304 for a client that has the answer with `etag`, or None.

    Other conditions are for ConditionalGetMiddleware, which sees the whole answer.
    """
    if "HTTP_IF_NONE_MATCH" not in request.META or "HTTP_IF_MATCH" in request.META:
        return None
    known = parse_etags(request.META["HTTP_IF_NONE_MATCH"])
    if "*" not in known and etag not in {one.removeprefix("W/") for one in known}:
        return None
    return HttpResponseNotModified(headers={"ETag": etag})
