"""Sending failed notifications again."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def notification(user):
    return Notification.objects.create(
        user=user, kind="test", cause="x", channel="webhook", status="failed", error="HTTP 503",
        attempts=5,
    )  # fmt: skip


def retry(client, row):
    url = reverse("admin:accounts_notification_changelist")
    return client.post(url, {"action": "retry", "_selected_action": [row.pk]}, follow=True)


def test_a_failed_notification_is_due_again_with_all_attempts(admin_client, notification):
    assert "Will be sent again: 1" in retry(admin_client, notification).content.decode()

    notification.refresh_from_db()
    assert (notification.status, notification.attempts) == ("pending", 0)
    assert notification.due_at is not None
    assert AuditEntry.objects.filter(
        action="notification_retried", target=f"notification:{notification.pk}"
    ).exists()


@pytest.mark.parametrize("status", ["pending", "sent", "delivered"])
def test_notifications_of_other_statuses_are_left_alone(admin_client, notification, status):
    Notification.objects.update(status=status)

    assert "Will be sent again: 0" in retry(admin_client, notification).content.decode()

    notification.refresh_from_db()
    assert notification.status == status
