"""Chats as one self-contained HTML page for people, without scripts."""

from functools import cache
from pathlib import Path

from django.utils.html import format_html
from django.utils.safestring import mark_safe

import chat
import gatewayz
from chat.messages.markdown import render_markdown
from chat.models import ChatMessage, ChatSession
from chat.transfer.markdown import body_of

# The page is opened from a disk. It may load nothing, so that the writer of a message cannot learn
# who reads it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1 dir="auto">{title}</h1></header>
<main>
"""
_SESSION = """<details>
<summary dir="auto">{title} · <time datetime="{iso}">{day}</time></summary>
"""
SESSION_END = b"</details>\n"
_MESSAGE = """<article class="gw-message gw-{role}">
<header><strong>{role}</strong><span><time datetime="{iso}">{time}</time>{model}</span></header>
<div class="gw-prose" dir="auto">{body}</div>
</article>
"""
_SECTION = "<details><summary>{title}</summary><pre>"
SECTION_END = b"</pre></details>\n"


def head_of(title: str) -> bytes:
    """Return the beginning of a page with this title."""
    return format_html(_HEAD, policy=_POLICY, title=title, style=_style()).encode()


def end_of(what: str) -> bytes:
    """Return the end of a page; a download that was cut off lacks it."""
    return format_html("</main>\n</body>\n</html>\n<!-- end: {} -->\n", what).encode()


def session_head(session: ChatSession) -> bytes:
    """Return the beginning of a session among others, up to SESSION_END."""
    begun = session.created_at
    return format_html(
        _SESSION, title=session.title, iso=begun.isoformat(), day=f"{begun:%Y-%m-%d}"
    ).encode()


def section_head(title: str) -> bytes:
    """Return the beginning of a list of rows, each a `row`, up to SECTION_END."""
    return format_html(_SECTION, title=title).encode()


def row(json: bytes) -> bytes:
    """Return a row of a list."""
    return format_html("{}\n", json.decode()).encode()


def article(message: ChatMessage) -> bytes:
    """Return a message with everything that a reader needs to see."""
    at = message.created_at
    return format_html(
        _MESSAGE,
        role=message.role,
        iso=at.isoformat(),
        time=f"{at:%Y-%m-%d %H:%M:%S %Z}",
        model=f" · {message.model}" if message.model else "",
        body=render_markdown(body_of(message)),
    ).encode()


@cache
def _style() -> str:
    palette = Path(gatewayz.__file__).parent / "static/gatewayz/palette.css"
    own = Path(chat.__file__).parent / "static/chat/shared_chat.css"
    return mark_safe(palette.read_text() + own.read_text())  # noqa: S308, they are ours
