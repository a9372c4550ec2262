"""The WSGI entry that granian serves."""

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from typing import Any

from gatewayz.web.runtime_dir import runtime_dir

# Set before the imports below, some of which read these.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatewayz.settings")
# The many threads of a web process share a pool. See DATABASE_POOL_SIZE in the settings.
os.environ.setdefault("DATABASE_POOL_SIZE", "16")
# The processes of one server share a folder for metrics, named after their common parent.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(runtime_dir() / f"metrics-{os.getppid()}"))

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

from gatewayz.middleware.whole_bodies import note_missing_body
from gatewayz.request.long_bodies import SMALL_BODY_BYTES, UPLOAD
from gatewayz.streaming.long_answers import LongAnswer, is_long
from gatewayz.streaming.uploads import Upload
from gatewayz.web import draining
from gatewayz.web.silent_connections import waiting_for_body

_django = get_wsgi_application()
# Has all views imported now, and not by the first request.
resolve("/healthz")

# Objects that exist by now live until the process ends, so the garbage collector can ignore them.
# Requests rarely create reference cycles, so it can also run less often than every few requests.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Receive a small body, then call Django.

    A slow upload occupies a thread (cheap), but no slot of `gatewayz.middleware.load_shedding`; a
    client that stops sending is cut off. Receiving the body here also lets Django read chunked
    bodies, which have no Content-Length. An incomplete body is recorded as such. Longer bodies are
    left to `gatewayz.streaming.uploads`.
    """
    if draining.has_begun():
        start_response = partial(_start_last_response, start_response)
    upload = _upload(environ)
    began = time.monotonic()
    if upload is None:
        return _answer(environ, start_response, began)
    environ[UPLOAD] = upload
    try:
        return _ResponseToUpload(_answer(environ, start_response, began), upload)
    finally:
        upload.release()


def _answer(
    environ: dict[str, Any], start_response: Callable[..., Any], began: float
) -> Iterable[bytes]:
    """Call Django. A long answer is sent at the pace at which its client reads."""
    response = _django(environ, start_response)
    return LongAnswer(response, began) if is_long(response) else response


def _upload(environ: dict[str, Any]) -> Upload | None:
    """Return a long body, unread; None after reading a small one."""
    declared = environ.get("CONTENT_LENGTH")
    if declared is not None:
        length = int(declared)
        if length > SMALL_BODY_BYTES:
            return Upload(environ, b"", length)
    elif "HTTP_TRANSFER_ENCODING" in environ:
        length = SMALL_BODY_BYTES + 1
    else:
        length = 0
    body = b""
    if length:
        with waiting_for_body():
            body = environ["wsgi.input"].read(length)
    if len(body) > SMALL_BODY_BYTES:
        return Upload(environ, body, None)
    note_missing_body(environ, len(body))
    if length:
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = BytesIO(body)
    return None


class _ResponseToUpload:
    """A response after which the rest of the request body is received and discarded."""

    def __init__(self, response: Any, upload: Upload) -> None:
        self._response = response
        self._upload = upload

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        self._response.close()
        # A streaming response is not yet sent completely; discarding would delay its end.
        if not self._response.streaming:
            self._upload.discard()


def _start_last_response(
    start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]], *rest: Any
) -> Any:
    """Start a response that tells the client that the server will close the connection."""
    return start_response(status, [*headers, ("Connection", "close")], *rest)
