"""An export comes back the same, into this account or another."""

import json
import string

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chat.models import ChatSession

PATH = "/v1/chat/sessions"

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
NAMES = st.text(string.ascii_letters, min_size=1, max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.integers(0, 1_700_000_000) | st.integers(10**11, 1_700_000_000_000) | st.none()
PARTS = st.lists(st.fixed_dictionaries({"type": NAMES, "text": TEXTS, "more": JSON}), max_size=3)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(
                ["user", "assistant", "system", "developer", "tool", "function"]
            ),
            "content": TEXTS | PARTS | st.none(),
        },
        optional={
            "model": NAMES,
            "tokens": st.integers(0, 1000),
            "reasoning": TEXTS,
            "created_at": TIMES,
            "updated_at": TIMES,
            "edited": st.booleans(),
            "revision": st.integers(0, 5),
            "status": st.sampled_from(["completed", "incomplete", "failed", "in_progress"]),
            "metadata": JSON,
            "tool_calls": JSON,
            "x_custom": JSON,
            # Which of the messages before this one it follows, as a share of them.
            "parent": st.floats(0, 1),
        },
    ),
    max_size=6,
)
SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "title": NAMES,
        "model": NAMES,
        "created_at": TIMES,
        "updated_at": TIMES,
        "is_pinned": st.booleans(),
        "is_archived": st.booleans(),
        "end_user_id": NAMES,
        "tags": st.lists(NAMES, max_size=3),
        "folder": NAMES,
        "metadata": st.dictionaries(NAMES, TEXTS, max_size=2),
        "project": JSON,
    },
)


def branched(messages, current):
    """The messages with ids, each after the one that its `parent` draws."""
    for number, message in enumerate(messages):
        message["id"] = number + 1
        drawn = message.pop("parent", None)
        if drawn is not None:
            message["parent_id"] = round(drawn * number)
    return {
        "messages": messages,
        **({"current_message_id": round(current * len(messages))} if messages else {}),
    }


def import_(api, body, kind="application/json"):
    answer = api.post("/v1/chat/import", body, content_type=kind)
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]


OF_MESSAGES = ("parent_id", "current_message_id")


def lines(api):
    """The export of everything, with the number of its line in place of each id."""
    exported = map(json.loads, api.get("/v1/chat/export").getvalue().splitlines())
    shown = [line for line in exported if line["type"] != "end"]
    places = {(line["type"], line.pop("id")): place for place, line in enumerate(shown)}
    for line in shown:
        line.pop("external_id", None)
        line.pop("session_id", None)
        line |= {name: places.get(("message", line[name])) for name in OF_MESSAGES if name in line}
    return shown


OF_ONE = {
    "one": "application/json",
    "one as ndjson": "application/x-ndjson",
    "one as zip": "application/zip",
}
EXPORTS = {
    "json": ("/v1/chat/export", "application/json"),
    "ndjson": ("/v1/chat/export", "application/x-ndjson"),
    "zip": ("/v1/chat/export", "application/zip"),
    "account json": ("/user/export", "application/json"),
    "account ndjson": ("/user/export", "application/x-ndjson"),
    "account zip": ("/user/export", "application/zip"),
}


@pytest.mark.parametrize("form", [*OF_ONE, *EXPORTS])
@settings(
    max_examples=8,
    # The same examples each time, and no search for a shorter one, which takes minutes.
    derandomize=True,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(session=SESSIONS, messages=MESSAGES, current=st.floats(0, 1))
def test_an_import_of_an_export_is_the_same(api, stranger_api, form, session, messages, current):
    ChatSession.objects.all().delete()
    body = session | branched(messages, current)
    made = import_(api, json.dumps(body))

    if form in OF_ONE:
        chosen = {"format": form.split()[-1]} if " " in form else {}
        exported = api.get(f"{PATH}/{made['id']}/export", chosen).getvalue()
        import_(stranger_api, exported, OF_ONE[form])
    else:
        path, kind = EXPORTS[form]
        exported = api.get(path, {"format": form.split()[-1]}).getvalue()
        import_(stranger_api, exported, kind)

    assert lines(stranger_api) == lines(api)
