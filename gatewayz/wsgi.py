"""The WSGI entry that granian serves."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from gatewayz import draining
from gatewayz.embedded.processes import runtime_dir

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatewayz.settings")
# A web process runs many threads: they share a pool. See DATABASE_POOL_SIZE in the settings.
os.environ.setdefault("DATABASE_POOL_SIZE", "16")
# The processes of one server share a folder for their metrics, and have their parent in common.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(runtime_dir() / f"metrics-{os.getppid()}"))

_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, and before it what it cannot read: a chunked body, which has no Content-Length.

    At most one byte more than MAX_BODY_BYTES is read, enough for the answer that it is too large.
    """
    if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" in environ:
        body = environ["wsgi.input"].read(settings.MAX_BODY_BYTES + 1)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = BytesIO(body)
    if draining.has_begun():
        start_response = partial(_start_last_response, start_response)
    return _django(environ, start_response)


def _start_last_response(
    start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]], *rest: Any
) -> Any:
    """Start a response after which the server closes the connection, as its client is told."""
    return start_response(status, [*headers, ("Connection", "close")], *rest)
