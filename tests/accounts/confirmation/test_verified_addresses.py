"""An e-mail address belongs to nobody before somebody has verified it or vouched for it."""

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.signing import SignedPackage

from accounts import background
from accounts.access.key_lookup import get_user
from accounts.models import AuditEntry, Notification, User
from accounts.notifications import Notice, notify
from accounts.users import create_user, get_or_create_verified_user
from tests.accounts.auth.conftest import post
from tests.conftest import ApiClient
from tests.couriers import deliver_due

ADDRESS = "victim@example.com"
PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def squatter(db):
    """A user who signed up with somebody else's address."""
    return create_user(ADDRESS, PASSWORD, username="squatter")


def create_api_key(capsys, *arguments):
    call_command("create_api_key", *arguments)
    return capsys.readouterr()


@pytest.mark.parametrize("spelling", [ADDRESS, "VICTIM@example.com", "victim@example.com."])
def test_an_operators_key_does_not_go_to_a_squatter(capsys, squatter, spelling):
    printed = create_api_key(capsys, spelling)

    principal = get_user(printed.out.strip())
    assert principal.user_id != squatter.pk
    assert f"User {squatter.pk} had entered this address" in printed.err
    profile = ApiClient(printed.out.strip()).get("/v1/user/profile").json()["data"]
    assert profile["email"] == ADDRESS
    assert profile["email_verified_at"] is not None
    assert post({"email": ADDRESS, "password": PASSWORD}).status_code == 401


def test_losing_an_address_is_audited_and_costs_nothing_else(capsys, squatter):
    api = ApiClient(post({"email": ADDRESS, "password": PASSWORD}).json()["api_key"])

    create_api_key(capsys, ADDRESS)

    assert api.get("/v1/user/profile").json()["data"]["email"] is None
    entry = AuditEntry.objects.with_personal_data().get(action="address_released")
    assert entry.user_id == squatter.pk
    assert ADDRESS in entry.personal_data


def test_a_second_key_goes_to_the_same_user(capsys):
    first = get_user(create_api_key(capsys, ADDRESS).out.strip())
    printed = create_api_key(capsys, ADDRESS.upper())

    assert get_user(printed.out.strip()).user_id == first.user_id
    assert printed.err == ""


def test_a_user_named_like_the_address_does_not_matter(capsys):
    other = User.objects.create_user("old@example.com", username=ADDRESS)

    principal = get_user(create_api_key(capsys, ADDRESS).out.strip())

    assert principal.user_id != other.pk


def test_concurrent_requests_get_one_user(squatter):
    barrier = threading.Barrier(4)

    def ask(_):
        barrier.wait()
        try:
            return get_or_create_verified_user(ADDRESS).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        ids = set(threads.map(ask, range(4)))

    assert ids == {User.objects.with_email(ADDRESS).get().pk} != {squatter.pk}


def test_a_superuser_made_in_the_shell_has_the_address(squatter):
    call_command("createsuperuser", "--noinput", email=ADDRESS)

    root = User.objects.with_email(ADDRESS).get()
    assert root.is_superuser
    assert root.email_verified_at is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda user: User.objects.filter(pk=user.pk).update(email="new@example.com"),
        lambda user: (setattr(user, "email", "new@example.com"), user.save()),
        lambda user: User.objects.bulk_update([user], ["email"]),
        lambda user: connection.cursor().execute("UPDATE users SET email = 'new@example.com'"),
        lambda user: User.objects.filter(pk=user.pk).update(email=None),
    ],
    ids=["update", "save", "bulk_update", "sql", "none"],
)
def test_a_changed_address_is_not_verified_whoever_changes_it(user, change):
    user.email = "new@example.com"
    change(user)

    user.refresh_from_db()
    assert user.email != "ada@example.com"
    assert user.email_verified_at is None


def test_a_change_of_case_or_with_a_verification_stays_verified(user):
    verified_at = user.email_verified_at
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users SET email = 'Ada@Example.com'")
    user.refresh_from_db()
    assert user.email_verified_at == verified_at

    User.objects.update(email="new@example.com", email_verified_at=timezone.now())
    user.refresh_from_db()
    assert user.email_verified_at > verified_at


def test_an_address_entered_by_an_operator_is_verified(admin_client, squatter):
    url = reverse("admin:accounts_user_change", args=[squatter.pk])
    form = {"username": squatter.username, "plan": squatter.plan_id, "is_active": "on"}

    admin_client.post(url, {"email": ADDRESS, **form})
    squatter.refresh_from_db()
    assert squatter.email_verified_at is None

    admin_client.post(url, {"email": "eve@example.com", **form})
    squatter.refresh_from_db()
    assert squatter.email == "eve@example.com"
    assert squatter.email_verified_at is not None


def test_removing_a_verified_address_notifies_it(admin_client, user):
    url = reverse("admin:accounts_user_change", args=[user.pk])
    form = {"username": user.username, "plan": user.plan_id, "is_active": "on"}
    background.broker().purge_queue()

    admin_client.post(url, {"email": "eve@example.com", **form})
    run_queued_tasks()
    admin_client.post(url, {"email": "", **form})
    run_queued_tasks()

    assert [message.to for message in mail.outbox] == [["ada@example.com"], ["eve@example.com"]]
    assert {message.subject for message in mail.outbox} == {
        "Gatewayz: your e-mail address has changed"
    }


def run_queued_tasks():
    broker = background.broker()
    while broker.queue_size():
        for _, signed in broker.dequeue():
            task = SignedPackage.loads(signed)
            import_string(task["func"])(*task["args"])


def test_an_operator_can_verify_existing_addresses(admin_client, squatter, user):
    without = User.objects.create_user(None, username="wallet")
    chosen = [squatter.pk, user.pk, without.pk]
    action = {"action": "verify_address", "_selected_action": chosen, "confirmed": "yes"}

    admin_client.post(reverse("admin:accounts_user_changelist"), action)

    squatter.refresh_from_db()
    without.refresh_from_db()
    assert squatter.email_verified_at is not None
    assert without.email_verified_at is None
    assert AuditEntry.objects.get(action="address_verified").user_id == squatter.pk


def test_nothing_is_sent_to_an_unverified_address(squatter, user):
    assert notify([Notice(squatter.pk, Notification.Kind.TEST, "because", {})]) == []

    notify([Notice(user.pk, Notification.Kind.TEST, "because", {})])
    User.objects.filter(pk=user.pk).update(email="new@example.com")
    deliver_due()

    assert mail.outbox == []
    assert Notification.objects.get().error == "The user has no verified e-mail address."


def test_the_migration_verifies_the_addresses_set_by_operators(user):
    post({"email": ADDRESS, "password": PASSWORD}, "/v1/auth/register")
    made = get_or_create_verified_user("made@example.com")
    changed = get_or_create_verified_user("changed@example.com")
    AuditEntry.objects.create(
        action="profile_changed", user_id=changed.pk, target="user", channel="api"
    )
    staff = User.objects.create_superuser("root@example.com", PASSWORD)
    User.objects.update(email_verified_at=None)
    migration = importlib.import_module("accounts.migrations.0028_addresses_of_operators")

    with connection.schema_editor() as editor:
        migration.mark_verified(apps, editor)
        migration.mark_verified(apps, editor)

    assert set(User.objects.verified()) == {made, staff}
