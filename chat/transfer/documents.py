"""The JSON of uploaded files, a conversation at a time: an array, lines, or a ZIP of either.

Bounded in memory: a file of any length is read in pieces, and a single value of an array or line
has at most MAX_DOCUMENT_BYTES. Numbers keep the spelling that they have in the file, which is why
the values are told apart here and decoded by `gatewayz.api.bodies`.
"""

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

from rest_framework.exceptions import APIException, ParseError

from chat.transfer.formats.conversations import UnreadableError
from gatewayz.api.bodies import MAX_VALUES, NestedTooDeepError, PayloadTooLarge, parse_json
from gatewayz.request import deadline

PIECE_BYTES = 65_536
MAX_DOCUMENT_BYTES = 64_000_000

# A ZIP archive's list of files is read as a whole; this is enough for some 10,000 files.
MAX_DIRECTORY_BYTES = 1_000_000
# The record at the end of an archive, with the longest comment; it gives the directory's size.
_MAX_END_BYTES = 65_557
_END = struct.Struct("<12xI6x")
# Text is hardly ever compressed better than this; a bomb unpacks to 1,000 times its size.
MAX_RATIO = 200
MAX_UNPACKED_BYTES = 4_000_000_000

# Recursive exports nest each message in the one before.
MAX_DEPTH = 20_000

# Everything up to the next bracket, and strings, in which brackets are text.
_UP_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_QUOTE = ord('"')
_BOM = b"\xef\xbb\xbf"

_NO_JSON = "It is not valid JSON."
_TOO_LONG = f"It is longer than {MAX_DOCUMENT_BYTES:,} bytes."

_TEXT_SUFFIXES = (".json", ".ndjson", ".jsonl")
_OWN_FILES = ("chat_session.ndjson", "chat_message.ndjson")


class Position(NamedTuple):
    """A place between two values from which the reading of a file can continue.

    It is the index among the chosen files of an archive, the byte in that file, and the number of
    values or lines before it.
    """

    file: int = 0
    byte: int = 0
    number: int = 0


class Document(NamedTuple):
    """A JSON value of a file and its place there; or an UnreadableError that says why not.

    `after` is where the reading can continue after it, None if it cannot.
    """

    place: str
    value: Any
    after: Position | None = None


def documents(
    file: BinaryIO, name: str = "", *, are_lines: bool = False, start: Position | None = None
) -> Iterator[Document]:
    """Yield the JSON values of a file: the items of an array, the lines, or what a ZIP holds.

    `name` is the first part of each place. With `are_lines` each line is a value; otherwise the
    file itself shows whether that is so. Reading begins at `start`. An unreadable document is
    yielded as an UnreadableError, and then as much of the rest as possible. Raises
    DeadlineExceeded.
    """
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    start = start or Position()
    if head == b"PK\x03\x04":
        yield from _of_archive(file, start)
    else:
        yield from _Text(file, name, start).documents(are_lines=are_lines)


def _of_archive(file: BinaryIO, start: Position) -> Iterator[Document]:
    try:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            for number, info in enumerate(_chosen(archive)):
                if number < start.file:
                    continue
                begun = start if number == start.file else Position(number)
                with archive.open(info) as member:
                    text = _Text(cast(BinaryIO, member), info.filename, begun)
                    yield from _of_member(text, info.filename)
    except UnreadableError as problem:
        yield Document("", problem)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, *_OF_ZIP):
        yield Document("", UnreadableError("The ZIP archive is damaged or encrypted."))


# zipfile raises these for methods of compression and encryption that it does not know.
_OF_ZIP = (NotImplementedError, RuntimeError, struct.error, OSError)


def _check_directory(file: BinaryIO) -> None:
    """Raise UnreadableError when the list of files, which is read as a whole, is too long."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _MAX_END_BYTES))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + _END.size:
        raise UnreadableError("The ZIP archive is damaged: it has no end.")
    if _END.unpack_from(tail, end)[0] > MAX_DIRECTORY_BYTES:
        raise UnreadableError("The ZIP archive holds too many files.")
    file.seek(0)


def _chosen(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files to read. Their names are only compared and shown."""
    infos = archive.infolist()
    texts = [info for info in infos if info.filename.lower().endswith(_TEXT_SUFFIXES)]
    chosen = [info for info in texts if _is_of_conversations(info.filename)] or texts
    if not chosen:
        raise UnreadableError("The ZIP archive holds no JSON file.")
    packed_bytes = sum(info.compress_size for info in chosen)
    # zipfile reads no more of a file than its directory announces.
    unpacked_bytes = sum(info.file_size for info in chosen)
    if unpacked_bytes > min(MAX_UNPACKED_BYTES, MAX_RATIO * packed_bytes + PIECE_BYTES):
        raise UnreadableError("The ZIP archive unpacks to too much.")
    # Sessions come before their messages.
    return sorted(chosen, key=lambda info: "chat_message" in info.filename)


def _is_of_conversations(path: str) -> bool:
    """Whether it holds conversations; some products split these into several files."""
    name = path.rpartition("/")[2]
    return name.startswith("conversations") or name in _OWN_FILES


def _of_member(text: "_Text", path: str) -> Iterator[Document]:
    """The values in a file of an archive; our own archives have one file per type of line."""
    kind = path.rpartition("/")[2].removesuffix(".ndjson")
    if kind not in ("chat_session", "chat_message"):
        yield from text.documents(are_lines=False)
        return
    for document in text.documents(are_lines=True):
        if isinstance(document.value, dict):
            document.value["type"] = kind
        # Reading cannot continue here, because it needs the files and lines before.
        yield document._replace(after=None)
    # The archive is complete, because it has its directory.
    yield Document(path, {"type": "end", "lines": None})


class _Text:
    """JSON that is read in pieces."""

    def __init__(self, file: BinaryIO, name: str, start: Position) -> None:
        self._file = file
        self._name = name
        self._start = start
        self._buffer = bytearray()
        # How many bytes of the file precede the buffer.
        self._gone_bytes = 0

    def documents(self, *, are_lines: bool) -> Iterator[Document]:
        self._skip_space()
        first = self._buffer[:1]
        if first == b"[" and not are_lines:
            yield from self._items()
        elif first and (are_lines or self._looks_like_lines()):
            yield from self._lines()
        else:
            while len(self._buffer) <= MAX_DOCUMENT_BYTES and self._more():
                pass
            yield Document(self._name, _parsed(self._buffer))

    def _more(self) -> bool:
        """Double the buffer, so that reading the whole file takes linear time."""
        if deadline.has_passed():
            raise deadline.DeadlineExceeded
        piece = self._file.read(max(PIECE_BYTES, len(self._buffer)))
        self._buffer += piece
        return bool(piece)

    def _skip_space(self) -> None:
        while self._more():
            kept = self._buffer.removeprefix(_BOM).lstrip()
            self._drop(len(self._buffer) - len(kept))
            if self._buffer:
                return

    def _drop(self, size: int) -> None:
        """Drop the first `size` bytes of the buffer."""
        del self._buffer[:size]
        self._gone_bytes += size

    def _go_to_start(self) -> bool:
        """Move to where reading starts. Returns whether that is past the beginning of the file."""
        if not self._start.byte:
            return False
        self._buffer.clear()
        self._gone_bytes = self._file.seek(self._start.byte)
        return True

    def _position(self, at: int, number: int) -> Position:
        return Position(self._start.file, self._gone_bytes + at, number)

    def _looks_like_lines(self) -> bool:
        """Whether the first line is an object of its own, and so is the next."""
        while (end := self._buffer.find(b"\n")) < 0 or len(self._buffer) < end + PIECE_BYTES:
            if len(self._buffer) > MAX_DOCUMENT_BYTES or not self._more():
                break
        first, _, following = self._buffer.partition(b"\n")
        return first.rstrip().endswith(b"}") and following.lstrip()[:1] == b"{"

    def _lines(self) -> Iterator[Document]:
        self._go_to_start()
        number, begin = self._start.number, 0
        while True:
            end = self._buffer.find(b"\n", begin)
            if end < 0:
                self._drop(begin)
                begin = 0
                if len(self._buffer) <= MAX_DOCUMENT_BYTES and self._more():
                    continue
                end = len(self._buffer)
            number += 1
            line = self._buffer[begin:end]
            if line.strip():
                after = self._position(min(end + 1, len(self._buffer)), number)
                yield Document(f"{self._name} line {number}".strip(), _parsed(line), after)
            if end == len(self._buffer):
                return
            begin = end + 1

    def _items(self) -> Iterator[Document]:
        number, depth = self._start.number, 0
        # The current place, the end of the last item, and the beginning of this one.
        at = ended = 0 if self._go_to_start() else 1
        began: int | None = None
        while True:
            at = _match_end(self._buffer, at)
            if at == len(self._buffer) or self._buffer[at] == _QUOTE:
                kept = ended if began is None else began
                self._drop(kept)
                at, ended, began = at - kept, 0, None if began is None else 0
                problem = _TOO_LONG if len(self._buffer) > MAX_DOCUMENT_BYTES else None
                if problem is None and not self._more():
                    problem = "The file ends before it is complete."
                if problem is not None:
                    yield Document(self._place(number), UnreadableError(problem))
                    return
                continue
            opens = self._buffer[at] in b"[{"
            if began is None:
                if bytes(self._buffer[ended:at]).strip() not in (b"", b","):
                    yield Document(self._place(number), UnreadableError(_NO_JSON))
                    return
                if not opens:
                    return
                began = at
            at += 1
            depth += 1 if opens else -1
            if depth == 0:
                item = _parsed(self._buffer[began:at])
                yield Document(self._place(number), item, self._position(at, number + 1))
                number, ended, began = number + 1, at, None

    def _place(self, number: int) -> str:
        return f"{self._name}[{number}]"


def _match_end(buffer: bytearray, at: int) -> int:
    match = _UP_TO_BRACKET.match(buffer, at)
    return at if match is None else match.end()


def _parsed(json: bytearray) -> Any:
    """The value of a JSON text, or an UnreadableError."""
    if len(json) > MAX_DOCUMENT_BYTES:
        return UnreadableError(_TOO_LONG)
    try:
        return parse_json(bytes(json), MAX_DEPTH)
    except PayloadTooLarge as error:
        return _unreadable(f"It holds more than {MAX_VALUES:,} values.", error)
    except NestedTooDeepError as error:
        return _unreadable(f"It is nested more than {MAX_DEPTH:,} levels deep.", error)
    except ParseError as error:
        return _unreadable(_NO_JSON, error)


def _unreadable(text: str, error: APIException) -> UnreadableError:
    problem = UnreadableError(text)
    problem.__cause__ = error
    return problem
