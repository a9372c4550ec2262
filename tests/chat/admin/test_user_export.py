"""POST /admin/chat/chatsession/export-user/: everything of one user, for staff."""

import io
import zipfile

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import AuditEntry, User
from chat.models import ChatSession
from gatewayz.admin_site.groups import OPERATORS, SUPPORT, make_staff_groups

pytestmark = pytest.mark.django_db


def ask(client, user_id):
    return client.post(reverse("admin:chat_export_user"), {"user": user_id})


@pytest.fixture
def staff(client):
    """A function that logs in a member of the staff who is in a group."""
    make_staff_groups()

    def log_in(group):
        member = User.objects.create_user(f"{group.lower()}@example.com", is_staff=True)
        member.groups.add(Group.objects.get(name=group))
        client.force_login(member)
        return client

    return log_in


def test_operators_download_what_a_user_owns_and_the_audit_log_says_so(staff, user):
    ChatSession.objects.create(user=user, title="Holidays", model="m")

    response = ask(staff(OPERATORS), user.pk)

    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert "Holidays" in archive.read("chat_session.ndjson").decode()
    assert user.email in archive.read("profile.ndjson").decode()
    assert "no-store" in response["Cache-Control"]
    entry = AuditEntry.objects.get(action="user_exported")
    assert (entry.user_id, entry.channel) == (user.pk, "admin")


def test_support_staff_do_not_download(staff, user):
    client = staff(SUPPORT)
    page = client.get(reverse("admin:accounts_user_change", args=[user.pk])).content.decode()

    assert "Download everything" not in page
    assert ask(client, user.pk).status_code == 403
    assert not AuditEntry.objects.filter(action="user_exported").exists()


def test_what_staff_own_is_downloaded_by_superusers_only(staff, admin_client):
    colleague = User.objects.create_user("colleague@example.com", is_staff=True)

    assert ask(staff(OPERATORS), colleague.pk).status_code == 403
    assert ask(admin_client, colleague.pk).status_code == 200


@pytest.mark.parametrize("odd", ["", "x", "0", "9" * 30, "-1"])
def test_a_user_who_does_not_exist_is_a_page_that_says_so(admin_client, odd):
    assert ask(admin_client, odd).status_code == 404


def test_a_link_downloads_nothing(admin_client, user):
    response = admin_client.get(reverse("admin:chat_export_user"), {"user": user.pk})

    assert response.status_code == 405
