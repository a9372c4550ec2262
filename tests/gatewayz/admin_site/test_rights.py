"""Every page and action of the admin, asked by each kind of staff for rows of each kind of user.

What there is comes from the registry of the admin, so a new page, action or URL is asked for too,
and fails until it is in ACTS or PAGES. A request acts if it writes to the database.
"""

import re
from itertools import count

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone
from django_q.models import Failure, Schedule

from accounts import audit
from accounts.access.key_lookup import get_user
from accounts.activity.events import new_event_id
from accounts.keys import create_key
from accounts.models import (
    ActivityDeadLetter,
    ActivityEvent,
    ApiKey,
    AuditEntry,
    Credit,
    Notification,
    NotificationPreferences,
    Plan,
    RateLimitConfig,
    Referral,
    ReferralCode,
    User,
)
from accounts.models.rate_limits import WINDOW_FIELDS
from chat.models import ChatImport, ChatSession, Feedback, Share
from gatewayz.admin_site.groups import OPERATORS, SUPPORT, make_staff_groups
from gatewayz.admin_site.lists import BigTableAdmin
from gatewayz.request.long_bodies import FILE_TYPE

pytestmark = pytest.mark.django_db

# The requests of a superuser that act; all others only show.
ACTS = {
    ApiKey: {
        *("add", "change", "delete", "delete_selected"),
        *("rotate", "rotate_with_grace", "deactivate", "activate"),
    },
    User: {"add", "change", "auth_user_password_change", "erase", "verify_address"},
    RateLimitConfig: {"add", "change", "delete", "delete_selected"},
    ReferralCode: {"change"},
    Share: {"revoke"},
    ChatImport: {"cancel", "chat_import"},
    ChatSession: {"restore", "chat_export_user"},
    Notification: {"retry"},
    Plan: {"add", "change"},
    Group: {"add", "change", "delete", "delete_selected"},
    ActivityDeadLetter: {"delete", "delete_selected", "requeue"},
    Failure: {"delete", "delete_selected"},
}
# Of these, what operators do not do on any row; support staff do nothing at all.
NOT_BY_OPERATORS = {(Plan, "add"), *((Group, act) for act in ACTS[Group])}
# Nor does anybody else who is not a superuser, whatever the permissions.
ONLY_BY_SUPERUSERS = {(Group, act) for act in ACTS[Group]}
# Of which rows of staff are shown to superusers only.
PRIVATE = {ChatImport, ChatSession, Feedback, Share}
# Further URLs of each ModelAdmin, by their name.
PAGES = {
    "auth_user_password_change",
    "accounts_plan_rejections",
    "accounts_rejected_requests",
    "accounts_keys_to_check",
    "chat_usage",
    "chat_export_user",
    "chat_import",
}
# Those of them that are not pages to look at.
NOT_SHOWN = {"auth_user_password_change", "chat_export_user", "chat_import"}

ROLES = ("support", "operator", "staff with every permission", "superuser")
OWNERS = ("own", "ordinary", "staff", "superuser")
REGISTRY = admin.site._registry
NUMBERS = count(1)


@pytest.fixture
def people(db):
    """Somebody of each role, and of each kind of owner."""
    make_staff_groups()
    made = {role: User.objects.create_user(f"{n}@example.com") for n, role in enumerate(ROLES)}
    for role in ROLES:
        made[role].is_staff = True
        made[role].is_superuser = role == "superuser"
        made[role].save()
    made["support"].groups.add(Group.objects.get(name=SUPPORT))
    made["operator"].groups.add(Group.objects.get(name=OPERATORS))
    made["staff with every permission"].user_permissions.set(Permission.objects.all())
    others = {
        "ordinary": User.objects.create_user("ordinary@example.com"),
        "staff": User.objects.create_user("staff@example.com", is_staff=True),
        # A user who is not staff cannot log in to the admin, but the flag counts.
        "superuser": User.objects.create_user("boss@example.com", is_superuser=True),
    }
    return {"roles": made, "owners": others}


def rows_of(owner):
    """A row of `owner` in every table that is shown; of those without an owner, any row."""
    n = next(NUMBERS)
    other = User.objects.create_user(f"other{n}@example.com")
    key, _ = create_key(owner, key_name=f"key {n}")
    session = ChatSession.objects.create(user=owner, title="T", model="m", is_active=False)
    audit.record("tested", user_id=owner.pk)
    rows = [
        owner,
        key,
        session,
        RateLimitConfig.objects.create(api_key=key),
        Share.objects.create(user=owner, session=session, token=f"{n:032}"),
        ChatImport.objects.create(user=owner, state="running", file_name=f"{n}.json"),
        Feedback.objects.create(user=owner, session=session, feedback_type="thumbs_up"),
        ActivityEvent.objects.create(event_id=new_event_id(), user=owner),
        Notification.objects.create(
            user=owner, kind="test", cause=f"{n}", channel="email", status="failed"
        ),
        NotificationPreferences.objects.create(user=owner),
        ReferralCode.objects.create(user=owner, code=f"C{n}", max_uses=3),
        Referral.objects.create(referrer=owner, referred_user=other, bonus=1),
        Credit.objects.create(user=owner, amount=1, reason="test", cause=f"{n}"),
        AuditEntry.objects.latest("pk"),
        Plan.objects.earliest("pk"),
        Group.objects.earliest("pk"),
        ActivityDeadLetter.objects.create(digest=f"{n}", event=b"x", error="x"),
        Failure.objects.create(
            id=f"{n:032}",
            name="n",
            func="f",
            success=False,
            started=timezone.now(),
            stopped=timezone.now(),
        ),
        Schedule.objects.earliest("pk"),
    ]
    return {type(row): row for row in rows}


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def ask(asker, path, data=None):
    """The context of the admin's answer; None when it denies."""
    factory = RequestFactory()
    if data is None:
        request = factory.get(path)
    elif isinstance(data, bytes):
        request = factory.post(path, data, content_type=FILE_TYPE)
    else:
        request = factory.post(path, data)
    request.user = asker
    request.session = SessionStore()
    request._messages = FallbackStorage(request)
    request._dont_enforce_csrf_checks = True
    found = resolve(request.path_info)
    try:
        answer = found.func(request, *found.args, **found.kwargs)
    except PermissionDenied:
        return None
    # To the log-in, or to the start page because there is no such row for the caller.
    is_elsewhere = answer.status_code == 302 and data is None
    return None if is_elsewhere or answer.status_code == 403 else answer


def acts(asker, path, data):
    """Whether a POST writes something; it is undone."""
    written = []

    def look_at(execute, sql, params, many, context):
        if re.match(r"\s*(?:WITH\b.*?\b)?(?:INSERT|UPDATE|DELETE)\b", sql, re.DOTALL):
            written.append(sql)
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(look_at):
        ask(asker, path, data)
        transaction.set_rollback(True)
    return bool(written)


def form_of(model, row, owner):
    """The form that adds or changes a row, so that something changes."""
    n = next(NUMBERS)
    if model is RateLimitConfig:
        key = row.pk if row is not None else create_key(owner, key_name=f"{n}")[0].pk
        return {"api_key": key, **dict.fromkeys((*WINDOW_FIELDS, "concurrency_limit"), 7)}
    return {
        ApiKey: {"user": owner.pk, "key_name": f"new {n}", "environment_tag": "live"},
        User: {
            "email": f"new{n}@example.com",
            "username": f"new{n}",
            "plan": 1,
            "usable_password": "true",
            "password1": "Correct-horse-1",
            "password2": "Correct-horse-1",
        },
        ReferralCode: {"max_uses": 50},
        Plan: {"name": f"Plan {n}", "plan_type": "custom", "features": "[]", "price_per_month": 1},
        Group: {"name": f"Group {n}"},
    }.get(model, {})


def requests_for(model, row, owner):
    """Each request that may act, by name: path and data."""
    model_admin = REGISTRY[model]
    listed, chosen = url(model, "changelist"), {"_selected_action": [row.pk]}
    found = {
        "add": (url(model, "add"), form_of(model, None, owner)),
        "change": (url(model, "change", row.pk), form_of(model, row, owner)),
        "delete": (url(model, "delete", row.pk), {"post": "yes"}),
    }
    for _, name, _ in model_admin._get_base_actions():
        data = {"action": name, "post": "yes", "confirmed": "Erase", **chosen}
        found[name] = (listed, data)
    for name in custom_urls(model):
        arguments = {"auth_user_password_change": [row.pk], "chat_import": [owner.pk]}
        forms = {"chat_export_user": {"user": owner.pk}, "chat_import": b"[]"}
        path = reverse(f"admin:{name}", args=arguments.get(name))
        found[name] = (path, forms.get(name) or form_of(model, row, owner))
    return found


def custom_urls(model):
    """The names of the URLs that this ModelAdmin has beside those of every one."""
    usual = re.compile(r"(changelist|add|history|delete|change)$")
    start = f"{model._meta.app_label}_{model._meta.model_name}_"
    names = [pattern.name for pattern in REGISTRY[model].get_urls() if pattern.name]
    return [
        name for name in names
        if not (name.startswith(start) and usual.match(name.removeprefix(start)))
    ]  # fmt: skip


def is_allowed(role, model, act, owner):
    """Whether somebody of this role acts so on the row of such an owner: the rule."""
    if act not in ACTS.get(model, ()):
        return False
    if role == "superuser":
        return True
    if role == "support" or (model, act) in ONLY_BY_SUPERUSERS:
        return False
    if role == "operator" and (model, act) in NOT_BY_OPERATORS:
        return False
    is_owned = REGISTRY[model].owner is not None and (model, act) != (User, "add")
    return not is_owned or owner == "ordinary"


@pytest.mark.long
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("role", ROLES)
def test_the_owner_of_a_row_decides_who_may_act_on_it(people, role, owner):
    asker = people["roles"][role]
    user = asker if owner == "own" else people["owners"][owner]
    rows = rows_of(user)
    assert rows.keys() == REGISTRY.keys()

    differing = {
        (model.__name__, act)
        for model, row in rows.items()
        for act, (path, data) in requests_for(model, row, user).items()
        if acts(asker, path, data) != is_allowed(role, model, act, owner)
    }

    assert differing == set()


@pytest.mark.long
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("role", ROLES)
def test_chats_of_staff_are_visible_only_to_superusers(people, role, owner):
    asker = people["roles"][role]
    user = asker if owner == "own" else people["owners"][owner]
    rows = rows_of(user)

    def is_shown(model, row):
        listed = ask(asker, url(model, "changelist"))
        in_list = listed is not None and row in listed.context_data["cl"].result_list
        pages = [ask(asker, url(model, page, row.pk)) for page in ("change", "history")]
        assert {page is not None for page in pages} == {in_list}
        return in_list

    hidden = {model for model, row in rows.items() if not is_shown(model, row)}

    sees_groups = role in {"staff with every permission", "superuser"}
    no_rights = set() if sees_groups else {Group}
    may_see = role == "superuser" or owner == "ordinary"
    assert hidden - no_rights == (set() if may_see else PRIVATE)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "superuser"])
@pytest.mark.parametrize("owner", ["own", "staff", "superuser"])
def test_only_superusers_create_keys_of_staff(people, role, owner):
    asker = people["roles"][role]
    user = asker if owner == "own" else people["owners"][owner]

    assert ask(asker, url(ApiKey, "add"), form_of(ApiKey, None, user)) is None
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("role", [role for role in ROLES if role != "superuser"])
def test_a_row_is_not_moved_to_or_from_staff(people, role):
    asker = people["roles"][role]
    ordinary, boss = people["owners"]["ordinary"], people["owners"]["superuser"]
    key, _ = create_key(ordinary, key_name="mine")
    of_boss, _ = create_key(boss, key_name="of the boss")
    config = RateLimitConfig.objects.create(api_key=key)
    code = ReferralCode.objects.create(user=ordinary, code="C", max_uses=3)

    moved = {"user": boss.pk, "api_key": of_boss.pk}
    for row in (key, config, code):
        ask(asker, url(type(row), "change", row.pk), form_of(type(row), row, boss) | moved)
    ask(asker, url(ApiKey, "change", of_boss.pk), {"user": ordinary.pk, "key_name": "taken"})

    assert list(ApiKey.objects.filter(user=ordinary)) == [key]
    assert list(ApiKey.objects.filter(user=boss).values_list("key_name")) == [("of the boss",)]
    assert list(RateLimitConfig.objects.values_list("api_key_id")) == [(key.pk,)]
    assert list(ReferralCode.objects.values_list("user_id")) == [(ordinary.pk,)]


def test_every_page_names_the_owner_of_its_rows():
    owned = {model for model in REGISTRY if _refers_to_users(model)}

    assert all(isinstance(model_admin, BigTableAdmin) for model_admin in REGISTRY.values())
    assert {m for m, page in REGISTRY.items() if page.owner is not None} == owned


def _refers_to_users(model):
    """Whether a foreign key leads to a user, or to a row of one."""
    parents = {field.related_model for field in model._meta.get_fields() if field.many_to_one}
    parents |= {f.related_model for f in model._meta.get_fields() if f.one_to_one and f.concrete}
    return model is User or User in parents or ApiKey in parents


def test_every_action_is_bound_to_a_permission():
    unbound = [
        (model.__name__, name)
        for model, page in REGISTRY.items()
        for action, name, _ in page._get_base_actions()
        if not getattr(action, "allowed_permissions", None)
    ]

    assert unbound == []


def test_no_page_acts_in_a_way_that_these_tests_miss():
    pages = {name for model in REGISTRY for name in custom_urls(model)}
    unasked = {
        model.__name__
        for model, page in REGISTRY.items()
        if page.inlines
        or page.list_editable
        or page.actions_list
        or page.actions_row
        or page.actions_detail
        or page.actions_submit_line
    }

    assert pages == PAGES
    assert unasked == set()


def test_a_custom_page_is_closed_to_staff_without_rights(people):
    nobody = User.objects.create_user("nobody@example.com", is_staff=True)

    for name in PAGES - NOT_SHOWN:
        assert ask(nobody, reverse(f"admin:{name}")) is None
        assert ask(people["roles"]["support"], reverse(f"admin:{name}")) is not None


def test_no_search_finds_chats_of_staff(people):
    boss = people["owners"]["superuser"]
    ChatSession.objects.create(user=boss, title="Secret plans", model="m")
    ChatSession.objects.create(user=people["owners"]["ordinary"], title="Open plans", model="m")

    found = ask(people["roles"]["support"], reverse("admin:search") + "?s=plans&extended=1")

    titles = [result.title for result in found.context_data["results"]]
    assert [title for title in titles if "plans" in title] == ["Open plans"]


def test_access_given_by_operators_ends_when_a_user_becomes_staff(people, client):
    user = people["owners"]["ordinary"]
    client.force_login(people["roles"]["operator"])
    answer = client.post(url(ApiKey, "add"), form_of(ApiKey, None, user))
    (_, secret), *_ = answer.context["new_secrets"]
    client.post(
        url(User, "changelist"),
        {"action": "verify_address", "_selected_action": user.pk, "confirmed": "yes"},
    )
    user.refresh_from_db()
    assert user.email_verified_at is not None
    user.set_password("Known-to-others-1")
    user.save()

    promote(people, user)

    user.refresh_from_db()
    assert user.is_staff
    assert user.email_verified_at is None
    assert get_user(secret).denial_code() == "inactive_key"
    assert not user.has_usable_password()


def test_a_user_untouched_by_operators_keeps_key_and_password(people):
    user = people["owners"]["ordinary"]
    _, secret = create_key(user, key_name="mine")
    user.set_password("Known-to-nobody-1")
    user.save()

    promote(people, user)

    user.refresh_from_db()
    assert user.is_staff
    assert get_user(secret).denial_code() is None
    assert user.has_usable_password()


def promote(people, user):
    form = {"username": user.username, "email": user.email, "plan": user.plan_id}
    form |= {"is_active": "on", "is_staff": "on"}
    ask(people["roles"]["superuser"], url(User, "change", user.pk), form)
