"""The files of a request: its body, or those of a form.

A body of more than MAX_BODY_BYTES is one file, which is written to the spool while it arrives.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType

from chat.transfer.documents import PIECE_BYTES, Document, documents
from chat.transfer.formats.conversations import UnreadableError
from chat.transfer.recognition import is_list
from chat.transfer.spool import Spool
from gatewayz.api.bodies import MEDIA_TYPE, PayloadTooLarge, media_type, read_body
from gatewayz.middleware.load_shedding import without_slot
from gatewayz.request.context import current_user_id
from gatewayz.request.long_bodies import UPLOAD
from gatewayz.streaming.uploads import Upload

_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_ARCHIVES = frozenset({"application/zip", "application/x-zip-compressed"})
_FORM = "multipart/form-data"
LINES_SUFFIXES = (".ndjson", ".jsonl")
MEDIA_TYPES = frozenset({MEDIA_TYPE, "application/octet-stream", _FORM}) | _LINES | _ARCHIVES


class GivenFile(NamedTuple):
    """A file; `are_lines` when its type or its name says that it is NDJSON."""

    name: str
    body: bytes
    are_lines: bool

    def close(self) -> None:
        """Do nothing: MultiPartParser closes the files of a form that turns out malformed."""


class SpooledUpload(NamedTuple):
    """A file in the spool, identified by its digest."""

    digest: str


def read_files(request: HttpRequest, max_bytes: int) -> list[GivenFile] | SpooledUpload:
    """Return the files of `request`, or the one that was written to the spool.

    Raises UnsupportedMediaType (415), PayloadTooLarge (413), ParseError (400), what
    `chat.transfer.spool` and what `gatewayz.streaming.uploads` raise for a long body.
    """
    declared = request.META.get("CONTENT_LENGTH") or ""
    user_id = current_user_id()
    if declared.isdecimal() and int(declared) > max_bytes and user_id is not None:
        return _spooled(request, user_id)
    body = read_body(request, max_bytes, MEDIA_TYPES)
    if body is None:
        return []
    kind = media_type(request)
    if kind != _FORM:
        return [GivenFile("", body, kind in _LINES)]
    # A chunked body has no length in its headers.
    headers = {**request.META, "CONTENT_LENGTH": str(len(body))}
    try:
        _, files = MultiPartParser(headers, BytesIO(body), [_InMemory(request)]).parse()
    except MultiPartParserError as error:
        raise ParseError("The form is malformed.", code="malformed_form") from error
    given = [file for name in files for file in files.getlist(name)]
    if not given:
        raise ParseError("The form holds no file.", code="malformed_form")
    return given


def _spooled(request: HttpRequest, user_id: int) -> SpooledUpload:
    """Write the file of a long body to the spool. Raises what `read_files` does."""
    kind = media_type(request)
    if kind not in MEDIA_TYPES:
        raise UnsupportedMediaType(request.META.get("CONTENT_TYPE", ""))
    if int(request.META["CONTENT_LENGTH"]) > settings.MAX_IMPORT_BYTES:
        raise PayloadTooLarge
    if kind != _FORM:
        return SpooledUpload(spool_file(request, user_id, "", are_lines=kind in _LINES))
    with _arriving(request) as body:
        return SpooledUpload(_spooled_form(request, body, user_id))


def spool_file(request: HttpRequest, user_id: int, name: str, *, are_lines: bool) -> str:
    """Write the body of `request` to the spool, as a file of the user `user_id`.

    Returns its digest. Raises what `chat.transfer.spool` does, and IncompleteBody (400).
    """
    with _arriving(request) as body:
        spool = Spool(user_id, name, are_lines=are_lines)
        try:
            while piece := body.read(PIECE_BYTES):
                spool.write(piece)
            return spool.finish()
        except Exception:
            spool.discard()
            raise


@contextmanager
def _arriving(request: HttpRequest) -> Iterator[Any]:
    """Yield a reader of the body; within the block the request holds no slot."""
    upload: Upload | None = request.META.get(UPLOAD)
    with without_slot() if upload is None else upload.arriving():
        yield request if upload is None else _Arriving(upload)


def _spooled_form(request: HttpRequest, body: Any, user_id: int) -> str:
    handler = _InSpool(user_id)
    try:
        MultiPartParser(request.META, body, [handler]).parse()
        if handler.digest is None:
            raise ParseError("The form holds no file.", code="malformed_form")
    except Exception as error:
        if handler.spool is not None:
            handler.spool.discard()
        if isinstance(error, MultiPartParserError):
            raise ParseError("The form is malformed.", code="malformed_form") from error
        raise
    return handler.digest


class _Arriving:
    """A body that is read while it arrives, as MultiPartParser reads files."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def read(self, size: int = PIECE_BYTES) -> bytes:
        return self._upload.receive(size)


class _InSpool(FileUploadHandler):
    """Writes the file of a form to the spool; a long form has one."""

    def __init__(self, user_id: int) -> None:
        super().__init__()
        self.spool: Spool | None = None
        self.digest: str | None = None
        self._user_id = user_id

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.spool is not None:
            raise ParseError("A long form may hold one file.", code="malformed_form")
        self.spool = Spool(self._user_id, self.file_name or "", are_lines=_are_lines(self))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.spool is not None:
            self.spool.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        if self.spool is not None:
            self.digest = self.spool.finish()
        return GivenFile(self.file_name or "", b"", are_lines=False)


def _are_lines(file: FileUploadHandler) -> bool:
    return file.content_type in _LINES or (file.file_name or "").endswith(LINES_SUFFIXES)


class _InMemory(FileUploadHandler):
    """Keeps files in memory, where the body is already; nothing is written to disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._pieces: list[bytes] = []

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._pieces.append(raw_data)

    def file_complete(self, file_size: int) -> Any:
        return GivenFile(self.file_name or "", b"".join(self._pieces), _are_lines(self))


def values_of(file: GivenFile) -> Iterator[Document]:
    """The JSON values of a file. Raises DeadlineExceeded."""
    return documents(BytesIO(file.body), file.name, are_lines=file.are_lines)


def single_value(files: Sequence[GivenFile]) -> Document | None:
    """Return the value of a body that is a single JSON value and not a list of conversations.

    Raises ParseError (400) and PayloadTooLarge (413) when it cannot be read.
    """
    if not files:
        return Document("", {})
    if len(files) > 1 or files[0].name:
        return None
    values = values_of(files[0])
    first, second = next(values, None), next(values, None)
    # The items of a list have a place in it.
    if first is None or first.place or second is not None:
        return None
    if isinstance(first.value, UnreadableError):
        cause = first.value.__cause__
        if isinstance(cause, APIException):
            raise cause
        raise ParseError(str(first.value), code="malformed_json")
    return None if is_list(first.value) else first
