"""Exporting chats as a stream, page by page however long they are."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, repeat
from operator import attrgetter
from typing import Any

from accounts.principals.principal import Principal
from accounts.profile.export import FORMS, Kind, export_zip
from chat.messages.read import first_of_each, within_bytes
from chat.models import ChatMessage, ChatSession, ChatSessionQuerySet
from chat.transfer import html_page
from chat.transfer.markdown import title_of, turn_of
from gatewayz.api.bodies import encode
from gatewayz.streaming.downloads import read_page

PAGE_MESSAGES = 100
PAGE_SESSIONS = 100

# The fields of a message or session in exports and imports.
MESSAGE_FIELDS = (
    *("model", "tokens", "reasoning", "created_at", "client_id", "status"),
    *("revision", "edited", "updated_at"),
)
SESSION_FIELDS = (
    *("title", "model", "created_at", "updated_at", "is_pinned", "is_archived"),
    *("external_id", "end_user_id", "metadata", "tags", "folder", "expires_at"),
)

CONTENT_TYPES = {
    **{name: form.content_type for name, form in FORMS.items()},
    "openai": "application/json",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
SUFFIXES = {
    **{name: form.suffix for name, form in FORMS.items()},
    "openai": "openai.json",
    "markdown": "md",
    "html": "html",
}

# Sessions, each with its messages in order, which must be taken before the next.
Chats = Iterator[tuple[ChatSession, Iterable[ChatMessage]]]


def export_chat(session: ChatSession, form: str) -> Iterator[bytes]:
    """Yield a session as `json`, `ndjson`, `zip`, `openai`, `markdown` or `html`, in pieces.

    Imports read the first three; `openai` is the request that would continue the chat; `markdown`
    and `html` are for people. A download that was cut off has no end mark: see `export_all`.
    """
    if form in _IN_LINES:
        owner = Principal.without_key(session.user_id)
        return _IN_LINES[form](owner, iter([(session, messages_of(session))]))
    return {"json": _json, "openai": _openai, "markdown": _markdown, "html": _html}[form](session)


def export_all(owner: Principal, form: str, **matching: str) -> Iterator[bytes]:
    """Yield all active sessions of `owner` as `ndjson`, `json`, `zip`, `markdown` or `html`.

    `matching` is for `ChatSessionQuerySet.matching`. The archive holds the NDJSON. A download that
    was cut off has no end mark: the last line of the NDJSON, which gives the number of lines
    before it; the closing bracket of the JSON; the directory of the archive; the final comment of
    the others.
    """
    owned = ChatSession.objects.owned_by(owner).active().matching(**matching)
    chats = _each(owned.with_current_message(owner.user_id))
    if form in _IN_LINES:
        return _IN_LINES[form](owner, chats)
    return {"json": _all_json, "markdown": markdown_of, "html": html_of}[form](chats)


def _each(sessions: ChatSessionQuerySet) -> Chats:
    in_order, last = sessions.order_by("id"), 0
    while page := read_page(in_order.filter(id__gt=last)[:PAGE_SESSIONS]):
        yield from messages_of_each(page)
        last = page[-1].pk


def _lines(chats: Chats) -> Iterator[dict[str, Any]]:
    count = 0
    for session, messages in chats:
        count += 1
        yield {"type": "session", "id": session.pk, **_with_current(session)}
        for message in messages:
            count += 1
            yield {"type": "message", "session_id": session.pk, **_branched(message)}
    # It has an `id` because clients expect one in each line.
    yield {"type": "end", "id": None, "lines": count}


def _ndjson(owner: Principal, chats: Chats) -> Iterator[bytes]:
    return (encode(line) + b"\n" for line in _lines(chats))


def _zip(owner: Principal, chats: Chats) -> Iterator[bytes]:
    return export_zip(owner, [Kind("chats", lambda _: _lines(chats))])


_IN_LINES = {"ndjson": _ndjson, "zip": _zip}


def _with_current(session: ChatSession) -> dict[str, Any]:
    current = attrgetter("current_message_id")(session)
    return {**_session(session), "current_message_id": current}


def _all_json(chats: Chats) -> Iterator[bytes]:
    separator = b"["
    for session, messages in chats:
        yield separator
        yield from _object(_with_current(session), map(_branched, messages))
        separator = b","
    yield b"]\n" if separator == b"," else b"[]\n"


def markdown_of(chats: Chats) -> Iterator[bytes]:
    """Yield chats as Markdown, one after the other."""
    count = 0
    for session, messages in chats:
        count += 1
        yield f"\n{title_of(session.title)}".encode()
        for message in messages:
            if message.is_current:
                yield turn_of(message).encode()
    yield f"\n<!-- end: {count} chats -->\n".encode()


def html_of(chats: Chats, beside: Iterable[bytes] = ()) -> Iterator[bytes]:
    """Yield a page with chats that unfold, below whatever is given as `beside`."""
    yield html_page.head_of("Chats")
    yield from beside
    count = 0
    for session, messages in chats:
        count += 1
        yield html_page.session_head(session)
        yield from (html_page.article(message) for message in messages if message.is_current)
        yield html_page.SESSION_END
    yield html_page.end_of(f"{count} chats")


def messages_of_each(
    sessions: Sequence[ChatSession],
) -> Chats:
    """Yield sessions, each with its messages.

    One statement reads many short sessions. For each session this holds as much in memory as
    `messages_of` does, but no more than PAGE_BYTES in total.
    """
    left = list(sessions)
    while left:
        found = read_page(first_of_each(left, PAGE_MESSAGES))
        pages = {pk: [*page] for pk, page in groupby(found, attrgetter("session_id"))}
        # The session at which the page became full: later ones have not been read.
        is_cut = bool(found) and found[0].available > len(found)
        last = found[-1].session_id if is_cut else left[-1].pk
        while left:
            session = left.pop(0)
            page = pages.get(session.pk, [])
            is_last = session.pk == last
            is_more = len(page) == PAGE_MESSAGES or (is_cut and is_last)
            yield session, chain(page, messages_of(session, page[-1].position) if is_more else ())
            if is_last:
                break


def messages_of(session: ChatSession, position: int | None = None) -> Iterator[ChatMessage]:
    """Yield a session's messages in order, starting after `position`.

    Holds at most PAGE_MESSAGES and about PAGE_BYTES in memory.
    """
    in_order = ChatMessage.objects.of(session).in_order()
    following = in_order if position is None else in_order.filter(position__gt=position)
    while page := read_page(within_bytes(following, PAGE_MESSAGES)):
        yield from page
        # Compares with the position and not with the row, which may be deleted meanwhile.
        following = in_order.filter(position__gt=page[-1].position)


def _session(session: ChatSession) -> dict[str, Any]:
    return {**(session.extra or {}), **{name: getattr(session, name) for name in SESSION_FIELDS}}


def _message(message: ChatMessage) -> dict[str, Any]:
    return {
        "role": message.role,
        "content": message.given_content,
        **message.other_fields,
        **{name: getattr(message, name) for name in MESSAGE_FIELDS},
        "metadata": message.given_metadata,
    }


def _branched(message: ChatMessage) -> dict[str, Any]:
    # 0 for a message that follows none; a session with branches may have several of these.
    return {"id": message.pk, "parent_id": message.parent_id or 0, **_message(message)}


def _json(session: ChatSession) -> Iterator[bytes]:
    of_session = ChatMessage.objects.of(session)
    if not of_session.filter(is_current=False).exists():
        return _object(_session(session), map(_message, messages_of(session)))
    current = of_session.current().in_order().last()
    head = {**_session(session), "current_message_id": current.pk if current else None}
    return _object(head, map(_branched, messages_of(session)))


def _openai(session: ChatSession) -> Iterator[bytes]:
    messages = (
        {"role": message.role, "content": message.given_content, **message.other_fields}
        for message in messages_of(session)
        if message.is_current
    )
    return _object({"model": session.model}, messages)


def _object(head: dict[str, Any], messages: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a JSON object of `head` and `messages`, one message at a time."""
    yield encode(head)[:-1] + b',"messages":['
    for separator, message in zip(chain([b"\n"], repeat(b",\n")), messages, strict=False):
        yield separator + encode(message)
    yield b"\n]}\n"


def _html(session: ChatSession) -> Iterator[bytes]:
    yield html_page.head_of(session.title)
    count = 0
    for message in messages_of(session):
        if message.is_current:
            count += 1
            yield html_page.article(message)
    yield html_page.end_of(f"{count} messages")


def _markdown(session: ChatSession) -> Iterator[bytes]:
    yield title_of(session.title).encode()
    count = 0
    for message in messages_of(session):
        if not message.is_current:
            continue
        count += 1
        yield turn_of(message).encode()
    # Invisible when rendered; a download that was cut off lacks it.
    yield f"\n<!-- end: {count} messages -->\n".encode()
