"""API keys in the admin."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts import activity
from accounts.access.key_lookup import get_user
from accounts.keys import create_key
from accounts.models import ApiKey, ApiKeyDay, User
from accounts.worker import drain

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = "admin:accounts_apikey_changelist"


def secrets_in(response):
    return re.findall(r"gw_[a-z]+_[0-9A-Za-z]{49}", response.content.decode())


@pytest.mark.parametrize("model", ["user", "apikey", "activityevent"])
def test_lists_run_as_many_statements_for_many_rows_as_for_few(
    admin_client, model, django_assert_max_num_queries
):
    for n in range(10):
        user = User.objects.create_user(f"u{n}@example.com")
        create_key(user, key_name="mine")
        activity.record(user_id=user.pk, finish_reason="tested")
    drain.drain()

    # Session, operator, count of the matches, the rows; for users the plans to filter by; for
    # activity the dead letters.
    with django_assert_max_num_queries(4 if model == "apikey" else 5):
        response = admin_client.get(reverse(f"admin:accounts_{model}_changelist"))

    assert response.status_code == 200
    assert b"u9@example.com" in response.content


def test_shows_a_new_key_once(admin_client, user):
    response = admin_client.post(
        reverse("admin:accounts_apikey_add"),
        {"user": user.pk, "key_name": "mine", "environment_tag": "test"},
    )

    (secret,) = secrets_in(response)
    key = ApiKey.objects.get()
    assert get_user(secret).key_id == key.pk
    assert "no-store" in response["Cache-Control"]
    for page in (reverse(KEYS), reverse("admin:accounts_apikey_change", args=[key.pk])):
        shown = admin_client.get(page).content.decode()
        assert secret not in shown
        assert key.masked in shown


def test_says_when_a_user_has_too_many_keys(admin_client, user, monkeypatch):
    monkeypatch.setattr("accounts.keys.lifecycle.MAX_KEYS", 1)
    create_key(user, key_name="mine")

    response = admin_client.post(
        reverse("admin:accounts_apikey_add"),
        {"user": user.pk, "key_name": "another", "environment_tag": "live"},
        follow=True,
    )

    assert response.status_code == 200
    assert "API keys: delete one first" in response.content.decode()
    assert ApiKey.objects.get().key_name == "mine"


def test_rejects_a_new_key_with_a_taken_name(admin_client, user):
    create_key(user, key_name="mine")

    response = admin_client.post(
        reverse("admin:accounts_apikey_add"),
        {"user": user.pk, "key_name": "mine", "environment_tag": "live"},
    )

    assert b"already has a key with that name" in response.content
    assert ApiKey.objects.count() == 1


def test_rotates_the_selected_keys_and_shows_their_new_secrets(admin_client, user):
    made = [create_key(user, key_name=f"k{n}") for n in range(2)]

    response = admin_client.post(
        reverse(KEYS),
        {
            "action": "rotate",
            "_selected_action": [key.pk for key, _ in made],
            "confirmed": "yes",
        },
    )

    assert len(secrets_in(response)) == 2
    assert all(get_user(secret) for secret in secrets_in(response))
    assert not any(get_user(old) for _, old in made)


def test_rotates_with_a_grace_of_a_day(admin_client, user):
    key, old = create_key(user, key_name="mine")
    before = time.time()

    response = admin_client.post(
        reverse(KEYS),
        {"action": "rotate_with_grace", "_selected_action": [key.pk], "confirmed": "yes"},
    )

    (new,) = secrets_in(response)
    assert get_user(new).expires_at is None
    assert before <= get_user(old).expires_at - 86_400 <= time.time()


def test_restrictions_of_a_key_are_set_and_cleared(admin_client, user):
    made = {
        "user": user.pk,
        "key_name": "mine",
        "environment_tag": "live",
        "scope_permissions": ["chat:read"],
        "ip_allowlist": "203.0.113.0/24\n 2001:db8::/32 ",
        "domain_referrers": "example.com",
        "max_requests": "10",
    }
    response = admin_client.post(reverse("admin:accounts_apikey_add"), made)

    (secret,) = secrets_in(response)
    principal = get_user(secret)
    assert principal.scopes == {"chat": ["read"]}
    assert principal.ip_allowlist == ("203.0.113.0/24", "2001:db8::/32")
    assert (principal.domain_referrers, principal.max_requests) == (("example.com",), 10)

    url = reverse("admin:accounts_apikey_change", args=[principal.key_id])
    nothing = dict.fromkeys(("ip_allowlist", "domain_referrers", "max_requests"), "")
    # The form contains its initial values in hidden fields.
    before = {f"initial-{name}": given for name, given in made.items()}
    response = admin_client.post(url, {"key_name": "mine", **before, **nothing})
    assert response.status_code == 302
    principal = get_user(secret)
    assert (principal.scopes, principal.ip_allowlist) == ({}, ())
    assert (principal.domain_referrers, principal.max_requests) == ((), None)

    response = admin_client.post(url, {"key_name": "mine", "ip_allowlist": "10.0.0.1/8"})
    assert b"has host bits set" in response.content


def test_checkboxes_show_the_scopes_of_the_key(admin_client, user):
    key, _ = create_key(user, key_name="mine", scope_permissions={"chat": ["read", "write"]})

    form = admin_client.get(
        reverse("admin:accounts_apikey_change", args=[key.pk])
    ).content.decode()

    checked = re.findall(r'<input type="checkbox"[^>]*value="(\w+:\w+)"[^>]* checked[ >]', form)
    assert checked == ["chat:read", "chat:write"]
    assert "Scopes" in form


def test_a_taken_name_is_reported_once(admin_client, user):
    create_key(user, key_name="mine")

    response = admin_client.post(
        reverse("admin:accounts_apikey_add"),
        {"user": user.pk, "key_name": "mine", "environment_tag": "live"},
    )

    assert response.content.decode().count("already has a key with that name") == 1


def test_a_missing_user_is_reported_once(admin_client):
    url = reverse("admin:accounts_apikey_add")

    errors = admin_client.post(url, {"key_name": "Phone"}).context["adminform"].form.errors

    assert errors["user"] == ["This field is required."]


def test_new_secrets_can_be_copied_with_a_button(admin_client, user):
    response = admin_client.post(
        reverse("admin:accounts_apikey_add"),
        {"user": user.pk, "key_name": "mine", "environment_tag": "test"},
    )

    assert b"navigator.clipboard.writeText" in response.content


def test_rejects_a_rename_to_a_taken_name(admin_client, user):
    create_key(user, key_name="mine")
    key, _ = create_key(user, key_name="other")
    url = reverse("admin:accounts_apikey_change", args=[key.pk])

    response = admin_client.post(url, {"key_name": "mine"})

    assert b"already has a key with that name" in response.content


def test_deleting_the_primary_key_promotes_another(admin_client, user):
    key, secret = create_key(user, key_name="first")
    heir, _ = create_key(user, key_name="second")

    admin_client.post(reverse("admin:accounts_apikey_delete", args=[key.pk]), {"post": "yes"})

    assert get_user(secret) is None
    heir.refresh_from_db()
    assert heir.is_primary


def test_deactivates_the_selected_keys(admin_client, user):
    key, secret = create_key(user, key_name="mine")
    assert get_user(secret).denial_code() is None

    admin_client.post(reverse(KEYS), {"action": "deactivate", "_selected_action": [key.pk]})

    assert get_user(secret).denial_code() == "inactive_key"


def test_an_edit_of_a_key_applies_immediately(admin_client, user):
    key, secret = create_key(user, key_name="mine")
    get_user(secret)

    response = admin_client.post(
        reverse("admin:accounts_apikey_change", args=[key.pk]),
        {"key_name": "mine", "expiration_date_0": "2020-01-01", "expiration_date_1": "00:00"},
    )

    assert response.status_code == 302
    assert get_user(secret).denial_code() == "expired_key"


def test_an_edit_started_before_a_deactivation_does_not_undo_it(admin_client, user):
    key, secret = create_key(user, key_name="mine")
    ApiKey.objects.filter(pk=key.pk).update(is_active=False, requests_used=7)

    admin_client.post(
        reverse("admin:accounts_apikey_change", args=[key.pk]),
        {"key_name": "renamed", "is_active": "on"},
    )

    key.refresh_from_db()
    assert (key.key_name, key.is_active, key.requests_used) == ("renamed", False, 7)
    assert get_user(secret).denial_code() == "inactive_key"


def test_activates_the_selected_keys(admin_client, user):
    key, secret = create_key(user, key_name="mine")
    ApiKey.objects.update(is_active=False)
    assert get_user(secret).denial_code() == "inactive_key"

    admin_client.post(reverse(KEYS), {"action": "activate", "_selected_action": [key.pk]})

    assert get_user(secret).denial_code() is None


@pytest.mark.parametrize("by", ["e-mail", "name", "last four"])
def test_is_found_by_what_its_user_knows(admin_client, user, by):
    key, _ = create_key(user, key_name="My Laptop")
    create_key(User.objects.create_user("eve@example.com"), key_name="Hers")
    term = {"e-mail": user.email.upper(), "name": "my laptop", "last four": key.last_four}[by]

    assert list(admin_client.get(reverse(KEYS), {"q": term}).context["cl"].result_list) == [key]


def test_a_key_is_shown_with_a_chart_of_its_use(admin_client, user, django_assert_max_num_queries):
    key, _ = create_key(user, key_name="mine")
    today = datetime.now(UTC).date()
    for ago, requests in ((0, 3), (29, 7), (30, 100)):
        ApiKeyDay.objects.create(
            api_key=key, day=today - timedelta(days=ago), requests=requests, tokens=2, spend=0
        )

    # Session, operator, the key, its days, its user; its content type, once per process.
    with django_assert_max_num_queries(6):
        response = admin_client.get(reverse("admin:accounts_apikey_change", args=[key.pk]))

    assert "Requests per day: 10 in all, most 7" in response.content.decode()
    assert "4 tokens" in response.content.decode()


def test_deleting_a_key_says_what_goes_with_it_without_listing_it(admin_client, key):
    today = datetime.now(UTC).date()
    ApiKeyDay.objects.bulk_create(
        ApiKeyDay(api_key=key, day=today - timedelta(days=ago), requests=7, tokens=0, spend=0)
        for ago in range(400)
    )

    page = admin_client.get(reverse("admin:accounts_apikey_delete", args=[key.pk]))

    assert "with its limits, networks and days of use" in page.content.decode()
    assert "7 requests" not in page.content.decode()
