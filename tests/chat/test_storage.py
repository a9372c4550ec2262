"""The worker counts what users store, and their plans limit it."""

import pytest
from django.core.management import call_command

from accounts.models import Plan, StorageUse
from accounts.worker import drain
from chat.models import ChatImport, ChatImportChunk, ChatMessage, ChatSession
from tests.problems import assert_problem

SESSIONS = "/v1/chat/sessions"
HELLO = {"role": "user", "content": "x" * 1_000}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def filled(api):
    """A session with a message in every form, already counted."""
    session = api.post_json(SESSIONS, {"title": "T"}).json()["data"]["id"]
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {}}]
    api.post_json(
        f"{SESSIONS}/{session}/messages/batch",
        {"messages": [HELLO, HELLO | {"content": parts, "metadata": {"a": [1, 2]}}]},
    )
    drain.drain()
    return session


@pytest.fixture
def used_up(user, filled):
    """The plan of `user` allows exactly what is stored."""
    Plan.objects.filter(users=user).update(max_storage_bytes=stored(user))


def stored(user):
    return StorageUse.objects.get(user=user).bytes


def usage(api):
    return api.get("/v1/user/plan/usage").json()["data"]["storage"]


def test_the_worker_counts_stored_bytes_once(api, user, filled):
    counted = stored(user)

    assert counted > 1_500
    drain.drain()
    call_command("count_storage")
    assert stored(user) == counted, "a count of the tables gives the same"


def test_forks_imports_and_batches_of_sessions_are_counted(api, user, filled):
    api.post_json(f"{SESSIONS}/{filled}/fork", {})
    api.post_json("/v1/chat/import", {"messages": [HELLO]})
    api.post_json(f"{SESSIONS}/batch", {"sessions": [{}, {}]})
    drain.drain()

    counted = stored(user)
    call_command("count_storage")
    assert stored(user) == counted


def test_deleting_rows_lowers_the_count(user, filled):
    ChatMessage.objects.all().delete()
    ChatSession.objects.all().delete()

    assert stored(user) == 0


@pytest.mark.usefixtures("used_up")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SESSIONS, {}),
        (f"{SESSIONS}/batch", {"sessions": [{}]}),
        (f"{SESSIONS}/{{}}/messages", HELLO),
        (f"{SESSIONS}/{{}}/messages/batch", {"messages": [HELLO]}),
        (f"{SESSIONS}/{{}}/fork", {}),
        ("/v1/chat/import", {"messages": [HELLO]}),
        ("/v1/chat/feedback", {"feedback_type": "thumbs_up"}),
    ],
)
def test_a_used_up_quota_rejects_writes(api, filled, path, body):
    rejected = api.post_json(path.format(filled), body)

    assert_problem(rejected, 429, "plan_storage")
    assert int(rejected["Retry-After"]) > 0
    assert api.get(f"{SESSIONS}/{filled}").status_code == 200
    assert api.delete(f"{SESSIONS}/{filled}").status_code == 200


def test_a_cached_key_is_rejected_as_soon_as_the_worker_has_counted(api, user, filled):
    Plan.objects.filter(users=user).update(max_storage_bytes=stored(user) + 500)
    path = f"{SESSIONS}/{filled}/messages"
    assert api.post_json(path, HELLO).status_code == 201
    assert api.post_json(path, HELLO).status_code == 201, "it is not counted yet"

    drain.drain()

    assert_problem(api.post_json(path, HELLO), 429, "plan_storage")


def test_other_users_are_not_affected(stranger_api, user, used_up):
    Plan.objects.update(max_storage_bytes=stored(user))

    assert stranger_api.post_json(SESSIONS, {}).status_code == 201


def test_the_plan_usage_shows_the_stored_bytes(api, user, filled):
    Plan.objects.filter(users=user).update(max_storage_bytes=1_000_000)

    assert usage(api) == {
        "used_bytes": stored(user),
        "limit_bytes": 1_000_000,
        "remaining_bytes": 1_000_000 - stored(user),
        "at_limit": False,
    }


def test_the_quota_takes_no_extra_statement(api, filled, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.post_json(SESSIONS, {})
    with django_assert_num_queries(1):
        api.post_json(f"{SESSIONS}/{filled}/messages", HELLO)


def test_feedback_metadata_is_bounded(api):
    body = {"feedback_type": "thumbs_up", "metadata": {"a": "x" * 20_000}}

    assert_problem(api.post_json("/v1/chat/feedback", body), 400, "validation_error")


def test_a_file_that_waits_for_its_import_counts_until_it_is_deleted(user, filled):
    before = stored(user)
    begun = ChatImport.objects.create(user=user)
    ChatImportChunk.objects.create(chat_import=begun, number=0, bytes=b"x" * 700)
    ChatImportChunk.objects.create(chat_import=begun, number=1, bytes=b"x" * 300)

    assert stored(user) == before + 1_000
    call_command("count_storage")
    assert stored(user) == before + 1_000

    begun.delete()
    assert stored(user) == before
