"""GET /v1/chat/share/{token} by a browser: a page that people read."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import timezone

from accounts.limits import throttles
from chat.messages.conversation import PAGE_MESSAGES
from chat.models import ChatMessage, Share
from chat.shares import write
from tests.problems import assert_problem

PATH = "/v1/chat/share"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PICTURE = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def link(user, session):
    """The path of a link to a session with one message."""
    ChatMessage.objects.create(
        session=session, role="user", content="Say **hello**", metadata={"client": "private"}
    )
    Share.objects.create(user=user, session=session, token="t" * 32)
    return f"{PATH}/{'t' * 32}"


def read(link, *, accept=BROWSER, **query):
    return Client().get(link, query, headers={"Accept": accept})


class Seen(HTMLParser):
    """The elements that a browser finds in a page."""

    def __init__(self, response):
        super().__init__()
        self.elements = []
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def values(self, name):
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def test_a_browser_gets_a_page_with_the_conversation(link):
    response = read(link)

    assert response["Content-Type"] == "text/html; charset=utf-8"
    shown = response.content.decode()
    assert "Say <strong>hello</strong>" in shown
    assert '<meta property="og:title" content="Hello">' in shown
    assert "private" not in shown


@pytest.mark.parametrize(
    ("accept", "gets_page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/*", True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("application/json, text/plain, */*", False),
        ("application/json, text/html", False),
        ("text/html;q=0.4, application/json;q=0.5", False),
        ("text/html;q=0", False),
        ("image/png", False),
        ("nonsense", False),
    ],
)
def test_a_program_gets_json(link, accept, gets_page):
    response = read(link, accept=accept)

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html") is gets_page
    assert "Accept" in response["Vary"]


def test_a_client_without_an_accept_header_gets_json(link):
    response = Client().get(link)

    assert response["Content-Type"] == "application/json"
    assert "Accept" in response["Vary"]


def test_the_page_runs_no_script_and_loads_nothing_from_elsewhere(link):
    response = read(link)

    policy = response["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert not any(rule.startswith("script-src") for rule in policy)
    assert "frame-ancestors 'none'" in policy
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    seen = Seen(response)
    assert "script" not in {tag for tag, _ in seen.elements}
    assert seen.values("style") == []


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "![tracker](https://evil.example/pixel.png)",
    "</article></main><form action=https://evil.example><button>Log in</button></form>",
    "<style>*{display:none}</style>",
    '"><svg onload=alert(1)>',
    "> " * 5_000 + "deep",
    "[" * 20_000,
    "*a " * 20_000,
    [{"type": "image_url", "image_url": {"url": "javascript:alert(1)"}}],
    [{"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,PHN2Zz4="}}],
    [{"type": "image_url", "image_url": {"url": 'data:image/png;base64,AA" onload="alert(1)'}}],
    [{"type": "image_url", "image_url": {"url": "https://evil.example/pixel.png"}}],
    [{"type": "<b onclick=alert(1)>", "x": "</pre><script>alert(1)</script>"}],
    None,
]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: repr(content)[:40])
def test_messages_are_shown_as_inert_text(api, session, link, content):
    body = {"role": "assistant", "content": content, "reasoning": "<script>x</script>"}
    if content is None:
        body["tool_calls"] = [{"id": "</pre><script>alert(1)</script>", "type": "function"}]
    assert api.post_json(f"/v1/chat/sessions/{session.pk}/messages", body).status_code == 201

    response = read(link)

    assert response.status_code == 200
    seen = Seen(response)
    tags = {tag for tag, _ in seen.elements}
    assert not tags & {"script", "svg", "form", "style", "button", "iframe", "object"}
    assert not [name for _, found in seen.elements for name in found if name.startswith("on")]
    own = ("/static/", "#", "https://evil.example/pixel.png")
    assert all(link.startswith(own) for link in seen.values("href"))
    assert seen.values("src") == []


def test_a_title_is_text(link, session):
    session.title = '"><script>alert(1)</script>'
    session.save()

    assert "script" not in {tag for tag, _ in Seen(read(link)).elements}


def test_the_deepest_accepted_nesting_of_parts_is_shown(api, session, link):
    part = "x"
    for _ in range(60):
        part = [part]
    body = {"role": "user", "content": [{"type": "odd", "value": part}]}
    assert api.post_json(f"/v1/chat/sessions/{session.pk}/messages", body).status_code == 201

    assert read(link).status_code == 200


def test_pictures_that_are_part_of_a_message_are_shown(link, session):
    parts = [{"type": "image_url", "image_url": {"url": PICTURE}}]
    ChatMessage.objects.create(session=session, role="user", content="", content_parts=parts)

    response = read(link)

    assert Seen(response).values("src") == [PICTURE]
    assert "img-src 'self' data:" in response["Content-Security-Policy"]


def test_system_messages_are_hidden_by_default(link, session):
    for role in ("system", "developer"):
        ChatMessage.objects.create(session=session, role=role, content=f"secret of {role}")

    assert "secret of" not in read(link).content.decode()
    Share.objects.update(include_system=True)
    assert read(link).content.decode().count("secret of") == 2


def test_a_dead_link_shows_a_page_that_says_so(link):
    Share.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    answers = {}
    for path in (link, f"{PATH}/unknown"):
        response = read(path)
        assert response.status_code == 404
        assert "Accept" in response["Vary"]
        assert "no longer available" in response.content.decode()
        assert "script-src" not in response["Content-Security-Policy"]
        answers[path] = response.content
    # Nobody learns whether there ever was a link.
    assert len(set(answers.values())) == 1
    assert_problem(read(link, accept="*/*"), 404, "not_found")


def test_a_fault_of_the_service_shows_a_page(link, monkeypatch):
    monkeypatch.setattr(write, "view_share", lambda *_, **__: 1 / 0)
    browser = Client(raise_request_exception=False)

    page = browser.get(link, headers={"Accept": BROWSER})
    problem = browser.get(link)

    assert page.status_code == 500
    assert "cannot be shown now" in page.content.decode()
    assert_problem(problem, 500, "internal_error")


def test_too_many_views_show_a_page_that_says_when_to_come_back(link, monkeypatch):
    monkeypatch.setattr(throttles, "PUBLIC_REQUESTS_PER_MINUTE", 1)
    assert read(link).status_code == 200

    response = read(link)

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "Too many requests" in response.content.decode()


def test_an_invalid_position_shows_an_error_page(link):
    response = read(link, after="x")

    assert response.status_code == 400
    assert "not complete" in response.content.decode()


def test_a_long_conversation_is_read_from_its_start_page_by_page(
    link, session, django_assert_num_queries
):
    for number in range(2 * PAGE_MESSAGES):
        ChatMessage.objects.create(session=session, role="assistant", content=f"M{number}.")

    def ids(response):
        return [
            int(found) for found in re.findall(r'id="message-(\d+)"', response.content.decode())
        ]

    pages = []
    # Counting the view; the link and its session; the messages.
    with django_assert_num_queries(3):
        pages.append(read(link))
    while following := re.search(r"\?after=(\d+)", pages[-1].content.decode()):
        pages.append(read(link, after=following[1]))

    read_ids = [found for page in pages for found in ids(page)]
    assert read_ids == list(session.messages.in_order().values_list("pk", flat=True))
    assert [len(ids(page)) for page in pages] == [PAGE_MESSAGES, PAGE_MESSAGES, 1]
    assert Share.objects.get().view_count == 1


def test_a_head_request_counts_no_view(link):
    assert Client().head(link, headers={"Accept": BROWSER}).status_code == 200
    assert Share.objects.get().view_count == 0
    read(link)
    assert Share.objects.get().view_count == 1
