"""POST /v1/chat/search."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.models import ChatMessage, ChatSession
from chat.search.index import index_pending
from tests.problems import assert_problem

PATH = "/v1/chat/search"


@pytest.fixture(params=["listed", "indexed"])
def chats(request, user):
    """Sessions with one message each: not indexed yet, or indexed."""
    texts = {
        "cats": "The quick brown cat jumps over the lazy dog",
        "dogs": "A lazy dog sleeps",
        "hebrew": "שלום עולם",
        "code": 'if a < b: print("<script>alert(1)</script> & gotcha")',
    }
    made = {
        title: ChatSession.objects.create(user=user, title=title.title(), model="m")
        for title in texts
    }
    for title, text in texts.items():
        ChatMessage.objects.create(session=made[title], role="user", content=text)
    if request.param == "indexed":
        index_pending()
    return made


def find(api, query, **body):
    response = api.post_json(PATH, {"query": query, **body})
    assert response.status_code == 200, response.content
    return response.json()


def titles(api, query):
    return {match["title"].lower() for match in find(api, query)["data"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("lazy dog", {"cats", "dogs"}),
        ("LAZY", {"cats", "dogs"}),
        ('"lazy dog"', {"cats", "dogs"}),
        ('"dog lazy"', set()),
        ('"lazy do"', set()),
        ("lazy -cat", {"dogs"}),
        ("lazy -ca", {"cats", "dogs"}),
        ("azy", {"cats", "dogs"}),
        ("az", set()),
        ("-gotcha -code", {"cats", "dogs", "hebrew"}),
        ("jumps or sleeps", {"cats", "dogs"}),
        ("jumps OR sleeps", {"cats", "dogs"}),
        ("quick brow", {"cats"}),
        ("bro", {"cats"}),
        ("bro cat", {"cats"}),
        ("br cat", set()),
        ("dogs", {"dogs"}),
        ("dog", {"cats", "dogs"}),
        ("שלום", {"hebrew"}),
        ("של", {"hebrew"}),
        ("%", set()),
        ("_", set()),
        ("!!!", set()),
        ("-" * 500, set()),
        ("- " * 250, set()),
        ("-" * 33 + "lazy", {"cats", "dogs"}),
        ("lazy " + "-" * 40 + " dog", {"cats", "dogs"}),
        ("-(" * 40 + "lazy", {"cats", "dogs"}),
        ("d'og \\ ' :* & | ( <->", set()),
        ('"', set()),
        ("x" * 500, set()),
        ("😀" * 500, set()),
        ("中" * 500, set()),
    ],
)
def test_finds_the_sessions_that_match(api, chats, query, found):
    assert titles(api, query) == found


def test_responds_with_the_session_its_message_and_a_snippet(api, chats):
    body = find(api, "brown")

    (match,) = body["data"]
    assert body["success"] is True
    assert body["count"] == 1
    assert match["id"] == chats["cats"].pk
    assert match["message_id"] == chats["cats"].messages.get().pk
    assert match["snippet"] == "The quick <mark>brown</mark> cat jumps over the lazy dog"
    assert {"user_id", "title", "model", "is_active", "created_at", "updated_at"} <= match.keys()


def test_a_snippet_is_safe_as_html(api, chats, session):
    ChatMessage.objects.create(
        session=session, role="user", content='\x02b\x03 <img onerror=x> it\'s "gotcha" &amp;'
    )

    snippets = " ".join(match["snippet"] for match in find(api, "gotcha")["data"])

    assert snippets.count("<mark>gotcha</mark>") == 2
    assert snippets.count("<") == 4  # those of the marks
    assert '"' not in snippets
    assert "\x02" not in snippets


def test_matches_in_the_title_come_first(api, user, chats):
    title = ChatSession.objects.create(user=user, title="Quick lunch", model="m")

    found = find(api, "quick")["data"]

    assert [match["id"] for match in found] == [title.pk, chats["cats"].pk]
    assert found[0]["message_id"] is None
    assert found[0]["snippet"] == "<mark>Quick</mark> lunch"


def test_a_session_is_found_once_by_its_best_message(api, chats):
    best = ChatMessage.objects.create(session=chats["cats"], role="user", content="brown brown")
    ChatMessage.objects.create(session=chats["cats"], role="user", content="brown " + "x " * 90)

    body = find(api, "brown")

    assert [match["message_id"] for match in body["data"]] == [best.pk]
    assert body["count"] == 1


def test_counts_all_matches_beyond_the_limit(api, chats):
    body = find(api, "lazy", limit=1)

    assert (len(body["data"]), body["count"]) == (1, 2)


def test_finds_only_active_sessions_of_the_user(api, stranger_api, chats):
    api.delete(f"/v1/chat/sessions/{chats['dogs'].pk}")

    assert find(stranger_api, "lazy")["data"] == []
    body = find(api, "lazy")
    assert [match["id"] for match in body["data"]] == [chats["cats"].pk]
    assert body["count"] == 1


def test_finds_appended_messages_and_new_titles(api, session):
    path = f"/v1/chat/sessions/{session.pk}"
    parts = [{"type": "text", "text": "a zebra"}, {"type": "image_url", "url": "x"}]
    api.post_json(f"{path}/messages", {"role": "user", "content": parts})
    api.patch(path, {"title": "Okapi"}, content_type="application/json")

    assert titles(api, "zebra") == {"okapi"}
    assert titles(api, "okapi") == {"okapi"}
    assert titles(api, "hello") == set()


@given(
    st.lists(
        st.sampled_from(
            [*"-\"'\\ ()&|!<>:*,.@/_\t", "or", "lazy", "-", "- ", '"-', "é", "中", "1"]
        ),
        min_size=1,
        max_size=150,
    ).map("".join)
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_postgresql_copes_with_every_query(api, query):
    response = api.post_json(PATH, {"query": query[:500]})

    assert response.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": None},
        {"query": "x" * 501},
        {"query": "x", "cursor": "y"},
        {"query": "x", "sort": "y"},
        {"query": "x", "limit": 0},
    ],
    ids=str,
)
def test_rejects_a_bad_search(api, body):
    assert_problem(api.post_json(PATH, body), 400, "validation_error")


def test_takes_a_handful_of_statements(api, chats, django_assert_max_num_queries):
    find(api, "lazy")

    # The pending list, its messages (which, and these), words, documents, the messages shown.
    with django_assert_max_num_queries(6):
        find(api, "lazy")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("role:user lazy", {"cats", "dogs"}),
        ("role:assistant lazy", set()),
        ("model:M lazy", {"cats", "dogs"}),
        ("model:gpt lazy", set()),
        ("model:% lazy", set()),
        ("in:title dogs", {"dogs"}),
        ("in:title lazy", set()),
        ("lazy after:2020", {"cats", "dogs"}),
        ("lazy before:2020-01", set()),
        ("before:2020-99 lazy", set()),
        ("dogs lazy", {"dogs"}),
        ('"', set()),
        ('"lazy', {"cats", "dogs"}),
        ("“lazy dog”", {"cats", "dogs"}),
        ("a\x00lazy", {"dogs"}),
    ],
)
def test_filters_narrow_the_results(api, chats, query, found):
    assert titles(api, query) == found


def test_a_match_inside_a_word_marks_the_whole_word(api, chats):
    (match,) = find(api, "row")["data"]

    assert match["snippet"] == "The quick <mark>brown</mark> cat jumps over the lazy dog"


def test_pages_lead_to_every_match(api, user):
    ChatSession.objects.bulk_create(
        ChatSession(user=user, title=f"pagedword {number}", model="m") for number in range(45)
    )

    seen, cursor = [], None
    for _ in range(3):
        page = find(api, "pagedword", limit=20, cursor=cursor)
        seen += [match["id"] for match in page["data"]]
        cursor = page["next_cursor"]

    assert cursor is None
    assert len(set(seen)) == len(seen) == page["count"] == 45
    assert page["count_is_exact"] is True


def test_recent_matches_come_first_on_request(api, user):
    best = ChatSession.objects.create(user=user, title="zebra", model="m")
    recent = ChatSession.objects.create(user=user, title="some azebraz", model="m")

    by_relevance = [match["id"] for match in find(api, "zebra")["data"]]
    by_time = [match["id"] for match in find(api, "zebra", sort="recent")["data"]]

    assert by_relevance == [best.pk, recent.pk]
    assert by_time == [recent.pk, best.pk]


@pytest.mark.parametrize("limit", [None, 101, 10**6])
def test_the_limits_of_older_clients_are_accepted(api, chats, limit):
    assert find(api, "lazy", limit=limit)["count"] == 2


@given(st.text(max_size=60))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_is_a_valid_query(api, text):
    response = api.post_json(PATH, {"query": text or " "})

    assert response.status_code == 200


@pytest.mark.parametrize(("query", "first"), [("résumé", "My résumé"), ("resume", "my resume")])
def test_exact_spelling_comes_first(api, user, query, first):
    for title in ("my resume", "My résumé", "my resume", "My résumé")[
        :: 1 if query[1] == "é" else -1
    ]:
        ChatSession.objects.create(user=user, title=title, model="m")

    found = find(api, query)["data"]

    assert [match["title"] for match in found[:2]] == [first, first]


@pytest.mark.parametrize("is_indexed", [False, True])
def test_tags_are_searched_as_words(api, user, is_indexed):
    session = ChatSession.objects.create(
        user=user, title="Meeting", model="m", tags=["Quarterly planning", "会議室"]
    )
    ChatMessage.objects.create(session=session, role="user", content="The budget")

    def finds(query):
        if is_indexed:
            index_pending()
        return bool(find(api, query)["data"])

    for query in (
        "planning",
        "QUARTERLY",
        "lannin",
        "会議",
        "meeting planning",
        "budget planning",
    ):
        assert finds(query), query
    assert not finds("in:title planning")
    assert not finds("budget -planning")
    ChatSession.objects.filter(pk=session.pk).update(tags=["archive"])
    assert finds("archive budget")
    assert not finds("planning")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag:work", {"one", "two"}),
        ("tag:work tag:Urgent", {"two"}),
        ('folder:"My trips"', {"three"}),
        ("tag:work tw", {"two"}),
        ('tag:" work "', {"one", "two"}),
        ("tag:nothing", set()),
        ("tag:", set()),
    ],
)
@pytest.mark.parametrize("is_indexed", [False, True])
def test_tags_and_folders_narrow_down(api, user, query, found, is_indexed):
    for title, fields in {
        "one": {"tags": ["work"]},
        "two": {"tags": ["work", "Urgent"]},
        "three": {"folder": "My trips"},
    }.items():
        ChatSession.objects.create(user=user, title=title, model="m", **fields)
    if is_indexed:
        index_pending()

    assert titles(api, query) == found


def test_chats_of_one_end_user_are_searched(api, user):
    for person in ("ada", "bob"):
        ChatSession.objects.create(user=user, title="albatross", model="m", end_user_id=person)

    (match,) = find(api, "albatross", end_user_id="bob")["data"]

    assert match["end_user_id"] == "bob"
