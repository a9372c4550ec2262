"""Responses of any length, read from the database at the speed at which clients receive them.

A download occupies a thread until it ends, but nothing that is scarce: while a piece is sent, it
holds no database connection and no slot of `gatewayz.middleware.load_shedding`. The number of
downloads and the time of each are bounded. The kernel cuts off a client that does not read at all
(TCP_USER_TIMEOUT, see `gatewayz.web`).

A download that fails does not look complete: its connection ends without the last chunk, and its
content lacks the end that its format requires.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.conf import settings
from django.db.models import Model
from django.http import StreamingHttpResponse

from gatewayz.database.base import give_back_connections
from gatewayz.errors import TooManyRequests, Unavailable
from gatewayz.middleware.load_shedding import Overloaded, slot_of_its_own
from gatewayz.request import deadline
from gatewayz.threads.user_counts import UserCounts
from gatewayz.web.silent_connections import abort_response

logger = logging.getLogger(__name__)

# At the same time, in each process.
MAX_DOWNLOADS = 16
MAX_DOWNLOADS_OF_USER = 2

# How much is handed to the server at a time; the thread waits until the client has received it.
PIECE_BYTES = 16_384

RETRY_AFTER_SECONDS = 5

Row = TypeVar("Row", bound=Model)


class TooManyDownloads(TooManyRequests):
    """429: the user already has MAX_DOWNLOADS_OF_USER downloads."""

    default_detail = "You have too many downloads at the same time. Please try again later."
    default_code = "too_many_downloads"
    wait = RETRY_AFTER_SECONDS


class DownloadsBusy(Unavailable):
    """503: this process already has MAX_DOWNLOADS downloads."""

    default_detail = "There are too many downloads at the moment. Please try again."
    default_code = "downloads_busy"
    wait = RETRY_AFTER_SECONDS


class DownloadTimeoutError(Exception):
    """A download took longer than DOWNLOAD_SECONDS."""


class Download(StreamingHttpResponse):
    """A streaming response of `pieces` as a file called `filename`, for the user `user_id`.

    Raises TooManyDownloads or DownloadsBusy.
    """

    def __init__(
        self, user_id: int, pieces: Iterator[bytes], *, filename: str, content_type: str
    ) -> None:
        super().__init__(
            in_pieces(pieces, deadline.began_at()),
            content_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        )
        held.take_while_sent(self, user_id, 1, MAX_DOWNLOADS_OF_USER, MAX_DOWNLOADS)


held = UserCounts(TooManyDownloads, DownloadsBusy)


def read_page(rows: Iterable[Row]) -> list[Row]:
    """Read the rows of a bounded queryset, in a slot of the gate like a request's."""
    if not settings.DATABASE_POOL_SIZE:
        return list(rows)
    try:
        with slot_of_its_own():
            return list(rows)
    except Overloaded as error:
        raise DownloadTimeoutError from error


def in_pieces(pieces: Iterator[bytes], began: float) -> Iterator[bytes]:
    """Split `pieces` into parts of at most PIECE_BYTES, and hold nothing scarce while one is sent.

    `began` is when the request began (monotonic seconds); DOWNLOAD_SECONDS later it is aborted.
    """
    try:
        while (piece := _next(pieces)) is not None:
            for start in range(0, len(piece), PIECE_BYTES):
                if time.monotonic() > began + settings.DOWNLOAD_SECONDS:
                    raise DownloadTimeoutError
                yield piece[start : start + PIECE_BYTES]
    except Exception:
        logger.exception("A download ended before it was complete")
        abort_response(began)
        raise


def _next(pieces: Iterator[bytes]) -> bytes | None:
    with deadline.limited(settings.REQUEST_DEADLINE_SECONDS):
        try:
            return next(pieces, None)
        finally:
            give_back_connections()
