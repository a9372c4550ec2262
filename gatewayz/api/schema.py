"""GET /v1/schema: the description of the API, the same for as long as the process lives."""

from functools import cache
from threading import Lock

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

_lock = Lock()


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1. Making it takes a good part of a second, so it is made once."""
    with _lock:
        text = _schema()
    return HttpResponse(text, content_type=OpenApiJsonRenderer.media_type)


@cache
def _schema() -> bytes:
    described = SchemaGenerator().get_schema(public=True)
    text: bytes = OpenApiJsonRenderer().render(described)
    return text
