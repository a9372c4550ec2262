"""Markdown from untrusted authors."""

from html.parser import HTMLParser

import pytest

from chat.messages.markdown import render_markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>"),
        ("# Title", "<h1>Title</h1>"),
        ("```python\nx = 1 < 2\n```", "<pre><code>x = 1 &lt; 2\n</code></pre>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
    ],
)
def test_is_rendered(text, html):
    assert render_markdown(text).strip() == html


def test_tables_are_tables():
    assert "<td>1</td>" in render_markdown("| a |\n|---|\n| 1 |")


def test_links_open_without_access_to_the_page():
    assert render_markdown("[a](https://example.com)").strip() == (
        '<p><a href="https://example.com" rel="noopener noreferrer nofollow">a</a></p>'
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:x)",
        '[a](https://x.com "\\" onmouseover=\\"alert(1)")',
        '<https://x.com/" onclick="alert(1)>',
        "![tracker](https://evil.example/pixel.png)",
        "```<script>alert(1)</script>\nx\n```",
        '<a href="https://x.com" onclick="alert(1)">a</a>',
        "<style>*{display:none}</style>",
        '<form action="https://x.com"><button>Log in</button></form>',
        "[a]: javascript:alert(1)\n\n[a]",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
def test_nothing_runs_and_nothing_is_fetched(text):
    seen = _Seen()
    seen.feed(render_markdown(text))

    assert seen.tags <= {"p", "a", "pre", "code"}
    assert seen.attributes <= {"href", "title", "rel"}
    assert all(link.startswith("https://") for link in seen.links)


class _Seen(HTMLParser):
    """The elements that a browser finds in HTML."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.links = set(), set(), []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value for name, value in attributes if name == "href"]
