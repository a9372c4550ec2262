"""Admin page of imports."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from chat.models import ChatImport

PATH = "admin:chat_chatimport_changelist"


@pytest.fixture
def job(user):
    report = {"format": "chatgpt", "imported": 1200, "existing": 3, "failed": 2}
    return ChatImport.objects.create(
        user=user,
        state="running",
        file_name="mine.zip",
        size_bytes=200,
        read_bytes=50,
        report=report,
    )


def cancel(client, job, **more):
    form = {"action": "cancel", "_selected_action": [job.pk], **more}
    return client.post(reverse(PATH), form)


def test_the_list_of_a_user_shows_how_far_each_import_is(admin_client, user, job):
    page = admin_client.get(reverse(PATH), {"user": user.pk}).content.decode()

    assert "mine.zip" in page
    assert "25 %" in page
    assert "1,200 imported, 3 there already, 2 failed" in page
    one = admin_client.get(reverse("admin:chat_chatimport_change", args=[job.pk]))
    assert "25 %" in one.content.decode()


def test_the_page_of_a_user_leads_to_the_imports(admin_client, user):
    page = admin_client.get(reverse("admin:accounts_user_change", args=[user.pk]))

    assert f'{reverse(PATH)}?user={user.pk}"' in page.content.decode()


def test_an_import_is_cancelled_once_that_is_confirmed_and_audited(admin_client, user, job):
    asked = cancel(admin_client, job)
    job.refresh_from_db()
    assert "cannot be undone" in asked.content.decode()
    assert job.state == "running"

    cancel(admin_client, job, confirmed="yes")
    cancel(admin_client, job, confirmed="yes")

    job.refresh_from_db()
    assert (job.state, job.finished_at is None) == ("cancelled", False)
    entry = AuditEntry.objects.get(action="import_cancelled")
    assert (entry.user_id, entry.target) == (user.pk, f"chatimport:{job.pk}")
