"""The WSGI entry that granian serves."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from typing import Any

from gatewayz.web.runtime_dir import runtime_dir

# Before the imports below, of which some look at it.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatewayz.settings")
# A web process runs many threads: they share a pool. See DATABASE_POOL_SIZE in the settings.
os.environ.setdefault("DATABASE_POOL_SIZE", "16")
# The processes of one server share a folder for their metrics, and have their parent in common.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(runtime_dir() / f"metrics-{os.getppid()}"))

from django.core.wsgi import get_wsgi_application

from gatewayz.middleware.whole_bodies import note_missing_body
from gatewayz.request.long_bodies import SMALL_BODY_BYTES, UPLOAD
from gatewayz.streaming.uploads import Upload
from gatewayz.web import draining
from gatewayz.web.silent_connections import waiting_for_body

_django = get_wsgi_application()

# What is loaded by now stays until the process ends, and what a request makes seldom holds itself:
# the garbage collector need not look at the one at all, nor at the other every few requests.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, with the body read before it, if it is a small one.

    Who sends it slowly so keeps a thread, of which there are many, and none of the turns at the
    database that `gatewayz.middleware.load_shedding` gives; who sends no more is cut off. And
    Django could not read a chunked body, which has no Content-Length. A body that is not all there
    is noted as such. Of a longer one see `gatewayz.streaming.uploads`.
    """
    if draining.has_begun():
        start_response = partial(_start_last_response, start_response)
    upload = _upload(environ)
    if upload is None:
        return _django(environ, start_response)
    environ[UPLOAD] = upload
    try:
        return _Answer(_django(environ, start_response), upload)
    finally:
        upload.release()


def _upload(environ: dict[str, Any]) -> Upload | None:
    """The body, if it is longer than a small one, which is read."""
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


class _Answer:
    """An answer after which the rest of its request is read."""

    def __init__(self, response: Any, upload: Upload) -> None:
        self._response = response
        self._upload = upload

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        self._response.close()
        # The end of a stream is only sent after this.
        if not self._response.streaming:
            self._upload.discard()


def _start_last_response(
    start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]], *rest: Any
) -> Any:
    """Start a response after which the server closes the connection, as its client is told."""
    return start_response(status, [*headers, ("Connection", "close")], *rest)
