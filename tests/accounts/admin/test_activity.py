"""The activity log in the admin."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import activity
from accounts.models import ActivityEvent
from accounts.worker import drain

pytestmark = pytest.mark.django_db(transaction=True)


def test_activity_is_read_only(admin_client, user):
    activity.record(
        user_id=user.pk, finish_reason="tested", metadata={"text": "<script>alert(1)</script>"}
    )
    drain.drain()
    event = ActivityEvent.objects.get()
    url = reverse("admin:accounts_activityevent_change", args=[event.pk])

    shown = admin_client.get(url).content.decode()
    changed = admin_client.post(url, {"app": "x"})

    assert "Tested" in shown
    assert "<script>alert(1)" not in shown
    assert changed.status_code == 403
    assert event.timestamp <= timezone.now()
