"""Answers of any length, which are read from the database as their clients take them.

A download has a thread for as long as it lasts, and of what others need nothing: while a piece is
sent it holds no database connection and no turn of `gatewayz.middleware.load_shedding`. How many
there may be, and how long each may take, is bounded. A client that does not read at all is cut
off by the kernel (TCP_USER_TIMEOUT, see `gatewayz.web`).

A download that fails does not look whole: its connection ends without the last chunk, and what
has been sent lacks the end that its form has.
"""

import logging
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import TypeVar

from django.conf import settings
from django.db.models import Model
from django.http import StreamingHttpResponse
from rest_framework.exceptions import APIException

from gatewayz.database.base import give_back_connections
from gatewayz.middleware.load_shedding import process_gate
from gatewayz.request import deadline
from gatewayz.web.silent_connections import abort_response

logger = logging.getLogger(__name__)

# At the same time, in one process.
MAX_DOWNLOADS = 16
MAX_DOWNLOADS_OF_USER = 2

# What is handed to the server at a time: the thread is back after the client has taken as much.
PIECE_BYTES = 16_384

RETRY_AFTER_SECONDS = 5

Row = TypeVar("Row", bound=Model)


class TooManyDownloads(APIException):
    """429: the user has as many downloads as one user may have at a time."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_detail = "You are downloading as much as you may at a time. Please try again later."
    default_code = "too_many_downloads"
    wait = RETRY_AFTER_SECONDS


class DownloadsBusy(APIException):
    """503: this process has as many downloads as it may have at a time."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "There are too many downloads at the moment. Please try again."
    default_code = "downloads_busy"
    wait = RETRY_AFTER_SECONDS


class DownloadTimeoutError(Exception):
    """A download was not done after DOWNLOAD_SECONDS."""


class Download(StreamingHttpResponse):
    """The pieces of `pieces`, as a file called `filename`, to the user with the id `user_id`.

    Raises TooManyDownloads or DownloadsBusy.
    """

    def __init__(
        self, user_id: int, pieces: Iterator[bytes], *, filename: str, content_type: str
    ) -> None:
        leave = _downloads.enter(user_id)
        # The server closes it, unless it never gets that far.
        weakref.finalize(self, leave)
        super().__init__(
            _sent(pieces, deadline.began_at()),
            content_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        )
        self._resource_closers.append(leave)  # type: ignore[attr-defined]


class _Downloads:
    """How many downloads this process has, by user."""

    def __init__(self) -> None:
        self._by_user: Counter[int] = Counter()
        self._lock = Lock()

    def enter(self, user_id: int) -> Callable[[], None]:
        """Count a download. Returns what ends it, which may be called again."""
        with self._lock:
            if self._by_user[user_id] >= MAX_DOWNLOADS_OF_USER:
                raise TooManyDownloads
            if self._by_user.total() >= MAX_DOWNLOADS:
                raise DownloadsBusy
            self._by_user[user_id] += 1
        return partial(self._leave, user_id, Lock())

    def _leave(self, user_id: int, is_over: Lock) -> None:
        if is_over.acquire(blocking=False):
            with self._lock:
                self._by_user[user_id] -= 1
                # Users who have none take no room.
                self._by_user += Counter()


_downloads = _Downloads()


def read_page(rows: Iterable[Row]) -> list[Row]:
    """The rows of a bounded queryset, read in a turn at the database like that of a request."""
    if not settings.DATABASE_POOL_SIZE:
        return list(rows)
    gate = process_gate()
    if not gate.enter(settings.DOWNLOAD_SECONDS):
        raise DownloadTimeoutError
    entered = time.monotonic()
    try:
        return list(rows)
    finally:
        gate.leave(time.monotonic() - entered)


def _sent(pieces: Iterator[bytes], began: float) -> Iterator[bytes]:
    """The same in pieces of PIECE_BYTES at most, with nothing held while they are sent."""
    try:
        while (piece := _next(pieces)) is not None:
            for start in range(0, len(piece), PIECE_BYTES):
                if time.monotonic() > began + settings.DOWNLOAD_SECONDS:
                    raise DownloadTimeoutError
                yield piece[start : start + PIECE_BYTES]
    except Exception:
        logger.exception("A download ended before it was whole")
        abort_response(began)
        raise


def _next(pieces: Iterator[bytes]) -> bytes | None:
    with deadline.limited(settings.REQUEST_DEADLINE_SECONDS):
        try:
            return next(pieces, None)
        finally:
            give_back_connections()
