"""Actions that cannot be undone ask first."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.keys import create_key
from accounts.models import ApiKey, AuditEntry, User
from chat.models import ChatImport, ChatSession, Share

pytestmark = pytest.mark.django_db

# Actions that can be undone, and those that Django confirms itself.
NOT_ASKED = {"activate", "deactivate", "requeue", "retry", "restore", "delete_selected"}


def actions():
    """Each action of the admin that cannot be undone, as model and name."""
    return {
        (model, name)
        for model, model_admin in admin.site._registry.items()
        for _, name, _ in model_admin._get_base_actions()
        if name not in NOT_ASKED
    }


@pytest.fixture
def rows(user):
    key, _ = create_key(user, key_name="mine")
    session = ChatSession.objects.create(user=user, title="T", model="m")
    share = Share.objects.create(user=user, session=session, token="t" * 32)
    job = ChatImport.objects.create(user=user, state="running")
    return {ApiKey: key, User: user, Share: share, ChatImport: job}


def test_an_action_waits_for_confirmation(admin_client, rows):
    audited = AuditEntry.objects.count()

    for model, name in actions():
        opts = model._meta
        listed = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        data = {"action": name, "_selected_action": [rows[model].pk]}
        answer = admin_client.post(listed, data)
        assert answer.status_code == 200
        assert "cannot be undone" in answer.content.decode()
        assert f'value="{rows[model].pk}"' in answer.content.decode()

    assert AuditEntry.objects.count() == audited


def test_too_many_rows_cannot_be_confirmed_together(admin_client, user, monkeypatch):
    monkeypatch.setattr("gatewayz.admin_site.lists.MAX_CONFIRMED_ROWS", 1)
    keys = [create_key(user, key_name=f"k{n}")[0].pk for n in range(2)]

    answer = admin_client.post(
        reverse("admin:accounts_apikey_changelist"),
        {"action": "rotate", "_selected_action": keys},
        follow=True,
    )

    assert "Select at most 1" in answer.content.decode()
