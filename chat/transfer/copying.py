"""Taking chats out, a page at a time however long they are, and bringing them in."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q

from accounts.principals.principal import Principal
from chat.messages.read import within_bytes
from chat.messages.write import append_messages
from chat.models import ChatMessage, ChatSession
from chat.sessions.write import create_session
from gatewayz.streaming.downloads import read_page

PAGE_MESSAGES = 100
PAGE_SESSIONS = 100

# What a message or session is exported with, and imported from.
MESSAGE_FIELDS = ("role", "model", "tokens", "reasoning", "metadata", "created_at")
SESSION_FIELDS = ("title", "model", "created_at", "updated_at")

CONTENT_TYPES = {
    "json": "application/json",
    "openai": "application/json",
    "markdown": "text/markdown; charset=utf-8",
}
SUFFIXES = {"json": "json", "openai": "openai.json", "markdown": "md"}

_encode = msgspec.json.Encoder().encode


def export_chat(session: ChatSession, form: str) -> Iterator[bytes]:
    """A session in one of the forms of CONTENT_TYPES, in pieces.

    `json` is what `import_chat` reads, whole; `openai` the request that would go on with the
    chat; `markdown` is for people. One that was cut off is no JSON, or lacks the comment at the
    end of the Markdown.
    """
    return {"json": _json, "openai": _openai, "markdown": _markdown}[form](session)


def export_all(owner: Principal) -> Iterator[bytes]:
    """Everything that `owner` has not deleted, as NDJSON: each session, then its messages.

    The last line says how many lines there were before it. Without it, the download was cut off.
    """
    last = lines = 0
    owned = ChatSession.objects.owned_by(owner).active().order_by("id")
    while page := read_page(owned.filter(id__gt=last)[:PAGE_SESSIONS]):
        for session in page:
            lines += 1
            yield _encode({"type": "session", "id": session.pk, **_session(session)}) + b"\n"
            for message in messages_of(session):
                lines += 1
                line = {"type": "message", "session_id": session.pk, "id": message.pk}
                yield _encode(line | _message(message)) + b"\n"
        last = page[-1].pk
    # With an id, as clients look for one in each line.
    yield _encode({"type": "end", "id": None, "lines": lines}) + b"\n"


def import_chat(owner: Principal, given: Mapping[str, Any]) -> ChatSession:
    """Begin a session with the messages of an export: all of them, or nothing is made.

    `given` has `messages` and may have `title`, `model` and `created_at`.
    """
    with transaction.atomic():
        session = create_session(
            owner,
            title=given.get("title"),
            model=given.get("model"),
            created_at=given.get("created_at"),
        )
        if given["messages"]:
            append_messages(owner, session.pk, given["messages"])
    session.refresh_from_db()
    return session


def messages_of(session: ChatSession) -> Iterator[ChatMessage]:
    """All messages of a session in order, PAGE_MESSAGES and PAGE_BYTES in memory at a time."""
    in_order = session.messages.in_order()
    page = read_page(within_bytes(in_order, PAGE_MESSAGES))
    while page:
        yield from page
        # By the time itself: the message may be deleted meanwhile, and nothing would follow it.
        last = page[-1]
        later = Q(created_at__gt=last.created_at) | Q(pk__gt=last.pk)
        following = in_order.filter(later, created_at__gte=last.created_at)
        page = read_page(within_bytes(following, PAGE_MESSAGES))


def _session(session: ChatSession) -> dict[str, Any]:
    return {name: getattr(session, name) for name in SESSION_FIELDS}


def _message(message: ChatMessage) -> dict[str, Any]:
    fields = {name: getattr(message, name) for name in MESSAGE_FIELDS}
    return {"role": fields.pop("role"), "content": message.given_content, **fields}


def _json(session: ChatSession) -> Iterator[bytes]:
    return _object(_session(session), map(_message, messages_of(session)))


def _openai(session: ChatSession) -> Iterator[bytes]:
    messages = (
        {"role": message.role, "content": message.given_content}
        for message in messages_of(session)
    )
    return _object({"model": session.model}, messages)


def _object(head: dict[str, Any], messages: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """A JSON object of `head` and `messages`, a message at a time."""
    yield _encode(head)[:-1] + b',"messages":['
    for separator, message in zip(
        itertools.chain([b"\n"], itertools.repeat(b",\n")), messages, strict=False
    ):
        yield separator + _encode(message)
    yield b"\n]}\n"


def _markdown(session: ChatSession) -> Iterator[bytes]:
    yield f"# {session.title}\n".encode()
    count = 0
    for message in messages_of(session):
        count += 1
        yield f"\n## {message.role.title()}\n\n{message.content}\n".encode()
    # Not shown; a download that was cut off does not end with it.
    yield f"\n<!-- end: {count} messages -->\n".encode()
