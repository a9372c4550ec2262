"""The WSGI entry that granian serves."""

import gc
import os
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from gatewayz.middleware.whole_bodies import note_missing_body
from gatewayz.web import draining
from gatewayz.web.runtime_dir import runtime_dir
from gatewayz.web.silent_connections import waiting_for_body

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatewayz.settings")
# A web process runs many threads: they share a pool. See DATABASE_POOL_SIZE in the settings.
os.environ.setdefault("DATABASE_POOL_SIZE", "16")
# The processes of one server share a folder for their metrics, and have their parent in common.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(runtime_dir() / f"metrics-{os.getppid()}"))

_django = get_wsgi_application()

# What is loaded by now stays until the process ends, and what a request makes seldom holds itself:
# the garbage collector need not look at the one at all, nor at the other every few requests.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, with the body read before it.

    Who sends a body slowly so keeps a thread, of which there are many, and none of the turns at
    the database that `gatewayz.middleware.load_shedding` gives; who sends no more is cut off. And
    Django could not read a chunked body, which has no Content-Length. One that is declared to be
    too large is not read at all; of the others at most one byte more than MAX_BODY_BYTES, enough
    to tell that it is too large. One that is not all there is noted as such.
    """
    declared = environ.get("CONTENT_LENGTH")
    if declared is None and "HTTP_TRANSFER_ENCODING" in environ:
        _read_body(environ, settings.MAX_BODY_BYTES + 1)
    elif declared and int(declared) <= settings.MAX_BODY_BYTES:
        _read_body(environ, int(declared))
    elif declared is None:
        note_missing_body(environ, 0)
    if draining.has_begun():
        start_response = partial(_start_last_response, start_response)
    return _django(environ, start_response)


def _read_body(environ: dict[str, Any], length: int) -> None:
    with waiting_for_body():
        body = environ["wsgi.input"].read(length)
    note_missing_body(environ, len(body))
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)


def _start_last_response(
    start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]], *rest: Any
) -> Any:
    """Start a response after which the server closes the connection, as its client is told."""
    return start_response(status, [*headers, ("Connection", "close")], *rest)
