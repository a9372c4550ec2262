"""The audit log says who changed what and from where, in the transaction of the change."""

import json

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts import audit
from accounts.keys import create_key, deactivate_key, rotate_key
from accounts.models import AuditEntry, AuditPersonalData, User

pytestmark = pytest.mark.django_db(transaction=True)


def entries(user):
    return list(AuditEntry.objects.filter(user_id=user.pk).order_by("id"))


def personal(entry, user):
    found = AuditPersonalData.objects.filter(entry_id=entry.pk, user_id=user.pk).first()
    return json.loads(found.content) if found else {}


def test_changes_of_a_key_are_recorded(user):
    key, _ = create_key(user, key_name="mine")
    rotate_key(key)
    deactivate_key(key)

    assert [(entry.action, entry.target) for entry in entries(user)] == [
        ("key_created", f"api_key:{key.pk}"),
        ("key_rotated", f"api_key:{key.pk}"),
        ("key_revoked", f"api_key:{key.pk}"),
    ]
    created, rotated, revoked = entries(user)
    assert personal(created, user)["after"]["key_name"] == "mine"
    assert personal(rotated, user)["after"]["masked"] == key.masked
    assert revoked.after == {"is_active": False}


def test_an_entry_of_a_command_has_no_actor_and_no_address(user):
    create_key(user, key_name="mine")

    (entry,) = entries(user)
    assert (entry.channel, entry.actor_user_id, entry.request_id) == ("command", None, "")
    assert "address" not in personal(entry, user)


def test_an_operator_is_distinguished_from_the_user(admin_client, admin_user, user):
    admin_client.post(
        reverse("admin:accounts_apikey_add"),
        {"user": user.pk, "key_name": "mine", "environment_tag": "test"},
        headers={"X-Request-ID": "r1"},
    )

    (entry,) = entries(user)
    assert (entry.channel, entry.actor_user_id, entry.request_id) == ("admin", admin_user.pk, "r1")
    assert personal(entry, admin_user) == {"address": "127.0.0.1"}
    assert "address" not in personal(entry, user)


def test_the_next_request_has_its_own_origin(admin_client, user):
    admin_client.get(reverse("admin:index"))
    create_key(user, key_name="mine")

    assert entries(user)[0].channel == "command"


def test_an_edit_of_a_user_is_recorded_with_its_changes(admin_client, user):
    admin_client.post(
        reverse("admin:accounts_user_change", args=[user.pk]),
        {"email": "new@example.com", "username": user.username, "plan": user.plan_id},
    )

    (entry,) = entries(user)
    assert (entry.action, entry.target) == ("user_changed", f"user:{user.pk}")
    assert (entry.before, entry.after) == ({"is_active": True}, {"is_active": False})
    assert personal(entry, user) == {
        "before": {"email": "ada@example.com"},
        "after": {"email": "new@example.com"},
    }


def test_a_new_user_is_recorded_without_the_password(admin_client):
    admin_client.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "new@example.com",
            "username": "new",
            "usable_password": "true",
            "password1": "correct horse battery",
            "password2": "correct horse battery",
        },
    )

    new = User.objects.get(username="new")
    (entry,) = entries(new)
    assert entry.action == "user_created"
    content = AuditPersonalData.objects.get(user_id=new.pk).content
    assert "new@example.com" in content
    assert "horse" not in content


def test_a_changed_password_is_recorded_and_not_the_password(admin_client, user):
    response = admin_client.post(
        reverse("admin:auth_user_password_change", args=[user.pk]),
        {
            "usable_password": "true",
            "password1": "correct horse battery",
            "password2": "correct horse battery",
            "set-password": "",
        },
    )

    assert response.status_code == 302
    (entry,) = entries(user)
    assert (entry.action, personal(entry, user)) == ("user_password_changed", {})


def test_secrets_are_redacted_by_name_and_by_format(user):
    _, secret = create_key(user, key_name="mine")
    with transaction.atomic():
        audit.record(
            "tested",
            user_id=user.pk,
            target="user:1",
            after={
                "client_secret": "s3cret",
                "note": f"it is {secret}, he said",
                "deep": [{"password_hash": ["x"], "text": secret}],
                secret: 1,
                "tokens_per_minute": 100,
            },
        )

    entry = entries(user)[-1]
    assert entry.after == {"[redacted]": 1, "tokens_per_minute": 100}
    assert personal(entry, user)["after"] == {
        "client_secret": "[redacted]",
        "note": "it is [redacted], he said",
        "deep": [{"password_hash": "[redacted]", "text": "[redacted]"}],
    }


def test_a_change_that_is_rolled_back_leaves_no_entry(user):
    with pytest.raises(RuntimeError), transaction.atomic():
        create_key(user, key_name="mine")
        raise RuntimeError

    assert entries(user) == []


def test_an_entry_outside_a_transaction_raises(user):
    with pytest.raises(transaction.TransactionManagementError):
        audit.record("tested", user_id=user.pk, target="user:1")


def test_recording_takes_two_statements(user, django_assert_num_queries):
    # The entry; its personal data. The chain is added to inside the commit.
    with transaction.atomic(), django_assert_num_queries(2):
        audit.record("tested", user_id=user.pk, target="user:1", after={"name": "Ada"})


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE audit_log SET action = 'x'",
        "DELETE FROM audit_log",
        "UPDATE audit_personal_data SET content = '{}'",
        "INSERT INTO audit_chain VALUES (99, 99, 'x')",
        "UPDATE audit_chain SET hash = 'x'",
        "DELETE FROM audit_chain",
        "INSERT INTO audit_head VALUES (2, 1, 'x')",
        "UPDATE audit_head SET sequence = 0",
        "DELETE FROM audit_head",
        "TRUNCATE audit_log",
        "TRUNCATE audit_personal_data",
        "TRUNCATE audit_chain",
        "TRUNCATE audit_head",
    ],
)
def test_the_database_rejects_changes_of_the_log(user, tamper):
    create_key(user, key_name="mine")

    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(tamper)
