"""The files of a request: its body, or those of a form."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.exceptions import APIException, ParseError

from chat.transfer.documents import Document, documents
from chat.transfer.formats.conversations import UnreadableError
from chat.transfer.recognition import is_list
from gatewayz.api.bodies import MEDIA_TYPE, media_type, read_body

_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_ARCHIVES = frozenset({"application/zip", "application/x-zip-compressed"})
_FORM = "multipart/form-data"
MEDIA_TYPES = frozenset({MEDIA_TYPE, "application/octet-stream", _FORM}) | _LINES | _ARCHIVES


class GivenFile(NamedTuple):
    """A file; `are_lines` when its type or its name says that it is NDJSON."""

    name: str
    body: bytes
    are_lines: bool


def read_files(request: HttpRequest, max_bytes: int) -> list[GivenFile]:
    """Return the files of `request`, none when it has no body.

    Raises UnsupportedMediaType (415), PayloadTooLarge (413), ParseError (400), and what
    `gatewayz.streaming.uploads` raises for a long body.
    """
    body = read_body(request, max_bytes, MEDIA_TYPES)
    if body is None:
        return []
    kind = media_type(request)
    if kind != _FORM:
        return [GivenFile("", body, kind in _LINES)]
    # A body that comes in chunks has no length in its headers.
    headers = {**request.META, "CONTENT_LENGTH": str(len(body))}
    try:
        _, files = MultiPartParser(headers, BytesIO(body), [_InMemory(request)]).parse()
    except MultiPartParserError as error:
        raise ParseError("The form is malformed.", code="malformed_form") from error
    given = [file for name in files for file in files.getlist(name)]
    if not given:
        raise ParseError("The form holds no file.", code="malformed_form")
    return given


class _InMemory(FileUploadHandler):
    """Keeps files in memory, in which their body is already; nothing is written to a disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._pieces: list[bytes] = []

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._pieces.append(raw_data)

    def file_complete(self, file_size: int) -> Any:
        name = self.file_name or ""
        are_lines = self.content_type in _LINES or name.endswith((".ndjson", ".jsonl"))
        return GivenFile(name, b"".join(self._pieces), are_lines)


def values_of(file: GivenFile) -> Iterator[Document]:
    """The JSON values of a file. Raises DeadlineExceeded."""
    return documents(BytesIO(file.body), file.name, are_lines=file.are_lines)


def single_value(files: Sequence[GivenFile]) -> Document | None:
    """Return the value of a body that is one JSON value, and no list of conversations.

    Raises ParseError (400) and PayloadTooLarge (413) when it cannot be read.
    """
    if not files:
        return Document("", {})
    if len(files) > 1 or files[0].name:
        return None
    values = values_of(files[0])
    first, second = next(values, None), next(values, None)
    # Values of a list have a place in it.
    if first is None or first.place or second is not None:
        return None
    if isinstance(first.value, UnreadableError):
        cause = first.value.__cause__
        if isinstance(cause, APIException):
            raise cause
        raise ParseError(str(first.value), code="malformed_json")
    return None if is_list(first.value) else first
