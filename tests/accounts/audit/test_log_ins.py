"""Log-ins and attempts to log in are audited."""

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.audit import denials
from accounts.models import AuditEntry, User
from accounts.users import get_or_create_verified_user
from tests.accounts.auth.conftest import post
from tests.waiting import wait_for_jobs

PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(user):
    # `user` waits for what is recorded beside the requests.
    return User.objects.create_superuser("root@example.com", PASSWORD)


def log_in(email, password):
    return Client().post("/admin/login/", {"username": email, "password": password})


def entries(user):
    wait_for_jobs(denials.writer)
    return list(
        AuditEntry.objects.filter(user_id=user.pk)
        .order_by("id")
        .values_list("action", "target", "channel")
    )


def test_a_log_in_to_the_admin_is_recorded(root):
    assert log_in(root.email, PASSWORD).status_code == 302

    assert entries(root) == [("admin_log_in", f"user:{root.pk}", "admin")]


def test_a_log_in_with_a_wrong_password_is_recorded_once_an_hour(root):
    for _ in range(3):
        assert log_in(root.email.upper(), "wrong").status_code == 200
        denials.recorded.clear()

    assert set(entries(root)) == {("refused_wrong_password", f"user:{root.pk}", "public")}
    assert len(entries(root)) <= 2


def test_an_unknown_address_is_not_recorded(root):
    log_in("nobody@example.com", "wrong")

    assert entries(root) == []


def test_a_sign_in_with_a_wrong_password_is_recorded(root):
    post({"email": root.email, "password": "wrong"})

    assert entries(root) == [("refused_wrong_password", f"user:{root.pk}", "public")]


def test_a_user_created_by_a_command_is_recorded_once(db, capsys):
    for _ in range(2):
        call_command("create_api_key", "new@example.com")

    made = get_or_create_verified_user("new@example.com")
    assert [action for action, *_ in entries(made)].count("user_created") == 1
