"""The pages at /keys, on which users manage their own keys."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access.key_lookup import get_user
from accounts.auth import throttling
from accounts.key_pages import sessions
from accounts.keys import create_key
from accounts.models import ApiKey, AuditEntry, RateLimitConfig, User
from tests.accounts.auth.conftest import _privy, token  # noqa: F401

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
SECRET = re.compile(r'value="(gw_live_[^"]+)"')


@pytest.fixture
def owner(user):
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def browser(owner):
    """A browser in which the owner is signed in."""
    browser = Client()
    assert sign_in(browser, owner.email).status_code == 302
    return browser


def sign_in(browser, email, password=PASSWORD):
    return browser.post("/keys/sign-in", {"email": email, "password": password})


def secret_in(response):
    assert response.status_code == 200
    return SECRET.search(response.content.decode())[1]


def test_who_is_not_signed_in_sees_the_form_and_changes_nothing(owner, key):
    stranger = Client()

    assert "Password" in stranger.get("/keys").content.decode()
    for path in ("new", f"{key.pk}/rotate", f"{key.pk}/limits", f"{key.pk}/delete"):
        response = stranger.post(f"/keys/{path}", {"key_name": "x", "confirmed": "yes"})
        assert (response.status_code, response.url) == (302, "/keys")
    assert list(ApiKey.objects.all()) == [key]


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(owner, email):
    response = sign_in(Client(), email, "wrong")

    assert response.status_code == 401
    assert "The e-mail address or the password is wrong." in response.content.decode()


def test_a_deactivated_user_is_not_signed_in(owner, browser):
    User.objects.update(is_active=False)

    assert "Sign in" in browser.get("/keys").content.decode()
    assert sign_in(Client(), owner.email).status_code == 401


@pytest.mark.usefixtures("_privy")
def test_a_token_of_privy_signs_in_the_user_whom_it_names():
    browser = Client()
    assert "Sign in with Privy" in browser.get("/keys").content.decode()

    response = browser.post("/keys/sign-in", {"token": token()})

    assert (response.status_code, response.url) == (302, "/keys")
    assert "Your API keys" in browser.get("/keys").content.decode()
    user = User.objects.get(privy_user_id="did:privy:ada")
    assert not ApiKey.objects.filter(user=user).exists()
    assert AuditEntry.objects.filter(action="keys_page_sign_in", user_id=user.pk).count() == 1


@pytest.mark.usefixtures("_privy")
def test_a_token_that_privy_did_not_sign_signs_nobody_in():
    response = Client().post("/keys/sign-in", {"token": token(aud="another-application")})

    assert response.status_code == 401
    assert "This token is not valid." in response.content.decode()
    assert not User.objects.exists()


def test_privy_is_not_offered_where_it_is_not_configured():
    browser = Client()

    assert "Privy" not in browser.get("/keys").content.decode()
    assert browser.post("/keys/sign-in", {"token": token()}).status_code == 400


def test_another_password_signs_out(owner, browser):
    owner.set_password("another horse battery staple")
    owner.save()

    assert "Sign out" not in browser.get("/keys").content.decode()


def test_a_sign_in_ends_by_itself(browser, monkeypatch):
    now = sessions.time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + sessions.SIGNED_IN_SECONDS + 1)

    assert "Sign out" not in browser.get("/keys").content.decode()


def test_signing_out_ends_it(browser):
    browser.post("/keys/sign-out")

    assert "Sign out" not in browser.get("/keys").content.decode()


def test_signing_in_changes_the_id_of_the_session(owner):
    browser = Client()
    browser.session.save()
    session = browser.session
    session["planted"] = True
    session.save()
    browser.cookies["sessionid"] = session.session_key
    sign_in(browser, owner.email)

    assert browser.session.session_key != session.session_key


def test_the_admin_and_these_pages_do_not_open_each_other(admin_client, admin_user):
    assert "Sign out" not in admin_client.get("/keys").content.decode()

    admin_user.set_password(PASSWORD)
    admin_user.save()
    browser = Client()
    sign_in(browser, admin_user.email)

    assert "Sign out" in browser.get("/keys").content.decode()
    assert browser.get(reverse("admin:index")).status_code == 302


def test_attempts_count_together_with_those_at_the_api(owner, monkeypatch):
    monkeypatch.setattr(throttling, "SIGN_INS_PER_ACCOUNT", 1)
    Client().post(
        "/v1/auth",
        {"email": owner.email, "password": "wrong"},
        content_type="application/json",
    )

    response = sign_in(Client(), owner.email)

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_a_form_of_another_site_does_nothing(owner):
    browser = Client(enforce_csrf_checks=True)

    response = sign_in(browser, owner.email)

    assert response.status_code == 403
    assert "This form was opened" in response.content.decode()
    assert 'href="/keys"' in response.content.decode()


def test_a_user_without_keys_sees_who_is_signed_in(browser, owner):
    page = browser.get("/keys").content.decode()

    assert "You have no keys yet." in page
    assert owner.email in page


def test_a_key_is_made_shown_once_and_works(browser, owner):
    response = browser.post(
        "/keys/new", {"key_name": "Laptop", "environment_tag": "live", "days": "30"}
    )

    secret = secret_in(response)
    assert get_user(secret).user_id == owner.pk
    made = ApiKey.objects.get(key_name="Laptop")
    assert made.expiration_date is not None
    assert response["Cache-Control"] == "no-store"
    assert secret not in browser.get("/keys").content.decode()
    entry = AuditEntry.objects.get(action="key_created")
    assert (entry.user_id, entry.actor_user_id) == (owner.pk, owner.pk)


def test_what_is_wrong_with_a_key_is_said(browser):
    browser.post("/keys/new", {"key_name": "Laptop", "environment_tag": "live"})
    taken = browser.post("/keys/new", {"key_name": "Laptop", "environment_tag": "live"})
    nameless = browser.post("/keys/new", {"key_name": "", "environment_tag": "live"})

    assert taken.status_code == 409
    assert nameless.status_code == 400
    assert "Key name: This field may not be blank." in nameless.content.decode()


@pytest.mark.parametrize("grace_seconds", [0, 3600])
def test_a_key_is_rotated(browser, owner, grace_seconds):
    key, old = create_key(owner, key_name="Phone")

    response = browser.post(f"/keys/{key.pk}/rotate", {"grace_seconds": grace_seconds})

    assert get_user(secret_in(response)).key_id == key.pk
    assert (get_user(old) is not None) is (grace_seconds > 0)


def test_limits_are_set_and_an_empty_field_leaves_one_to_the_plan(browser, owner):
    key, _ = create_key(owner, key_name="Phone")

    response = browser.post(
        f"/keys/{key.pk}/limits", {"requests_per_minute": "7", "tokens_per_day": ""}
    )

    assert response.status_code == 302
    limits = RateLimitConfig.objects.get(api_key=key)
    assert (limits.requests_per_minute, limits.tokens_per_day) == (7, 0)
    shown = browser.get("/keys").content.decode()
    assert 'name="requests_per_minute" type="number" min="0" value="7"' in shown
    bad = browser.post(f"/keys/{key.pk}/limits", {"requests_per_minute": "-1"})
    assert bad.status_code == 400
    assert "Requests per minute:" in bad.content.decode()


def test_a_key_is_deleted_once_that_is_confirmed(browser, owner):
    key, _ = create_key(owner, key_name="Phone")

    assert "Confirm" in browser.post(f"/keys/{key.pk}/delete").content.decode()
    assert ApiKey.objects.filter(pk=key.pk).exists()
    browser.post(f"/keys/{key.pk}/delete", {"confirmed": "yes"})
    assert not ApiKey.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize("act", ["rotate", "limits", "delete"])
@pytest.mark.parametrize("which", ["a stranger's", "none", "beyond"])
def test_keys_of_others_are_missing(browser, act, which):
    key, secret = create_key(User.objects.create_user("other@example.com"), key_name="Theirs")
    key_id = {"a stranger's": key.pk, "none": key.pk + 999, "beyond": 10**30}[which]

    response = browser.post(f"/keys/{key_id}/{act}", {"confirmed": "yes"})

    assert response.status_code in {400, 404}
    assert response["Content-Type"].startswith("text/html")
    assert get_user(secret) is not None


def test_acts_are_limited(browser, monkeypatch):
    monkeypatch.setattr(throttling, "KEYS_PAGE_ACTS_PER_MINUTE", 1)
    made = [browser.post("/keys/new", {"key_name": f"{n}"}).status_code for n in range(2)]

    assert made == [200, 429]


def test_names_are_text_and_the_page_runs_no_script_but_its_own(browser, owner):
    create_key(owner, key_name="<script>alert(1)</script>")

    response = browser.get("/keys")

    assert "<script" not in response.content.decode()
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self'" in policy


def test_the_page_takes_few_statements_however_many_keys(
    browser, owner, django_assert_max_num_queries
):
    for n in range(12):
        create_key(owner, key_name=f"{n}")

    # Session, user, keys with usage and limits, plan.
    with django_assert_max_num_queries(4):
        shown = browser.get("/keys").content.decode()

    assert shown.count("<article") == 12
