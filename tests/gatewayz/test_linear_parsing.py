"""Input of callers is read in linear time.

A pattern that goes back, or a loop within a loop, lets one small request hold a process for hours.
Each parser reads a text and one that is four times as long: linear work grows fourfold, quadratic
work sixteenfold.
"""

import ast
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation, ValidationError
from django.db import DataError
from django.http import Http404, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.test import RequestFactory
from django.urls import resolve
from django.utils.cache import get_conditional_response
from opentelemetry.propagate import extract
from rest_framework.exceptions import APIException

from accounts.activity.serializers import ActivityLogInput
from accounts.audit.redaction import redacted
from accounts.audit.rejected_requests import split_mask
from accounts.audit.serializers import AuditLogInput
from accounts.auth.passwords import check_strength
from accounts.auth.privy import user_of_token
from accounts.auth.serializers import SignUpInput
from accounts.auth.throttling import admit_sign_in
from accounts.keys.serializers import ApiKeyInput
from accounts.models import User
from accounts.notifications import webhooks
from accounts.principals import allowlists, key_format
from accounts.principals.email_addresses import canonical
from accounts.principals.principal import Principal
from accounts.principals.scopes import validate_scopes
from accounts.profile.serializers import ProfileChange
from accounts.referrals.codes import normalised, shown_name
from chat import idempotency
from chat.conversations import items
from chat.feedback.serializers import FeedbackInput
from chat.messages import conversation
from chat.messages.markdown import render_markdown
from chat.messages.serializers import MessageInput
from chat.search import asked, candidates, snippets
from chat.search import query as search_query
from chat.search import text as search_text
from chat.search.cursors import read_cursor as read_search_cursor
from chat.search.serializers import SearchInput
from chat.sessions.cursors import read_cursor
from chat.sessions.serializers import SessionIdsInput, SessionInput
from chat.transfer.documents import documents
from chat.transfer.markdown import contained
from chat.transfer.recognition import conversations
from chat.transfer.serializers import ChatInput
from gatewayz.api import bodies
from gatewayz.api.bodies import MAX_VALUES, read_json
from gatewayz.api.serializing import validated
from gatewayz.api.storable_json import UnstorableJsonError, check_storable
from gatewayz.middleware import cross_origin
from gatewayz.middleware.cookies import CookieMiddleware
from gatewayz.middleware.request_context import RequestContextMiddleware
from gatewayz.request import deadline
from gatewayz.request.client_address import client_address, network_of
from tests.accounts.auth.conftest import _privy as _privy

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]

SHORT, TIMES = 4_000, 4
# Between linear (4) and quadratic (16), with room for a machine that is busy.
MAX_GROWTH = 9.0
TRIES = 5

# Each text repeats one of these units between a prefix and a suffix.
Pump = tuple[str, str, str]
PUMPS: list[Pump] = [
    *[("", unit, "") for unit in ("a", "0", " ", ".", "-", "A.", "é", "\n", "\x00", "gw_live_")],
    *[
        ("", unit, "!")
        for unit in ("a", "a-", "0.", "::", "/", "%41", "=", "a;", "a,", "@", "a=&")
    ],
    *[('"', unit, "") for unit in ('\\"', "\\", '"', "a", 'a"b')],
    *[("", unit, "") for unit in ("(", "[", "{", "<", "*", "`", "~", "![", "](", "> ", "|", "_a")],
]


@dataclass(frozen=True)
class Parser:
    """Something that reads a text; `patterns` are those that it uses, `pumps` its own worst."""

    read: Callable[[str], Any]
    patterns: tuple[str, ...] = ()
    pumps: tuple[Pump, ...] = ()
    short: int = SHORT
    # Of this thread on a processor: others on the machine do not count.
    clock: Callable[[], float] = time.thread_time


_requests = RequestFactory()


def _get(**headers: str) -> Any:
    return _requests.get("/", **headers)


def _post(body: str, content_type: str) -> Any:
    return _requests.post("/", body.encode(), content_type=content_type)


def _fields(serializer: Any, *names: str, **others: Any) -> Callable[[str], Any]:
    return lambda text: validated(serializer, dict.fromkeys(names, text) | others)


def _lists(serializer: Any, *names: str) -> Callable[[str], Any]:
    return lambda text: validated(serializer, {name: list(text) for name in names})


def _json(text: str) -> Any:
    return read_json(_post(text, "application/json"), settings.MAX_BODY_BYTES)


def _chats(text: str) -> Any:
    return list(conversations(documents(BytesIO(text.encode()))))


def _json_of_many_values(text: str) -> Any:
    return _json('{"a":[' + "0," * MAX_VALUES + text)


def _multipart(text: str) -> Any:
    body = f'--b\r\nContent-Disposition: form-data; name="{text}"\r\n\r\n{text}\r\n--b--\r\n'
    return _post(body, "multipart/form-data; boundary=b").POST


def _same_origin(text: str) -> Any:
    return CorsMiddleware(lambda _: HttpResponse())(_get(HTTP_ORIGIN=text))


def _cookies(text: str) -> Any:
    middleware = CookieMiddleware(lambda request: HttpResponse(len(request.COOKIES)))
    return middleware(_requests.get("/", HTTP_COOKIE=text))


def _conditional(text: str) -> Any:
    headers = ("IF_NONE_MATCH", "IF_MATCH", "IF_MODIFIED_SINCE", "IF_UNMODIFIED_SINCE")
    request = _get(**{f"HTTP_{name}": text for name in headers})
    return get_conditional_response(request, '"etag"', 1.0, HttpResponse())


def _request_id(text: str) -> Any:
    return RequestContextMiddleware(lambda _: HttpResponse())(_get(HTTP_X_REQUEST_ID=text))


def _referrers(text: str) -> Any:
    return allowlists.allows_referrer(["example.com", "*.example.org"], text, text)


def _idempotency_key(text: str) -> Any:
    view = idempotency.idempotent(lambda *_: HttpResponse())
    request = _get(HTTP_IDEMPOTENCY_KEY=text)
    request.data, request.user = {}, _principal
    return view(None, request)


_principal = Principal(1, 1, True, True, False, "live", None)


def _prepare(text: str) -> Any:
    return search_text.terms(search_text.fold(text))


def _compare(text: str) -> Any:
    """Compare a text with queries that are hard to compare with it, and make a snippet."""
    queries = [
        text[: search_query.MAX_QUERY],
        "a",
        "aa",
        "é",
        "a-a",
        '"a a"',
        "z -a",
        "🎉🎉",
        "x" * search_query.MAX_QUERY,
    ]
    units = [unit for query in queries for unit in asked.read(query).units]
    return snippets.snippet(text, search_text.fold(text), units)


PARSERS: dict[str, Parser] = {
    # --- bodies
    "JSON": Parser(
        _json,
        pumps=(
            ("", "[", ""),
            ('{"a":"', "\\u0041", '"}'),
            ("[", '"",', '""]'),
            ("{", '"a":0,', '"a":0}'),
            ("[1", "0", "]"),
            ("[0.", "1", "]"),
            ("[1e", "1", "]"),
        ),
        short=20_000,
    ),
    "JSON of many values": Parser(
        _json_of_many_values, pumps=(("", '"\\",', ""), ("", '"",', "")), short=10_000
    ),
    "file of chats": Parser(
        _chats,
        ("chat/transfer/documents.py:_UP_TO_BRACKET",),
        pumps=(
            *[("[", unit, "") for unit in ("{},", '"a",', "[", "[]", '"', '\\"', "\n", " ")],
            *[('["', unit, "") for unit in ("a", "\\", '\\"', "[")],
            *[("{}\n", unit, "") for unit in ("{}\n", "{", "\n", '"')],
        ),
        short=20_000,
    ),
    "minus zero": Parser(
        lambda text: bodies.parse_json(b"-0 " + text.encode()),
        (
            "gatewayz/api/bodies.py:_MAYBE_MINUS_ZERO",
            "gatewayz/api/bodies.py:_STRING_OR_MINUS_ZERO",
        ),
        pumps=(("", "-0", ""), ("", "-0 ", ""), ('"', '\\"-0', ""), ("", '"\\', "")),
    ),
    "half of a surrogate pair": Parser(
        lambda text: bodies.parse_json(b'"' + text.encode()),
        ("gatewayz/api/bodies.py:_HALF_PAIR",),
        pumps=(("", "\\ud83d", ""), ("", "\\ud83d\\ude00", ""), ("", "\\u", "")),
    ),
    "picture of a message": Parser(
        conversation.PICTURE.fullmatch,
        ("chat/messages/conversation.py:PICTURE",),
        pumps=(("data:image/png;base64,", "A", "!"), ("data:image/png;base64,A", "=", "")),
    ),
    "id of an item": Parser(
        items.ROW_ID.fullmatch,
        ("chat/conversations/items.py:ROW_ID",),
        pumps=(("msg_", "0", "!"),),
    ),
    "message in Markdown": Parser(contained, pumps=(("", "[a]: b\n", ""), ("", "<!-- ", ""))),
    "form": Parser(lambda text: _post(text, "application/x-www-form-urlencoded").POST),
    "multipart form": Parser(_multipart),
    "multipart boundary": Parser(lambda text: _post("", f"multipart/form-data; {text}").POST),
    # --- the request's line and headers
    "path": Parser(lambda text: resolve(f"/v1/chat/sessions/{text}"), short=5_000),
    "query": Parser(lambda text: _requests.get(f"/?{text}").GET),
    "host": Parser(lambda text: _get(HTTP_HOST=text).get_host()),
    "cookies": Parser(_cookies, pumps=(('a="', "\\", '"'), ('a="', "\\0", '"'))),
    "request id": Parser(
        _request_id, ("gatewayz/middleware/request_context.py:_SAFE_REQUEST_ID",)
    ),
    "deadline": Parser(lambda text: deadline.allowed_seconds(_get(HTTP_X_REQUEST_TIMEOUT=text))),
    "forwarded addresses": Parser(
        lambda text: client_address(_get(HTTP_X_FORWARDED_FOR=text, REMOTE_ADDR="127.0.0.1")),
        pumps=(("", "127.0.0.1,", ""), ("", "[::1]:1,", "")),
    ),
    "address": Parser(lambda text: network_of(client_address(_get(REMOTE_ADDR=text)))),
    "origin": Parser(_same_origin),
    "asked headers": Parser(
        cross_origin.OPENAI_HEADERS.fullmatch,
        ("gatewayz/middleware/cross_origin.py:OPENAI_HEADERS",),
        pumps=(("x-stainless-", "a", "!"),),
    ),
    "conditional headers": Parser(_conditional, pumps=(("", '"a",', ""), ("", 'W/"', ""))),
    "trace": Parser(
        lambda text: extract({"traceparent": text, "tracestate": text, "baggage": text}),
        pumps=(("", "a=b,", ""),),
    ),
    "referrer": Parser(_referrers),
    "key": Parser(
        lambda text: key_format.is_well_formed(text) or key_format.is_legacy(text),
        (
            "accounts/principals/key_format.py:_KEY",
            "accounts/principals/key_format.py:_LEGACY_KEY",
        ),
    ),
    "masked key": Parser(split_mask, ("accounts/audit/rejected_requests.py:_MASK",)),
    "idempotency key": Parser(_idempotency_key, ("chat/idempotency.py:_KEY",)),
    # --- what is in a body or a query
    "cursor": Parser(read_cursor),
    "token": Parser(user_of_token, pumps=(("", "a.", ""), ("e30.", "a", ".a"))),
    "e-mail address": Parser(
        _fields(SignUpInput, "email", password="p"), pumps=(("a@", "a.", ""),)
    ),
    "one form of an e-mail address": Parser(
        canonical, pumps=(("", "ﷺ", "@a.b"), ("a@", "é.", ""))
    ),
    "attempts at an account": Parser(lambda text: admit_sign_in("", text)),
    "password": Parser(lambda text: check_strength("password", text, User(username="ada"))),
    "profile": Parser(_fields(ProfileChange, "username", "email", "chat_retention_days")),
    "session": Parser(_fields(SessionInput, "title", "model")),
    "message": Parser(
        _fields(MessageInput, "role", "content", "model", "tokens", "reasoning", "created_at")
    ),
    "content": Parser(check_storable),
    "content of parts": Parser(
        lambda text: check_storable([{"text": one} for one in text]), short=1_000
    ),
    "messages": Parser(_lists(ChatInput, "messages"), short=500),
    "session ids": Parser(_lists(SessionIdsInput, "ids"), short=100),
    "feedback": Parser(
        _fields(FeedbackInput, "feedback_type", "rating", "comment", "model", "session_id")
    ),
    "search": Parser(_fields(SearchInput, "query", "limit")),
    "cursor of a search": Parser(read_search_cursor),
    "query of a search": Parser(
        asked.read,
        (
            "chat/search/asked.py:_TOKEN",
            "chat/search/asked.py:_DAY",
            "chat/search/asked.py:_PLACED",
        ),
        pumps=(
            ("", "- ", "a"),
            ("", "-(", "a"),
            ("", "a ", ""),
            ("", "a or ", ""),
            ("", "-a ", ""),
            ("", '"a" ', ""),
            ("", "🎉", ""),
            ("", "中", ""),
            ("", "role:", ""),
            ("", "tag:", ""),
            ("", ' tag:"', ""),
            ("after:", "1", ""),
        ),
    ),
    "model of a search": Parser(
        lambda text: candidates._LIKE.sub(candidates._ESCAPED, text),
        ("chat/search/candidates.py:_LIKE",),
        pumps=(("", "%", ""), ("", "\\", "")),
    ),
    "text that search prepares": Parser(
        _prepare,
        (
            "chat/search/text.py:_ATOM",
            "chat/search/text.py:_STRETCH",
            "chat/search/text.py:_NOT_ASCII",
            "chat/search/text.py:_MANY_MARKS",
            "chat/search/text.py:_SHAPING_JOINER",
        ),
        pumps=(
            ("a", "\u0301\u0316", ""),
            ("", "\u1100", ""),
            ("", "ﷺ", ""),
            ("", "👨\u200d", ""),
            ("", "か\u3099", ""),
        ),
    ),
    "text that search compares": Parser(
        _compare,
        (
            "chat/search/asked.py:Unit",
            "chat/search/snippets.py:_LINE",
            "chat/search/snippets.py:_PIECE",
            "chat/search/snippets.py:_CHARACTER",
            "chat/search/snippets.py:_WORD",
            "chat/search/snippets.py:_UNSHOWN",
        ),
        pumps=(
            ("", "a-", ""),
            ("", "🎉", ""),
            ("", "x", ""),
            ("", "ﷺ", ""),
            ("", "👨\u200d", ""),
            ("", "中", "a"),
            ("", "é ", "a"),
            ("", "🎉-", ""),
        ),
    ),
    "audit log": Parser(
        _fields(AuditLogInput, "key_id", "action", "start_date", "end_date"),
        ("accounts/audit/serializers.py:_DAY",),
    ),
    "activity log": Parser(_fields(ActivityLogInput, "from", "to", "model", "page")),
    "api key": Parser(_fields(ApiKeyInput, "key_name", "environment_tag", "max_requests")),
    "allow-lists": Parser(_lists(ApiKeyInput, "ip_allowlist", "domain_referrers"), short=20),
    "network": Parser(lambda text: allowlists.validate_ip_allowlist([text])),
    "host of an allow-list": Parser(
        lambda text: allowlists.validate_domain_referrers([text]),
        ("accounts/principals/allowlists.py:_DOMAIN",),
    ),
    "scopes": Parser(lambda text: validate_scopes({"chat": list(text), text: [text]})),
    "referral code": Parser(normalised),
    "name of a referrer": Parser(
        lambda text: shown_name(User(username=text, email="ada@example.com")),
        ("accounts/referrals/codes.py:_MADE_OF_ADDRESS",),
        (("-", "0", "x"), ("", "-0", "")),
    ),
    "webhook": Parser(webhooks.url_problem, pumps=(("https://", "a", ""), ("https://", "@", ""))),
    "audited values": Parser(
        lambda text: redacted({text: text, "list": list(text)}),
        ("accounts/audit/redaction.py:_SECRET_NAME", "accounts/principals/key_format.py:_ANY_KEY"),
        pumps=(("", "gw_live_aaaaaaaaaaa!", ""), ("", "api_", ""), ("", "secre", "")),
        short=1_000,
    ),
    "Markdown": Parser(
        render_markdown,
        pumps=(("", "[a](b", ""), ("", "*a **a ", ""), ("", "- a\n", ""), ("", "[a]: b\n", "")),
        short=2_000,
    ),
}

# Patterns that no caller's text meets, and where what they read comes from.
NOT_OF_CALLERS = {
    "gatewayz/api/tags.py:tag_of": "paths of our own views",
    "accounts/migrations/0026_canonical_addresses.py:_ODD": "columns of 254 characters",
    "gatewayz/database/programs.py:major_version": "what a program of PostgreSQL says of itself",
    "gatewayz/database/roles.py:_NAME": "an argument of a command",
}

# Errors that a parser may raise for a text.
REJECTIONS = (
    APIException,
    BadRequest,
    DataError,
    Http404,
    MultiPartParserError,
    SuspiciousOperation,
    UnstorableJsonError,
    ValidationError,
)


@pytest.fixture(autouse=True)
def _everything_is_looked_at(settings: Any, _privy: None) -> None:
    """Headers of proxies and of other sites' pages, and tokens of Privy."""
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]


def _growth(parser: Parser, pump: Pump) -> float:
    """How much more a text costs that is TIMES as long."""
    before, unit, after = pump
    units = max(1, parser.short // len(unit))
    short, long = (before + unit * count + after for count in (units, TIMES * units))
    _seconds(parser, short)  # what is made once
    return min(_seconds(parser, long) for _ in range(2)) / min(
        _seconds(parser, short) for _ in range(3)
    )


def _seconds(parser: Parser, text: str) -> float:
    began = parser.clock()
    with suppress(*REJECTIONS):
        parser.read(text)
    return parser.clock() - began


@pytest.mark.parametrize("name", PARSERS)
def test_parsing_time_grows_linearly(name):
    parser = PARSERS[name]

    for pump in [*PUMPS, *parser.pumps]:
        growth = (_growth(parser, pump) for _ in range(TRIES))
        assert any(times <= MAX_GROWTH for times in growth), pump


def _patterns_of(path: Path) -> Iterator[str]:
    """`<path>:<name>` of each regular expression, of Python or SQL, in a module.

    The name is that of the constant, or of the function, in which it is.
    """
    module = ast.parse(path.read_text())
    for statement in module.body:
        if any(_is_pattern(node) for node in ast.walk(statement)):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement
            name = getattr(target, "id", None) or getattr(target, "name", type(target).__name__)
            yield f"{path.relative_to(ROOT)}:{name}"


def _is_pattern(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called.startswith(("re.", "regex.")) or called.endswith(
            ("RegexValidator", "RegexField")
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "regexp_" in node.value
    return isinstance(node, ast.keyword) and str(node.arg).endswith(("__regex", "__iregex"))


def test_every_pattern_belongs_to_a_tested_parser():
    paths = [
        path
        for package in ("gatewayz", "accounts", "chat")
        for path in sorted((ROOT / package).rglob("*.py"))
    ]
    found = [name for path in paths for name in _patterns_of(path)]

    tried = {name for parser in PARSERS.values() for name in parser.patterns}
    assert {*found} == tried | {*NOT_OF_CALLERS}
