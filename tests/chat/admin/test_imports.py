"""Admin page of imports."""

import json

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from chat.models import ChatImport, ChatMessage
from chat.transfer import jobs
from gatewayz.request.long_bodies import FILE_TYPE
from tests.chat.transfer import foreign_files

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


def send(client, user, content, **more):
    path = reverse("admin:chat_import", args=[user.pk])
    return client.post(f"{path}?name=mine.json", content, content_type=FILE_TYPE, **more)


def test_operators_import_a_file_for_a_user_and_the_audit_log_says_so(admin_client, user):
    answer = send(admin_client, user, json.dumps([foreign_files.chatgpt()]))

    begun = ChatImport.objects.get()
    assert answer.json() == {"page": reverse("admin:chat_chatimport_change", args=[begun.pk])}
    entry = AuditEntry.objects.get(action="import_begun")
    assert (entry.user_id, entry.target) == (user.pk, f"chatimport:{begun.pk}")
    jobs.run()
    begun.refresh_from_db()
    assert (begun.state, begun.file_name) == ("completed", "mine.json")
    assert set(ChatMessage.objects.values_list("user_id")) == {(user.pk,)}


def test_a_third_file_of_a_user_is_rejected_with_the_reason(admin_client, user):
    answers = [send(admin_client, user, f"[{n}]") for n in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "not finished" in answers[-1].json()["detail"]


def test_only_a_file_itself_is_taken(admin_client, user):
    answer = admin_client.post(reverse("admin:chat_import", args=[user.pk]), {"file": "x"})

    assert answer.status_code == 415
    assert not ChatImport.objects.exists()
