"""Bodies that are longer than most, read as their callers send them.

Of a body longer than SMALL_BODY_BYTES nothing is read before a view that takes such bodies asks
for it, which it does for the user of a key only. While the body comes, its request holds no
database connection and no turn of `gatewayz.middleware.load_shedding`, and its deadline waits. How
many bytes of such bodies a process holds at a time, and for one user, is bounded.
"""

import time
from collections import Counter
from http import HTTPStatus
from threading import Lock
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException

from gatewayz.database.base import give_back_connections
from gatewayz.middleware.load_shedding import without_turn
from gatewayz.request.context import current_user_id, timed
from gatewayz.request.deadline import RETRY_AFTER_SECONDS
from gatewayz.web.silent_connections import waiting_for_body

# Of MAX_BODY_BYTES each: what a process holds of longer bodies at a time, and for one user.
MAX_LONG_BODIES = 4
MAX_LONG_BODIES_OF_USER = 2

# Of MAX_BODY_BYTES: what is taken in of a body that nobody wants.
MAX_DISCARDED = 2

_PIECE_BYTES = 65_536


class UploadsBusy(APIException):
    """503: this process, or this user, has as much of long bodies as it may have at a time."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "There are too many long requests at the moment. Please try again."
    default_code = "uploads_busy"
    wait = RETRY_AFTER_SECONDS


class IncompleteBody(APIException):
    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "The request body ended before it was complete."
    default_code = "incomplete_body"


class Room:
    """How many bytes of long bodies this process holds, by user; None is who has no key."""

    def __init__(self) -> None:
        self._bytes_of: Counter[int | None] = Counter()
        self._lock = Lock()

    @property
    def held_bytes(self) -> int:
        """What is held for all users."""
        with self._lock:
            return self._bytes_of.total()

    def take(self, user_id: int | None, more_bytes: int) -> None:
        """Make room for more. Raises UploadsBusy when there is none."""
        with self._lock:
            of_user = self._bytes_of[user_id] + more_bytes
            of_all = self._bytes_of.total() + more_bytes
            if (
                of_user > MAX_LONG_BODIES_OF_USER * settings.MAX_BODY_BYTES
                or of_all > MAX_LONG_BODIES * settings.MAX_BODY_BYTES
            ):
                raise UploadsBusy
            self._bytes_of[user_id] = of_user

    def give_back(self, user_id: int | None, taken_bytes: int) -> None:
        """Let others have what was taken."""
        with self._lock:
            self._bytes_of[user_id] -= taken_bytes
            # Users who have nothing take no room.
            self._bytes_of += Counter()


room = Room()


class Upload:
    """The body of the request in a WSGI environment, of which `begun` has been read.

    `declared_bytes` is its length as its caller says, None for a chunked body.
    """

    def __init__(self, environ: dict[str, Any], begun: bytes, declared_bytes: int | None) -> None:
        self._stream = environ["wsgi.input"]
        self._begun = begun
        self._declared_bytes = declared_bytes
        # It sends nothing before it is told to, which the server does when we read.
        self._is_expected = "HTTP_EXPECT" in environ and not begun
        self._came_bytes = len(begun)
        self._is_over = False
        self._user_id: int | None = None
        self._held_bytes = 0

    def read(self, max_bytes: int) -> bytearray:
        """All of the body, or the first `max_bytes` of it. May be called once.

        Raises UploadsBusy or Overloaded (503), or IncompleteBody (400) when the caller goes away.
        """
        self._user_id = current_user_id()
        self._is_expected = False
        give_back_connections()
        body = bytearray()
        with timed("receive"), without_turn():
            piece = self._begun or self._next(max_bytes)
            while piece:
                room.take(self._user_id, len(piece))
                self._held_bytes += len(piece)
                body += piece
                piece = self._next(max_bytes - len(body))
        if self._is_over and self._came_bytes < (self._declared_bytes or 0):
            raise IncompleteBody
        return body

    def release(self) -> None:
        """Give back the room of what was read, once nobody needs it any more."""
        room.give_back(self._user_id, self._held_bytes)
        self._held_bytes = 0

    def discard(self) -> None:
        """Take in what its caller still sends, without keeping it, for as long as is reasonable.

        A connection that is closed while its client sends is reset, and the answer may be lost.
        """
        if self._is_expected:
            return
        until = time.monotonic() + settings.REQUEST_DEADLINE_SECONDS
        while (
            time.monotonic() < until
            and self._came_bytes < MAX_DISCARDED * settings.MAX_BODY_BYTES
            and self._next(_PIECE_BYTES)
        ):
            pass

    def _next(self, max_bytes: int) -> bytes:
        """The next piece; nothing at the end, and when the caller has gone away."""
        wanted = min(_PIECE_BYTES, max_bytes)
        if self._declared_bytes is not None:
            wanted = min(wanted, self._declared_bytes - self._came_bytes)
        if wanted <= 0 or self._is_over:
            return b""
        with waiting_for_body():
            piece: bytes = self._stream.read(wanted)
        self._came_bytes += len(piece)
        self._is_over = len(piece) < wanted
        return piece
