"""Request bodies that are longer than most, read while their clients send them.

Nothing of a body longer than SMALL_BODY_BYTES is read until a view that accepts such bodies asks
for it, which it does only for a caller with a key, or for staff. While the body arrives, its
request holds no database connection and no slot of `gatewayz.middleware.load_shedding`, and its
deadline pauses. The memory that long bodies take is bounded, for the process and for each user.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from gatewayz.api.bodies import IncompleteBody
from gatewayz.database.base import give_back_connections
from gatewayz.errors import Unavailable
from gatewayz.middleware.load_shedding import without_slot
from gatewayz.request.context import current_user_id, timed
from gatewayz.threads.user_counts import UserCounts
from gatewayz.web.silent_connections import waiting_for_body

# How many bodies of MAX_BODY_BYTES fit into the memory for long bodies: of the process, of a user.
MAX_LONG_BODIES = 4
MAX_LONG_BODIES_OF_USER = 2

# How many times MAX_BODY_BYTES are received and thrown away after a request was rejected.
MAX_DISCARDED = 2

_PIECE_BYTES = 65_536


class UploadsBusy(Unavailable):
    """503: the memory for long bodies of this process, or of this user, is full."""

    default_detail = "There are too many long requests at the moment. Please try again."
    default_code = "uploads_busy"


class UploadMemory:
    """Counts the bytes of long bodies that this process holds, by user (None: no key)."""

    def __init__(self) -> None:
        self._bytes_of = UserCounts(UploadsBusy, UploadsBusy)

    def reserve(self, user_id: int | None, more_bytes: int) -> None:
        """Reserve memory. Raises UploadsBusy when there is none left."""
        body_bytes = settings.MAX_BODY_BYTES
        self._bytes_of.take(
            user_id, more_bytes, MAX_LONG_BODIES_OF_USER * body_bytes, MAX_LONG_BODIES * body_bytes
        )

    def release(self, user_id: int | None, reserved_bytes: int) -> None:
        """Release reserved memory."""
        self._bytes_of.give_back(user_id, reserved_bytes)


upload_memory = UploadMemory()


class Upload:
    """The body of a request in a WSGI environment, of which `begun` has been read.

    `declared_bytes` is the length in its headers; None for a chunked body.
    """

    def __init__(self, environ: dict[str, Any], begun: bytes, declared_bytes: int | None) -> None:
        self._stream = environ["wsgi.input"]
        self._begun = begun
        self._declared_bytes = declared_bytes
        # The client sends the body only when the server answers 100, which it does at a read.
        self._awaits_continue = "HTTP_EXPECT" in environ and not begun
        self._received_bytes = len(begun)
        self._is_over = False
        self._user_id: int | None = None
        self._reserved_bytes = 0

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Receive the body within the block, by `receive`; it holds no slot and has no deadline.

        Raises Overloaded when there is no slot in time afterwards.
        """
        self._awaits_continue = False
        with timed("receive"), without_slot():
            yield

    def receive(self, max_bytes: int) -> bytes:
        """Return the next `max_bytes` or fewer, none at the end. No memory is reserved for it.

        Raises IncompleteBody (400) when the client goes away.
        """
        give_back_connections()
        piece, self._begun = self._begun, b""
        piece = piece or self._next(max_bytes)
        if not piece and self._received_bytes < (self._declared_bytes or 0):
            raise IncompleteBody
        return piece

    def read(self, max_bytes: int) -> bytearray:
        """Return the body, or its first `max_bytes`. May be called once.

        Raises UploadsBusy or Overloaded (503), or IncompleteBody (400) when the client goes away.
        """
        self._user_id = current_user_id()
        self._awaits_continue = False
        give_back_connections()
        body = bytearray()
        with timed("receive"), without_slot():
            piece = self._begun or self._next(max_bytes)
            while piece:
                upload_memory.reserve(self._user_id, len(piece))
                self._reserved_bytes += len(piece)
                body += piece
                piece = self._next(max_bytes - len(body))
        if self._is_over and self._received_bytes < (self._declared_bytes or 0):
            raise IncompleteBody
        return body

    def release(self) -> None:
        """Release the memory of the body, once nobody needs it any more."""
        upload_memory.release(self._user_id, self._reserved_bytes)
        self._reserved_bytes = 0

    def discard(self) -> None:
        """Receive what the client still sends and throw it away, within bounds.

        If the server closed the connection while the client sends, the kernel would reset it, and
        the client might lose the response.
        """
        if self._awaits_continue:
            return
        until = time.monotonic() + settings.REQUEST_DEADLINE_SECONDS
        while (
            time.monotonic() < until
            and self._received_bytes < MAX_DISCARDED * settings.MAX_BODY_BYTES
            and self._next(_PIECE_BYTES)
        ):
            pass

    def _next(self, max_bytes: int) -> bytes:
        """The next piece; empty at the end, or when the client has gone away."""
        wanted = min(_PIECE_BYTES, max_bytes)
        if self._declared_bytes is not None:
            wanted = min(wanted, self._declared_bytes - self._received_bytes)
        if wanted <= 0 or self._is_over:
            return b""
        with waiting_for_body():
            piece: bytes = self._stream.read(wanted)
        self._received_bytes += len(piece)
        self._is_over = len(piece) < wanted
        return piece
