"""`manage.py seed_demo --big`: a believable installation."""

from datetime import UTC, datetime

import pytest
from django_q.models import Failure

from accounts.audit.denial_counts import denials_per_hour
from accounts.keys import leak_signs
from accounts.models import (
    ActivityDay,
    ActivityDeadLetter,
    ActivityEvent,
    ApiKey,
    AuditEntry,
    Credit,
    Notification,
    Referral,
)
from chat.daily_counts import count_days, counted_days
from chat.demo import make_demo_data
from chat.models import ChatMessage, ChatSession

pytestmark = pytest.mark.django_db


def test_demo_data_covers_what_operators_are_asked_about():
    # As on a fresh installation, whose worker has counted days without chats.
    count_days()

    make_demo_data(12)

    assert ApiKey.objects.count() == 30
    assert ApiKey.objects.exclude(ip_allowlist=[]).exists()
    assert ActivityEvent.objects.exists()
    assert ActivityDay.objects.values("model").distinct().count() > 1
    assert ChatSession.objects.deleted().exists()
    assert Notification.objects.filter(status=Notification.Status.FAILED).exists()
    assert AuditEntry.objects.filter(action="user_changed", after__has_key="plan").exists()
    assert ChatMessage.objects.filter(role="tool").exists()
    assert Referral.objects.pending().exists()
    assert Credit.objects.exists()
    assert ActivityDeadLetter.objects.exists()
    assert Failure.objects.exists()
    said = " ".join(ChatMessage.objects.values_list("content", flat=True))
    assert all(word in said for word in ("伏見稲荷", "نوفمبر", "שעה", "бульон"))


def test_demo_data_fills_the_charts_and_the_signs_of_leaks():
    make_demo_data(12)
    denials = denials_per_hour(["expired_key", "ip_not_allowed", "inactive_key"])

    assert sum(1 for _, sessions, _ in counted_days() if sessions) > 10
    assert sum(1 for _, times in denials if times) > 1
    assert leak_signs.spikes(datetime.now(UTC).date()).exists()
