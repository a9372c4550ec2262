"""POST /v1/chat/sessions/{id}/restore, the trash, and what retention purges."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from chat.models import ChatMessage, ChatSession, Feedback, Share
from chat.sessions import retention
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


@pytest.fixture
def deleted(api, session):
    """A deleted session with rows of every kind."""
    message = ChatMessage.objects.create(session=session, role="user", content="Hello")
    api.post_json("/v1/chat/feedback", {"feedback_type": "thumbs_up", "message_id": message.pk})
    api.post_json("/v1/chat/share", {"session_id": session.pk})
    api.delete(f"{PATH}/{session.pk}")
    return session


def test_a_deleted_session_is_in_the_trash(api, stranger_api, deleted):
    assert [one["id"] for one in api.get(PATH, {"deleted": "true"}).json()["data"]] == [deleted.pk]
    assert stranger_api.get(PATH, {"deleted": "true"}).json()["count"] == 0


def test_restores_it_with_its_messages(api, deleted):
    response = api.post_json(f"{PATH}/{deleted.pk}/restore", {})

    assert response.status_code == 200
    assert response.json()["data"]["is_active"] is True
    messages = api.get(f"{PATH}/{deleted.pk}").json()["data"]["messages"]
    assert [message["content"] for message in messages] == ["Hello"]


def test_only_ones_own_deleted_sessions_can_be_restored(api, stranger_api, deleted):
    there = api.post_json(PATH, {}).json()["data"]["id"]

    assert_problem(stranger_api.post_json(f"{PATH}/{deleted.pk}/restore", {}), 404, "not_found")
    assert_problem(api.post_json(f"{PATH}/{there}/restore", {}), 404, "not_found")


def test_purges_sessions_deleted_long_ago_with_all_their_rows(api, deleted, settings):
    recently = ChatSession.objects.get(pk=api.post_json(PATH, {}).json()["data"]["id"])
    api.delete(f"{PATH}/{recently.pk}")
    old = timezone.now() - timedelta(days=settings.CHAT_RETENTION_DAYS, seconds=1)
    ChatSession.objects.filter(pk=deleted.pk).update(updated_at=old, deleted_at=old)

    assert retention.purge_expired() == 1

    assert ChatSession.objects.get() == recently
    for model in (ChatMessage, Feedback, Share):
        assert not model.objects.exists()
    assert_problem(api.post_json(f"{PATH}/{deleted.pk}/restore", {}), 404, "not_found")


def test_purges_nothing_when_chats_are_kept_forever(deleted, settings):
    settings.CHAT_RETENTION_DAYS = 0
    ChatSession.objects.update(updated_at=timezone.now() - timedelta(days=9999))

    assert retention.purge_expired() == 0
    assert ChatSession.objects.exists()


def test_a_purge_that_runs_out_of_time_continues_later(deleted):
    later = timezone.now() + timedelta(days=9999)

    assert retention.purge(later, ends_at=0) == (0, False)
    assert retention.purge(later) == (1, True)


def test_a_half_purged_session_is_never_restored(api, user, deleted, settings, monkeypatch):
    old = timezone.now() - timedelta(days=31)
    ChatSession.objects.update(updated_at=old, deleted_at=old)
    monkeypatch.setattr(retention, "SESSION_SECONDS", 0)
    assert retention.purge_expired() == 0

    User.objects.filter(pk=user.pk).update(chat_retention_days=0)

    assert_problem(api.post_json(f"{PATH}/{deleted.pk}/restore", {}), 404, "not_found")
    assert api.get(PATH, {"deleted": "true"}).json()["count"] == 0
    assert b"chat_session" not in api.get("/v1/user/export").getvalue()
    monkeypatch.undo()
    assert retention.purge_expired() == 1


@pytest.mark.parametrize(
    ("users_days", "days_in_trash", "purged"),
    [
        (None, 29, 0),
        (None, 31, 1),
        (7, 6, 0),
        (7, 8, 1),
        (90, 31, 0),
        (90, 91, 1),
        (0, 9999, 0),
    ],
)
def test_a_user_may_choose_their_own_retention(
    user, deleted, settings, users_days, days_in_trash, purged
):
    settings.CHAT_RETENTION_DAYS = 30
    User.objects.filter(pk=user.pk).update(chat_retention_days=users_days)

    later = timezone.now() + timedelta(days=days_in_trash)

    assert retention.purge(later) == (purged, True)


def test_a_retention_too_long_for_postgresql_does_not_affect_other_users(user, deleted, settings):
    settings.CHAT_RETENTION_DAYS = 2**31 - 1
    later = timezone.now() + timedelta(days=9999)

    assert retention.purge(later) == (0, True)
    User.objects.filter(pk=user.pk).update(chat_retention_days=30)
    assert retention.purge(later) == (1, True)


def test_a_session_with_an_expiry_is_purged_when_it_expires(api, session):
    soon = timezone.now() + timedelta(hours=1)
    temporary = api.post_json(PATH, {"expires_at": soon.isoformat()}).json()["data"]["id"]
    assert retention.end_temporary() == 0

    past = timezone.now() - timedelta(seconds=1)
    ChatSession.objects.filter(pk=temporary).update(expires_at=past)

    assert retention.end_temporary() == 1
    assert_problem(api.get(f"{PATH}/{temporary}"), 404, "not_found")
    assert_problem(api.post_json(f"{PATH}/{temporary}/restore", {}), 404, "not_found")
    retention.purge_expired()
    assert ChatSession.objects.get() == session


@pytest.fixture
def last_written_in(session):
    """A function that sets how many days ago the last message of `session` was added."""

    def set_to(days_ago, **fields):
        then = timezone.now() - timedelta(days=days_ago)
        ChatSession.objects.filter(pk=session.pk).update(updated_at=then, **fields)

    return set_to


@pytest.mark.parametrize(
    ("users_days", "days_ago", "deleted"), [(None, 9999, 0), (7, 6, 0), (7, 8, 1)]
)
def test_a_chat_goes_to_the_trash_so_many_days_after_its_last_message(
    api, user, session, last_written_in, users_days, days_ago, deleted
):
    User.objects.filter(pk=user.pk).update(delete_chats_after_days=users_days)
    last_written_in(days_ago)

    assert retention.delete_old() == deleted
    assert api.get(PATH, {"deleted": "true"}).json()["count"] == deleted
    if deleted:
        assert retention.purge_expired() == 0
        assert api.post_json(f"{PATH}/{session.pk}/restore", {}).status_code == 200


def test_pinned_chats_and_those_of_other_users_do_not_grow_old(user, session, last_written_in):
    last_written_in(8)
    other = User.objects.create_user("other@example.com", delete_chats_after_days=7)
    assert retention.delete_old() == 0

    User.objects.filter(pk=user.pk).update(delete_chats_after_days=7)
    last_written_in(8, is_pinned=True)

    assert retention.delete_old() == 0
    assert retention.delete_old(after=other.pk) == 0


def test_deleting_old_chats_continues_later_with_the_user_it_came_to(
    user, session, last_written_in, monkeypatch
):
    User.objects.filter(pk=user.pk).update(delete_chats_after_days=7)
    last_written_in(8)
    later = []
    monkeypatch.setattr(
        retention.TimedRun, "continue_later", lambda _run, after: later.append(after)
    )
    monkeypatch.setattr("accounts.background.timed_run.RUN_SECONDS", 0)

    assert retention.delete_old() == 0
    assert later == [0]
    monkeypatch.undo()
    assert retention.delete_old(*later) == 1
