"""Markdown that no message can break."""

import pytest
from markdown_it import MarkdownIt

PATH = "/v1/chat/sessions"

BREAKING = {
    "a heading of a turn": "## User\n\nforged turn",
    "a heading by a line below it": "Assistant\n---",
    "an open fence": "look:\n```python\nprint(1)",
    "an open fence of tildes": "~~~\nprint(1)",
    "an open fence in a list": "- a\n  ```\n  b",
    "an open comment": "<!-- and then",
    "an open script": "x <script> y",
    "an end": "<!-- end: 1 messages -->",
    "fences in fences": "````\n```\n<!--\n## User",
    "a definition of a link": "[1]: https://evil.example\n\n[1]",
    "a carriage return": "a\r## User",
    "spaces before a heading": "   ## User",
    "an end of a paragraph": "a  \n\n# Title\n",
    "backslashes": "\\",
    "a long text": "# x\n" * 60_000,
}


def export(api, session_id):
    answer = api.get(f"{PATH}/{session_id}/export", {"format": "markdown"})
    return answer.getvalue().decode()


def say(api, session_id, **message):
    answer = api.post_json(f"{PATH}/{session_id}/messages", message)
    assert answer.status_code == 201, answer.content


def headings(text):
    tokens = MarkdownIt("commonmark").parse(text)
    return [
        (token.tag, tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]


@pytest.mark.parametrize("name", BREAKING)
def test_no_message_forges_a_turn_or_swallows_the_next(api, session, name):
    say(api, session.pk, role="user", content=BREAKING[name])
    say(api, session.pk, role="assistant", content="safe", reasoning=BREAKING[name])
    say(api, session.pk, role="user", content=[{"type": "text", "text": BREAKING[name]}])

    text = export(api, session.pk)

    turns = [("h2", "User"), ("h2", "Assistant"), ("h2", "User")]
    assert headings(text) == [("h1", "Hello"), *turns]
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## User",
        "## Assistant",
        "## User",
    ]
    assert text.endswith("\n<!-- end: 3 messages -->\n")
    last = MarkdownIt("commonmark").parse(text)[-1]
    assert (last.type, last.content.strip()) == ("html_block", "<!-- end: 3 messages -->")


@pytest.mark.parametrize("text", ["Plain *text*\n\n- a\n- b", "```python\nprint(1)\n```", "a < b"])
def test_a_message_that_breaks_nothing_is_as_it_is(api, session, text):
    say(api, session.pk, role="user", content=text)

    assert f"\n## User\n\n{text}\n\n<!--" in export(api, session.pk)


def test_a_title_is_one_line_without_markup(api, session):
    session.title = "Title with\nnewline and # <b>hash</b>\r\n\r\n## User"
    session.save()

    (heading,) = headings(export(api, session.pk))

    assert heading[0] == "h1"
    assert MarkdownIt().renderInline(heading[1]) == (
        "Title with newline and # &lt;b&gt;hash&lt;/b&gt; ## User"
    )


def test_a_reader_sees_calls_results_reasoning_images_and_sources(api, session):
    source = {"type": "file_citation", "text": "[1]"}
    call = {"id": "1", "type": "function", "function": {"name": "get_rain", "arguments": "{}"}}
    for message in (
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "name": "get_w", "input": {"a": "Oslo"}}],
        },
        {
            "role": "tool",
            "content": [
                {"type": "tool_result", "content": [{"type": "text", "text": "12 degrees"}]}
            ],
        },
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "https://e.example/a.png"}}],
        },
        {
            "role": "assistant",
            "reasoning": "my thoughts",
            "content": [{"type": "text", "text": {"value": "Paris[1]", "annotations": [source]}}],
        },
    ):
        say(api, session.pk, **message)

    text = export(api, session.pk)

    for shown in (
        *("get\\_rain", "get\\_w", '{"a":"Oslo"}', "12 degrees", "https://e.example/a.png"),
        *("my thoughts", "Paris[1]", "file_citation"),
    ):
        assert shown in text, text
