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
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from rest_framework.exceptions import APIException, ParseError

from chat.transfer.formats.conversations import UnreadableError
from gatewayz.api.bodies import MAX_VALUES, NestedTooDeepError, PayloadTooLarge, parse_json
from gatewayz.request import deadline

PIECE_BYTES = 65_536
MAX_DOCUMENT_BYTES = 64_000_000

# The list of a ZIP archive's files, which is read wholly: of some 10,000 files.
MAX_DIRECTORY_BYTES = 1_000_000
# At the end of an archive, with the longest comment; the size of the directory is there.
_MAX_END_BYTES = 65_557
_END = struct.Struct("<12xI6x")
# What text is compressed to at best; a bomb has 1,000 times its size.
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


class Document(NamedTuple):
    """A JSON value of a file and its place there; or an UnreadableError that says why not."""

    place: str
    value: Any


def documents(file: BinaryIO, name: str = "", *, are_lines: bool = False) -> Iterator[Document]:
    """Yield the JSON values of a file: the items of an array, the lines, or what a ZIP holds.

    `name` begins the places. `are_lines` says that each line is a value; otherwise the file tells.
    What cannot be read is yielded as an UnreadableError, and as much of the rest as possible
    follows. Raises DeadlineExceeded.
    """
    start = file.read(4)
    file.seek(0)
    if start == b"PK\x03\x04":
        yield from _of_archive(file)
    else:
        yield from _Text(file.read, name).documents(are_lines=are_lines)


def _of_archive(file: BinaryIO) -> Iterator[Document]:
    try:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            for info in _chosen(archive):
                with archive.open(info) as member:
                    yield from _of_member(_Text(member.read, info.filename), info.filename)
    except UnreadableError as problem:
        yield Document("", problem)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, *_OF_ZIP):
        yield Document("", UnreadableError("The ZIP archive is damaged or encrypted."))


# What zipfile raises for methods of compression and of encryption that it does not know.
_OF_ZIP = (NotImplementedError, RuntimeError, struct.error, OSError)


def _check_directory(file: BinaryIO) -> None:
    """Raise UnreadableError when the list of files, which is read wholly, is too long."""
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
    """Whether it is the file of the conversations, of which some products begin a new one."""
    name = path.rpartition("/")[2]
    return name.startswith("conversations") or name in _OWN_FILES


def _of_member(text: "_Text", path: str) -> Iterator[Document]:
    """The values of a file of an archive; our own has one file for each type of line."""
    kind = path.rpartition("/")[2].removesuffix(".ndjson")
    if kind not in ("chat_session", "chat_message"):
        yield from text.documents(are_lines=False)
        return
    for document in text.documents(are_lines=True):
        if isinstance(document.value, dict):
            document.value["type"] = kind
        yield document
    # The archive is whole, for it has its directory.
    yield Document(path, {"type": "end", "lines": None})


class _Text:
    """JSON that is read in pieces."""

    def __init__(self, read: Callable[[int], bytes], name: str) -> None:
        self._read = read
        self._name = name
        self._buffer = bytearray()

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
        """Read as much again as there is, so that reading all takes linear time."""
        if deadline.has_passed():
            raise deadline.DeadlineExceeded
        piece = self._read(max(PIECE_BYTES, len(self._buffer)))
        self._buffer += piece
        return bool(piece)

    def _skip_space(self) -> None:
        while self._more():
            self._buffer = self._buffer.removeprefix(_BOM).lstrip()
            if self._buffer:
                return

    def _looks_like_lines(self) -> bool:
        """Whether the first line is an object of its own, and so is the next."""
        while (end := self._buffer.find(b"\n")) < 0 or len(self._buffer) < end + PIECE_BYTES:
            if len(self._buffer) > MAX_DOCUMENT_BYTES or not self._more():
                break
        first, _, following = self._buffer.partition(b"\n")
        return first.rstrip().endswith(b"}") and following.lstrip()[:1] == b"{"

    def _lines(self) -> Iterator[Document]:
        number = begin = 0
        while True:
            end = self._buffer.find(b"\n", begin)
            if end < 0:
                del self._buffer[:begin]
                begin = 0
                if len(self._buffer) <= MAX_DOCUMENT_BYTES and self._more():
                    continue
                end = len(self._buffer)
            number += 1
            line = self._buffer[begin:end]
            if line.strip():
                yield Document(f"{self._name} line {number}".strip(), _parsed(line))
            if end == len(self._buffer):
                return
            begin = end + 1

    def _items(self) -> Iterator[Document]:
        number, depth = 0, 0
        # Where the reading is, the end of the last item, and the beginning of this one.
        at = ended = 1
        began: int | None = None
        while True:
            at = _match_end(self._buffer, at)
            if at == len(self._buffer) or self._buffer[at] == _QUOTE:
                kept = ended if began is None else began
                del self._buffer[:kept]
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
                yield Document(self._place(number), _parsed(self._buffer[began:at]))
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
