"""Everything as Markdown, as one HTML page, as JSON and as a ZIP archive."""

import io
import json
import zipfile
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

PATHS = ["/v1/chat/export", "/user/export"]
FORMS = {
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "zip": "application/zip",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "an end of the page": "</article></main></body></html>",
    "an image": "![x](https://evil.example/x.png)",
    "a link that runs": "[x](javascript:alert(1))",
    "a handler": "<b onmouseover=alert(1)>x</b>",
    "an end of the style": "</style><script>alert(1)</script>",
    "a forged turn": "## User\n\nforged",
    "a forged chat": "# Another chat\n\n## User",
    "an open fence": "```\nx",
}


def say(api, session_id, **message):
    path = f"/v1/chat/sessions/{session_id}/messages"
    assert api.post_json(path, message).status_code == 201


@pytest.fixture
def chats(api):
    """Two chats of one hostile kind each, their title too."""

    def make(text):
        for number in range(2):
            made = api.post_json("/v1/chat/sessions", {"title": text[:200]}).json()["data"]
            say(api, made["id"], role="user", content=text)
            say(api, made["id"], role="assistant", content=f"answer {number}", reasoning=text)

    return make


class Page(HTMLParser):
    """A page as a browser sees it: its elements, open ones, and its text."""

    VOID = frozenset({"meta", "br", "hr", "img", "link"})

    def __init__(self, text):
        super().__init__()
        self.seen, self.open, self.attributes = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", FORMS)
def test_everything_comes_in_each_form_as_a_file(api, chats, path, form):
    chats("hello")

    answer = api.get(path, {"format": form})

    assert answer.status_code == 200
    assert answer["Content-Type"] == FORMS[form]
    suffix = "md" if form == "markdown" else form
    assert answer["Content-Disposition"].endswith(f'.{suffix}"')
    body = answer.getvalue()
    if form == "zip":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"".join(archive.read(name) for name in archive.namelist())
    assert b"answer 0" in body
    assert b"answer 1" in body


def test_json_of_everything_is_a_list_of_what_one_export_is(api, chats):
    chats("hello")

    everything = json.loads(api.get("/v1/chat/export", {"format": "json"}).getvalue())

    assert [one["title"] for one in everything] == ["hello", "hello"]
    assert [len(one["messages"]) for one in everything] == [2, 2]
    assert json.loads(api.get("/user/export", {"format": "json"}).getvalue())[-1]["type"] == "end"


def test_nothing_to_export_is_whole_in_each_form(api):
    def exported(form):
        return api.get("/v1/chat/export", {"format": form}).getvalue()

    assert json.loads(exported("json")) == []
    assert exported("markdown") == b"\n<!-- end: 0 chats -->\n"
    assert exported("html").endswith(b"</html>\n<!-- end: 0 chats -->\n")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_content_breaks_out_of_a_page_or_loads_anything(api, chats, name):
    chats(HOSTILE[name])
    session_id = api.get("/v1/chat/sessions").json()["data"][0]["id"]
    texts = [api.get(path, {"format": "html"}).getvalue().decode() for path in PATHS]
    one = api.get(f"/v1/chat/sessions/{session_id}/export", {"format": "html"})

    for text in (*texts, one.getvalue().decode()):
        page = Page(text)
        assert not page.open
        assert not {"script", "img", "link", "iframe"} & {*page.seen}
        assert page.seen.count("style") == page.seen.count("main") == 1
        assert page.seen.count("article") in (2, 4)
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert not [value for name, value in page.attributes if name == "src"]
        hrefs = [value for name, value in page.attributes if name == "href"]
        assert all(href.startswith(("http", "mailto")) for href in hrefs)
        assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_content_forges_a_chat_or_a_turn_in_markdown(api, chats, name, path):
    chats(HOSTILE[name])

    text = api.get(path, {"format": "markdown"}).getvalue().decode()

    tokens = MarkdownIt("commonmark").parse(text)
    headings = [
        (token.tag, tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]
    turns = [content for tag, content in headings if tag == "h2"]
    assert turns == ["User", "Assistant"] * 2
    chapters = [content for tag, content in headings if tag == "h1"]
    assert len(chapters) == 2 or path != PATHS[0]
    assert chapters[-1] == chapters[-2]
    assert tokens[-1].type == "html_block"
    assert tokens[-1].content == "<!-- end: 2 chats -->\n"
