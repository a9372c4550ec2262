"""/v1/conversations and its items, as the official clients of OpenAI ask for them."""

import pytest

from chat.models import ChatSession
from tests.problems import assert_problem

CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"in":"ä"}'}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": [{"text": "warm"}]}
REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [],
    "content": [{"type": "reasoning_text", "text": "…"}],
    "encrypted_content": "gAAAAA==",
    "status": None,
    "model": 7,
    "role": "developer",
    "position": 1.10,
}


def path(session, *rest):
    return "/".join(["/v1/conversations", f"conv_{session.pk}", *rest])


def say(api, session, *items):
    answer = api.post_json(path(session, "items"), {"items": items})
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def user(text, **more):
    return {"role": "user", "content": text, **more}


def items(api, session, **query):
    return api.get(path(session, "items"), query_params=query).json()


def ids(page):
    return [item["id"] for item in page["data"]]


def test_a_conversation_is_a_session(api):
    created = api.post_json("/v1/conversations", {"metadata": {"topic": "holidays"}}).json()
    session = ChatSession.objects.get()

    assert created == {
        "id": f"conv_{session.pk}",
        "object": "conversation",
        "created_at": int(session.created_at.timestamp()),
        "metadata": {"topic": "holidays"},
    }
    assert api.get(path(session)).json() == created
    changed = api.post_json(path(session), {"metadata": {"topic": "work"}}).json()
    assert changed == {**created, "metadata": {"topic": "work"}}
    assert api.post_json(path(session), {"metadata": None}).json()["metadata"] == {}
    assert api.delete(path(session)).json() == {
        "id": created["id"],
        "object": "conversation.deleted",
        "deleted": True,
    }
    assert_problem(api.get(path(session)), 404, "not_found")


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": None, "metadata": None}], ids=str)
def test_a_conversation_may_begin_empty(api, body):
    created = api.post_json("/v1/conversations", body)

    assert created.status_code == 200
    assert created.json()["metadata"] == {}


def test_a_conversation_begins_with_items_or_not_at_all(api):
    api.post_json("/v1/conversations", {"items": [user("Hello"), CALL]})
    api.post_json("/v1/conversations", {"items": [user("Hello"), {"role": "robot"}]})

    session = ChatSession.objects.get()
    assert len(items(api, session)["data"]) == 2


def test_a_conversation_takes_the_fields_of_a_session(api):
    body = {"external_id": "mine", "title": "Holidays", "items": [user("Hello")]}
    first, again = (api.post_json("/v1/conversations", body).json() for _ in range(2))

    assert first == again
    session = ChatSession.objects.get()
    assert (session.title, session.messages.count()) == ("Holidays", 1)


@pytest.mark.parametrize("item", [CALL, OUTPUT, REASONING], ids=lambda item: item["type"])
def test_an_item_other_than_a_message_is_returned_unchanged(api, session, item):
    (added,) = say(api, session, item)

    assert added == {**item, "id": added["id"]}
    assert added["id"] == item.get("id", added["id"])
    assert api.get(path(session, "items", added["id"])).json() == added
    assert items(api, session)["data"] == [added]


def test_the_text_of_a_message_becomes_a_part(api, session):
    added = say(
        api,
        session,
        user("Hi"),
        {"role": "assistant", "content": "Hello", "phase": "final_answer", "status": "incomplete"},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_image", "detail": "auto"}],
        },
    )

    shown = [{name: value for name, value in item.items() if name != "id"} for item in added]
    assert shown == [
        {
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_text", "text": "Hi"}],
        },
        {
            "type": "message",
            "role": "assistant",
            "status": "incomplete",
            "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
            "phase": "final_answer",
        },
        {
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_image", "detail": "auto"}],
        },
    ]
    assert items(api, session, order="asc")["data"] == added


def test_messages_of_the_other_routes_are_items_too(api, session):
    sent = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}]}
    message = api.post_json(f"/v1/chat/sessions/{session.pk}/messages", sent).json()["data"]
    say(api, session, CALL)

    first, _ = items(api, session, order="asc")["data"]
    assert first["id"] == f"msg_{message['id']}"
    assert (first["content"], first["tool_calls"]) == ([], sent["tool_calls"])
    assert api.get(path(session, "items", first["id"])).json() == first
    kept = api.get(f"/v1/chat/sessions/{session.pk}").json()["data"]["messages"][-1]
    assert kept["role"] == "assistant"
    assert kept["response_item"] == {**CALL, "id": kept["client_id"]}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_follow_one_another(api, session, order, limit):
    added = ids({"data": say(api, session, *(user(str(number)) for number in range(5)))})
    found, query = [], {"order": order, "limit": limit}
    while True:
        page = items(api, session, **query)
        assert (page["first_id"], page["last_id"]) == (ids(page)[0], ids(page)[-1])
        found += ids(page)
        if not page["has_more"]:
            break
        query["after"] = page["last_id"]

    assert found == (added if order == "asc" else added[::-1])


def test_a_page_is_the_newest_twenty_items(api, session):
    added = ids({"data": say(api, session, *(user(str(number)) for number in range(20)))})
    added += ids({"data": say(api, session, *(user(str(number)) for number in range(5)))})

    page = items(api, session, **{"include[]": ["reasoning.encrypted_content"]})
    assert ids(page) == added[:4:-1]
    assert page["has_more"]


def test_a_conversation_without_items_has_an_empty_page(api, session):
    assert items(api, session) == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


def test_an_item_that_is_added_again_stays_one(api, session):
    first, second = say(api, session, user("Hi", id="msg_a"), REASONING)
    say(api, session, {**first, "content": "Hello"}, second)

    again = items(api, session, order="asc")["data"]
    assert [item["id"] for item in again] == ["msg_a", "rs_1"]
    assert again[0]["content"][0]["text"] == "Hello"


def test_items_without_a_true_id_are_kept_apart(api, session):
    added = say(api, session, user("a", id="__fake_id__"), {**CALL, "id": "__fake_id__"}, OUTPUT)

    assert len({*ids({"data": added}), "__fake_id__"}) == 4
    assert items(api, session, order="asc")["data"] == added


def test_an_item_is_deleted(api, session):
    first, second = say(api, session, user("Hi"), CALL)

    answer = api.delete(path(session, "items", second["id"])).json()
    assert (answer["id"], answer["object"]) == (f"conv_{session.pk}", "conversation")
    assert items(api, session)["data"] == [first]
    assert_problem(api.delete(path(session, "items", second["id"])), 404, "not_found")


def test_an_id_of_a_client_goes_before_the_id_of_a_row(api, session):
    sent = {"role": "user", "content": "of the row"}
    row = api.post_json(f"/v1/chat/sessions/{session.pk}/messages", sent).json()["data"]
    say(api, session, user("of the client", id=f"msg_{row['id']}"))

    found = api.get(path(session, "items", f"msg_{row['id']}")).json()
    assert found["content"][0]["text"] == "of the client"


@pytest.mark.parametrize("item_id", ["msg_1", "%00", "msg_" + "9" * 40, "x" * 300, "ü"])
@pytest.mark.parametrize("rest", ["items/{}", "items?after={}"])
def test_an_unknown_item_is_not_found(api, session, item_id, rest):
    answer = api.get(path(session, rest.format(item_id)))

    assert answer.status_code in ((404,) if "/" in rest else (400, 404))


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ("text", "items"),
        ({"type": "item_reference", "id": "msg_1"}, "items"),
        ({"id": "msg_1"}, "items"),
        ({"role": "critic", "content": "x"}, "items"),
        ({**CALL, "id": 7}, "items"),
        ({**CALL, "id": "x" * 256}, "items"),
        ({"role": "user", "content": "\x00"}, "items"),
        ({**CALL, "arguments": "\x00"}, "items"),
    ],
    ids=str,
)
def test_an_item_that_cannot_be_kept_is_rejected(api, session, item, param):
    answer = api.post_json(path(session, "items"), {"items": [user("fine"), item]})

    assert_problem(answer, 400, "validation_error")
    assert answer.json()["error"]["param"] == param
    assert items(api, session)["data"] == []


@pytest.mark.parametrize(
    "metadata",
    [
        "text",
        ["a"],
        {"a": 1},
        {"a": None},
        {"a": "x" * 513},
        {"x" * 65: "a"},
        {str(number): "a" for number in range(17)},
        {"a": "\x00"},
    ],
    ids=lambda metadata: str(metadata)[:20],
)
def test_metadata_has_the_limits_of_openai(api, session, metadata):
    for route in ("/v1/conversations", path(session)):
        answer = api.post_json(route, {"metadata": metadata})

        assert_problem(answer, 400, "validation_error")
        assert answer.json()["error"]["param"] == "metadata"


def test_metadata_may_be_as_long_as_at_openai(api):
    metadata = {f"{number:ä<64}": "€" * 512 for number in range(16)}

    created = api.post_json("/v1/conversations", {"metadata": metadata}).json()
    assert created["metadata"] == metadata


def test_a_request_takes_twenty_items(api, session):
    for route in ("/v1/conversations", path(session, "items")):
        answer = api.post_json(route, {"items": [user("Hi")] * 21})

        assert_problem(answer, 400, "validation_error")
        assert answer.json()["error"]["param"] == "items"
    assert items(api, session)["data"] == []


def test_conversations_of_others_are_not_found(api, stranger_api, session):
    (item,) = say(api, session, user("secret"))

    for answer in (
        stranger_api.get(path(session)),
        stranger_api.post_json(path(session), {"metadata": {}}),
        stranger_api.delete(path(session)),
        stranger_api.get(path(session, "items")),
        stranger_api.post_json(path(session, "items"), {"items": [user("x")]}),
        stranger_api.get(path(session, "items", item["id"])),
        stranger_api.delete(path(session, "items", item["id"])),
    ):
        assert_problem(answer, 404, "not_found")
        assert b"secret" not in answer.content
    assert items(api, session)["data"] == [item]


def test_a_repeated_key_does_it_once(api):
    first, again = (
        api.post_json(
            "/v1/conversations", {"items": [user("Hi")]}, headers={"Idempotency-Key": "k"}
        )
        for _ in range(2)
    )

    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert ChatSession.objects.count() == 1
