"""POST /v1/user/notifications/test and …/send-usage-report, and the list of what was sent."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.utils import timezone

from accounts.activity.events import Event, new_event_id, write_events
from accounts.models import Notification, NotificationPreferences
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/v1/user/notifications"
TEST = "/v1/user/notifications/test"
REPORT = "/v1/user/notifications/send-usage-report"
NO_EMAIL = "django.core.mail.backends.dummy.EmailBackend"


@pytest.fixture
def at_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))


def test_a_test_is_sent_to_the_users_address(api, user, work):
    response = api.post(TEST)
    assert response.status_code == 200
    assert [sent["status"] for sent in response.json()["data"]] == ["pending"]

    work()

    (message,) = mail.outbox
    assert message.to == [user.email]
    assert message.subject == "Gatewayz: a test"
    (sent,) = api.get(LIST).json()["data"]
    assert (sent["kind"], sent["channel"], sent["status"]) == ("test", "email", "sent")
    assert sent["finished_at"] is not None


def test_a_test_is_sent_through_both_channels(api, user, hook, work):
    NotificationPreferences.objects.create(user=user, webhook_url=hook.url)

    api.post(TEST)
    work()

    sent = {sent["channel"]: sent["status"] for sent in api.get(LIST).json()["data"]}
    assert sent == {"email": "sent", "webhook": "delivered"}


def test_two_requests_in_a_minute_send_one_test(api, at_noon, work):
    first, second = api.post(TEST), api.post(TEST)
    work()

    assert first.json()["data"][0]["id"] == second.json()["data"][0]["id"]
    assert len(mail.outbox) == 1


def test_without_a_channel_the_request_is_a_conflict(api, user):
    NotificationPreferences.objects.create(user=user, email_notifications=False)

    assert_problem(api.post(TEST), 409, "no_channel")


def test_without_a_mail_server_no_email_is_promised(api, settings):
    settings.EMAIL_BACKEND = NO_EMAIL

    assert_problem(api.post(TEST), 409, "no_channel")


def test_a_report_shows_the_usage(api, user, work):
    write_events(
        [
            Event(
                event_id=new_event_id(),
                user_id=user.pk,
                api_key_id=None,
                timestamp=datetime.now(UTC),
                model="acme/big",
                provider="acme",
                tokens=40,
                cost=0.125,
                speed=0.0,
                finish_reason="stop",
                app="Chat",
                metadata={},
            )
            for _ in range(3)
        ]
    )

    response = api.post_json(REPORT, {"days": 7})
    work()

    assert response.status_code == 200
    (message,) = mail.outbox
    assert "3 requests with 120 tokens,\nfor $0.38." in message.body
    assert "  acme/big: 3 requests, 120 tokens, $0.38" in message.body


def test_a_report_needs_no_body(api):
    assert api.generic("POST", REPORT).status_code == 200
    assert_problem(api.post_json(REPORT, {"days": 0}), 400, "validation_error")


def test_sending_a_test_takes_two_statements(api, django_assert_num_queries):
    api.get(LIST)

    # Its rows, by the channels of the preferences; what is on its way.
    with django_assert_num_queries(2):
        api.post(TEST)


def test_lists_the_users_notifications_newest_first(api, user, stranger_api):
    Notification.objects.all().delete()
    for n in range(3):
        Notification.objects.create(user=user, kind="test", cause=str(n), channel="email")
    Notification.objects.filter(cause="1").update(status="failed", error="Refused.")

    body = api.get(LIST, {"limit": 2}).json()
    assert (len(body["data"]), body["count"]) == (2, 3)
    assert body["data"][0]["id"] > body["data"][1]["id"]
    (failed,) = api.get(LIST, {"status": "failed"}).json()["data"]
    assert failed["error"] == "Refused."
    assert stranger_api.get(LIST).json()["data"] == []
    assert api.get(LIST.removeprefix("/v1")).json()["count"] == 3
    assert_problem(api.get(LIST, {"status": "lost"}), 400, "validation_error")


def test_a_page_of_the_list_takes_two_statements_at_most(api, user, django_assert_max_num_queries):
    api.get(LIST)

    with django_assert_max_num_queries(2):
        api.get(LIST)
