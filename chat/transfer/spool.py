"""Long files of chats, kept in pieces in the database until a worker has imported them."""

import hashlib
import io
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import Error, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.plans.storage import StorageUsedUp, storage_left_bytes
from chat.models import ChatImport, ChatImportChunk
from gatewayz.api.bodies import PayloadTooLarge
from gatewayz.errors import Conflict, TooManyRequests
from gatewayz.middleware.load_shedding import patient_slot

CHUNK_BYTES = 1_000_000

MAX_UNFINISHED = 2
# A file that has stopped arriving for so long is given up.
ABANDONED_SECONDS = 600

MAX_NAME_CHARS = 255


class TooManyImports(TooManyRequests):
    """429: the user already has MAX_UNFINISHED imports that are not finished."""

    default_detail = "You have too many imports that are not finished. Wait for one, or cancel it."
    default_code = "too_many_imports"
    wait = 60


class ImportEnded(Conflict):
    """409: the import was cancelled or given up while its file arrived."""

    default_detail = "This import was cancelled."
    default_code = "import_ended"


class SpoolGoneError(Exception):
    """The file of an import has been deleted."""


class Spool:
    """The file of a new import of the user `user_id`, which arrives in pieces.

    Holds CHUNK_BYTES in memory; it holds a slot and a connection only while it writes. Raises
    TooManyImports, StorageUsedUp and Overloaded.
    """

    def __init__(self, user_id: int, name: str, *, are_lines: bool) -> None:
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._number = 0
        self._size_bytes = 0
        with patient_slot(), transaction.atomic():
            # Uploads that begin simultaneously are counted one after the other.
            User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)
            given_up = timezone.now() - timedelta(seconds=ABANDONED_SECONDS)
            unfinished = ChatImport.objects.filter(user_id=user_id).unfinished()
            abandoned = Q(state=ChatImport.State.RECEIVING, updated_at__lt=given_up)
            if unfinished.exclude(abandoned).count() >= MAX_UNFINISHED:
                raise TooManyImports
            self._left_bytes = storage_left_bytes(user_id)
            self.job = ChatImport.objects.create(
                user_id=user_id, file_name=name[-MAX_NAME_CHARS:], are_lines=are_lines
            )

    def write(self, piece: bytes) -> None:
        """Take the next piece.

        Raises PayloadTooLarge, StorageUsedUp, ImportEnded and Overloaded.
        """
        self._size_bytes += len(piece)
        if self._size_bytes > settings.MAX_IMPORT_BYTES:
            raise PayloadTooLarge
        if self._left_bytes is not None and self._size_bytes > self._left_bytes:
            raise StorageUsedUp
        self._digest.update(piece)
        self._buffer += piece
        while len(self._buffer) >= CHUNK_BYTES:
            self._write(bytes(self._buffer[:CHUNK_BYTES]))
            del self._buffer[:CHUNK_BYTES]

    def finish(self) -> str:
        """Write what is left. Returns the digest of the whole file. Raises what `write` does."""
        if self._buffer or not self._number:
            self._write(bytes(self._buffer))
        digest = self._digest.hexdigest()
        with patient_slot():
            self._update(digest=digest, size_bytes=self._size_bytes)
        return digest

    def discard(self) -> None:
        """Delete the pieces that arrived. If that fails, retention deletes them later."""
        with suppress(Error), transaction.atomic():
            self.job.delete()

    def _write(self, chunk: bytes) -> None:
        with patient_slot(), transaction.atomic():
            self._update()
            ChatImportChunk.objects.create(
                chat_import_id=self.job.pk, number=self._number, bytes=chunk
            )
        self._number += 1

    def _update(self, **fields: str | int) -> None:
        receiving = ChatImport.objects.filter(pk=self.job.pk, state=ChatImport.State.RECEIVING)
        if not receiving.update(updated_at=timezone.now(), **fields):
            raise ImportEnded


class SpooledFile(io.RawIOBase):
    """The file of an import, for reading; holds one chunk in memory.

    Reading raises SpoolGoneError when the file was deleted, and django.db.Error.
    """

    def __init__(self, job: ChatImport) -> None:
        self._job_id = job.pk
        self._size_bytes = job.size_bytes
        self._at = 0
        self._number = -1
        self._chunk = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, fewer only at the end of the file."""
        left = max(0, self._size_bytes - self._at)
        wanted = left if size < 0 else min(size, left)
        pieces = []
        while wanted:
            number, begin = divmod(self._at, CHUNK_BYTES)
            piece = self._chunk_at(number)[begin : begin + wanted]
            pieces.append(piece)
            self._at += len(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def _chunk_at(self, number: int) -> bytes:
        if number != self._number:
            chunks = ChatImportChunk.objects.filter(chat_import_id=self._job_id, number=number)
            chunk = chunks.values_list("bytes", flat=True).first()
            if not chunk:
                raise SpoolGoneError
            self._number, self._chunk = number, bytes(chunk)
        return self._chunk
