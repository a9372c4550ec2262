"""GET /v1/schema: the OpenAPI description of the API."""

from functools import cache
from threading import Lock

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

_lock = Lock()


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI 3.1 document. Each process generates it once, in about half a second."""
    with _lock:
        text = _schema()
    return HttpResponse(text, content_type=OpenApiJsonRenderer.media_type)


@cache
def _schema() -> bytes:
    described = SchemaGenerator().get_schema(public=True)
    text: bytes = OpenApiJsonRenderer().render(described)
    return text
