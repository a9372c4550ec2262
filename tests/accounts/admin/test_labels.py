"""Labels in the admin: one spelling of "e-mail", and capitals only where a label begins."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import NotificationPreferences

pytestmark = pytest.mark.django_db


def test_e_mail_has_one_spelling(admin_client, user):
    NotificationPreferences.objects.create(user=user)
    pages = [
        Client().get(reverse("admin:login")),
        admin_client.get(reverse("admin:accounts_user_changelist")),
        admin_client.get(reverse("admin:accounts_user_change", args=[user.pk])),
        admin_client.get(reverse("admin:accounts_user_add")),
        admin_client.get(reverse("admin:accounts_notificationpreferences_change", args=[user.pk])),
    ]

    for page in pages:
        text = page.content.decode()
        assert "E-mail" in text
        assert "Email" not in text


def test_labels_of_schedules_are_written_as_others(admin_client):
    page = admin_client.get(reverse("admin:django_q_schedule_changelist")).content.decode()

    assert "Next run" in page
    assert "Next Run" not in page
    assert "Schedule Type" not in page
