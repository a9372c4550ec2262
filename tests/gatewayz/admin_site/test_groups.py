"""Support staff read, operators act, and nobody sees secrets."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.keys import create_key
from accounts.models import ApiKey, AuditEntry, NotificationPreferences, Plan, User
from chat.models import ChatMessage, ChatSession, Share
from gatewayz.admin_site.groups import OPERATORS, SUPPORT, make_staff_groups

pytestmark = pytest.mark.django_db

OWN = [
    model
    for model in admin.site._registry
    if model._meta.app_label in {"accounts", "chat", "django_q"}
]


def client_of(group: str) -> Client:
    make_staff_groups()
    user = User.objects.create_user(f"{group.lower()}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def support(db):
    return client_of(SUPPORT)


@pytest.fixture
def operators(db):
    return client_of(OPERATORS)


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", OWN, ids=lambda model: model.__name__)
def test_support_can_view_every_list_and_add_nothing(
    support, model, django_assert_max_num_queries
):
    # Session, who it is, the permissions of the user and of its groups, the count, the rows, and
    # what some lists also show.
    with django_assert_max_num_queries(7):
        assert support.get(url(model, "changelist")).status_code == 200

    assert support.get(url(model, "add")).status_code == 403


def test_staff_without_a_group_see_nothing(client):
    client.force_login(User.objects.create_user("new@example.com", is_staff=True))

    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(url(ChatSession, "changelist")).status_code == 403
    found = client.get(reverse("admin:search"), {"s": "new@example.com", "extended": "1"})
    assert b"new@example.com" not in found.content


def test_support_reads_what_columns_of_json_hold_in_words(support, user):
    key, _ = create_key(
        user,
        key_name="Laptop",
        scope_permissions={"chat": ["read", "write"]},
        ip_allowlist=["203.0.113.0/24"],
    )
    plan = Plan.objects.create(name="Team", plan_type="custom", features=["chat_history"])

    shown = support.get(url(ApiKey, "change", key.pk)).content.decode()
    assert "chat: read, write" in shown
    assert "203.0.113.0/24" in shown
    assert "Chat history" in support.get(url(Plan, "change", plan.pk)).content.decode()


def test_support_can_read_and_not_act(support, user, key):
    support.post(url(ApiKey, "changelist"), {"action": "deactivate", "_selected_action": [key.pk]})
    support.post(url(ApiKey, "changelist"), {"action": "rotate", "_selected_action": [key.pk]})
    changed = support.post(url(User, "change", user.pk), {"email": "eve@example.com"})
    password = support.get(reverse("admin:auth_user_password_change", args=[user.pk]))

    digest = key.key_digest
    key.refresh_from_db()
    assert (key.is_active, key.key_digest) == (True, digest)
    assert changed.status_code == 403
    assert password.status_code == 403


def test_operators_can_revoke_keys_and_links(operators, user, key):
    session = ChatSession.objects.create(user=user, title="Hello", model="m")
    share = Share.objects.create(user=user, session=session, token="t" * 32)

    operators.post(
        url(ApiKey, "changelist"), {"action": "deactivate", "_selected_action": [key.pk]}
    )
    operators.post(
        url(Share, "changelist"),
        {"action": "revoke", "_selected_action": [share.pk], "confirmed": "yes"},
    )

    key.refresh_from_db()
    share.refresh_from_db()
    assert not key.is_active
    assert not share.is_active
    assert AuditEntry.objects.filter(
        action="share_revoked", target=f"share:{share.pk}", user_id=user.pk
    ).exists()


def test_support_cannot_revoke_links(support, user):
    session = ChatSession.objects.create(user=user, title="Hello", model="m")
    share = Share.objects.create(user=user, session=session, token="t" * 32)

    support.post(url(Share, "changelist"), {"action": "revoke", "_selected_action": [share.pk]})

    share.refresh_from_db()
    assert share.is_active


def test_operators_cannot_raise_their_own_rights(operators, user):
    operator = User.objects.get(email=f"{OPERATORS.lower()}@example.com")
    root = User.objects.create_superuser("root@example.com", "pass")

    def forms_fields(target):
        return operators.get(url(User, "change", target.pk)).context["adminform"].form.fields

    assert not {"is_staff", "is_superuser", "groups"} & set(forms_fields(user))
    made = operators.post(
        url(User, "change", user.pk),
        {"username": "ada", "plan": user.plan_id, "is_superuser": "on", "is_staff": "on"},
    )
    assert made.status_code == 302
    for target in (root, operator):
        changed = operators.post(url(User, "change", target.pk), {"username": "x"})
        assert changed.status_code == 403
        password = reverse("admin:auth_user_password_change", args=[target.pk])
        assert operators.get(password).status_code == 403
    erased = {"action": "erase", "confirmed": "Erase", "_selected_action": [root.pk]}
    operators.post(url(User, "changelist"), erased)

    user.refresh_from_db()
    root.refresh_from_db()
    assert not user.is_staff
    assert not user.is_superuser
    assert root.is_active
    assert root.erased_from is None


def test_no_page_shows_secrets(support, operators, user, key, api_key):
    user.set_password("Correct-horse-1")
    user.save()
    session = ChatSession.objects.create(user=user, title="Hello", model="m")
    ChatMessage.objects.create(session=session, role="user", content="Hello")
    share = Share.objects.create(user=user, session=session, token="sharetoken" * 3)
    hook = NotificationPreferences.objects.create(
        user=user, webhook_url="https://hooks.example.com/hooksecret"
    )
    rows = [user, key, session, share, hook]
    secrets = [
        api_key,
        key.key_digest,
        share.token,
        "hooksecret",
        user.password,
        # Django shows the beginnings of salt and hash.
        re.split(r"\$", user.password)[2][:6],
    ]

    for staff in (support, operators):
        for row in rows:
            for page in (url(type(row), "changelist"), url(type(row), "change", row.pk)):
                shown = staff.get(page).content.decode()
                assert [secret for secret in secrets if secret in shown] == []


def test_the_command_restores_the_rights(capsys):
    call_command("staff_groups")
    group = Group.objects.get(name=SUPPORT)
    before = set(group.permissions.all())
    group.permissions.clear()

    call_command("staff_groups")

    assert set(group.permissions.all()) == before
    assert all(permission.codename.startswith("view_") for permission in before)
    assert OPERATORS in capsys.readouterr().out


def test_a_users_keys_are_hidden_from_staff_who_may_not_view_keys(client, user):
    create_key(user, key_name="mine")
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.force_login(staff)

    shown = client.get(url(User, "change", user.pk))

    assert shown.status_code == 200
    assert b"mine" not in shown.content
