"""`manage.py seed_demo --big`: a believable installation."""

import pytest

from accounts.models import ActivityEvent, ApiKey, AuditEntry, Notification
from chat.demo import make_demo_data
from chat.models import ChatMessage, ChatSession

pytestmark = pytest.mark.django_db


def test_demo_data_covers_what_operators_are_asked_about():
    make_demo_data(12)

    assert ApiKey.objects.count() == 30
    assert ActivityEvent.objects.exists()
    assert ChatSession.objects.deleted().exists()
    assert Notification.objects.filter(status=Notification.Status.FAILED).exists()
    assert AuditEntry.objects.filter(action="refused_expired_key").exists()
    assert AuditEntry.objects.filter(action="user_changed", after__has_key="plan").exists()
    said = " ".join(ChatMessage.objects.values_list("content", flat=True))
    assert all(word in said for word in ("伏見稲荷", "نوفمبر", "שעה", "бульон"))
