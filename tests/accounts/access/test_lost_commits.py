"""Changes to keys whose COMMIT gets no answer.

The connection breaks while the COMMIT is under way, or the deadline of the request passes. The
caller gets a 503, but what was committed counts, and no process goes on with the old state.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from accounts.access import key_lookup
from accounts.access.key_lookup import get_user
from accounts.keys import create_key
from accounts.models import ApiKey, Plan, RateLimitConfig, User
from accounts.principals import cached_keys
from gatewayz.database.after_commit import AfterCommit
from gatewayz.database.connections import BoundedConnection
from gatewayz.request import deadline
from tests.accounts.keys.conftest import PATH as KEYS
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("listening")]

SCOPES = {"scope_permissions": {"chat": ["read"]}}
LIMITS = {
    "requests_per_minute": 1,
    "requests_per_hour": 1,
    "requests_per_day": 1,
    "tokens_per_minute": 1,
    "tokens_per_hour": 1,
    "tokens_per_day": 1,
}


@pytest.fixture
def victim(user, api_key):
    """A key of `user` that is not the one of `api`, and its secret."""
    return create_key(user, key_name="victim")


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("root@example.com", "pass"))
    client.raise_request_exception = False
    return client


@pytest.fixture
def elsewhere():
    """Call a function in another thread, whose connection to the database works."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result()
        pool.submit(_close).result()


def _close():
    connection.close()  # that of the thread


# --- By the API ---------------------------------------------------------------------------------


def _delete(api, key):
    body = {"confirmation": "DELETE_KEY"}
    return api.delete(f"{KEYS}/{key.pk}", body, content_type="application/json")


def _put(api, key, **body):
    return api.put(f"{KEYS}/{key.pk}", body, content_type="application/json")


def _action(operator, key, name):
    chosen = {"action": name, "_selected_action": [key.pk], "confirmed": "yes"}
    return operator.post(reverse("admin:accounts_apikey_changelist"), chosen)


def _edit(operator, row, **changes):
    """Submit the form of a row with `changes`."""
    url = reverse(f"admin:accounts_{row._meta.model_name}_change", args=[row.pk])
    form = operator.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    values = {
        name: value for name, value in values.items() if value is not None and value is not False
    }
    return operator.post(url, values | changes)


BY_THE_API = {
    "deleting it": _delete,
    "rotating it": lambda api, key: api.post_json(f"{KEYS}/{key.pk}/rotate", {}),
    "rotating all": lambda api, key: _put(api, key, action="bulk_rotate"),
    "switching it off": lambda api, key: _put(api, key, is_active=False),
    "giving it fewer scopes": lambda api, key: _put(api, key, **SCOPES),
    "binding it to a network": lambda api, key: _put(api, key, ip_allowlist=["203.0.113.0/24"]),
    "binding it to a site": lambda api, key: _put(api, key, domain_referrers=["example.com"]),
    "limiting it": lambda api, key: api.put(
        f"/v1/user/rate-limits/{key.pk}", LIMITS, content_type="application/json"
    ),
    "erasing the account": lambda api, key: api.delete(
        "/v1/user/profile", {"confirmation": "DELETE_ACCOUNT"}, content_type="application/json"
    ),
}
IN_THE_ADMIN = {
    "deleting it": lambda operator, key: operator.post(
        reverse("admin:accounts_apikey_delete", args=[key.pk]), {"post": "yes"}
    ),
    "rotating it": lambda operator, key: _action(operator, key, "rotate"),
    "switching it off": lambda operator, key: _action(operator, key, "deactivate"),
    "giving it fewer scopes": lambda operator, key: _edit(
        operator, key, scope_permissions=["chat:read"]
    ),
    "switching the user off": lambda operator, key: _edit(operator, key.user, is_active=""),
    "giving the user another plan": lambda operator, key: _edit(
        operator, key.user, plan=Plan.objects.get(name="Enterprise").pk
    ),
    "changing the plan": lambda operator, key: _edit(
        operator, key.user.plan, requests_per_minute=7
    ),
}


@contextmanager
def nobody_hears(network, fate):
    """The next COMMIT of this thread fails in the given way."""
    network.change(trigger="COMMIT\0", fate=fate)
    try:
        yield
    finally:
        network.change(trigger="", blackhole=False)
        connection.close()


@contextmanager
def used_all_the_while(secret):
    """Use a key continuously during the block."""
    enough = Event()

    def use():
        try:
            while not enough.is_set():
                get_user(secret)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        using = pool.submit(use)
        try:
            yield
        finally:
            enough.set()
            using.result()


def assert_nobody_goes_on_as_before(secret, before):
    """Assert that the caches agree with the database, and that both have changed."""
    now = get_user(secret)
    cached_keys.key_cache().entries.clear()
    assert now == get_user(secret) != before


@pytest.mark.parametrize("change", BY_THE_API.values(), ids=BY_THE_API)
def test_an_api_change_whose_commit_was_not_confirmed_applies(
    database_network, api, victim, change
):
    key, secret = victim
    before = get_user(secret)

    with used_all_the_while(secret), nobody_hears(database_network, "unheard"):
        assert change(api, key).status_code == 503

    assert_nobody_goes_on_as_before(secret, before)


@pytest.mark.parametrize("change", IN_THE_ADMIN.values(), ids=IN_THE_ADMIN)
def test_an_admin_change_whose_commit_was_not_confirmed_applies(
    database_network, operator, victim, change
):
    key, secret = victim
    # The log-in of the test client commits too: the session is there before.
    operator.get(reverse("admin:index"))
    before = get_user(secret)

    with used_all_the_while(secret), nobody_hears(database_network, "unheard"):
        assert change(operator, key).status_code >= 500

    assert_nobody_goes_on_as_before(secret, before)


IN_CODE = {
    "updating keys": lambda key: ApiKey.objects.update(is_active=False),
    "saving the key": lambda key: _saved(key, is_active=False),
    "deleting keys": lambda key: ApiKey.objects.all().delete(),
    "updating users": lambda key: User.objects.update(is_active=False),
    "deleting users, which cascades": lambda key: User.objects.all().delete(),
    "making limits in bulk": lambda key: RateLimitConfig.objects.bulk_create(
        [RateLimitConfig(api_key=key)]
    ),
    "updating plans": lambda key: Plan.objects.update(requests_per_minute=7),
    "saving the plan": lambda key: _saved(key.user.plan, requests_per_minute=7),
}


def _saved(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


@pytest.mark.parametrize("change", IN_CODE.values(), ids=IN_CODE)
def test_a_change_of_cached_rows_whose_commit_was_not_confirmed_applies(
    database_network, victim, change
):
    key, secret = victim
    before = get_user(secret)

    with (
        used_all_the_while(secret),
        nobody_hears(database_network, "unheard"),
        pytest.raises(OperationalError),
    ):
        change(key)

    assert_nobody_goes_on_as_before(secret, before)


def test_a_change_whose_commit_never_arrived_changes_nothing(database_network, api, victim):
    key, secret = victim
    before = get_user(secret)

    with nobody_hears(database_network, "lost"):
        assert _delete(api, key).status_code == 503

    assert get_user(secret) == before
    assert _delete(api, key).status_code == 200
    assert get_user(secret) is None


@pytest.mark.parametrize("row", ["key", "plan"])
def test_a_process_invalidates_before_its_commit_in_case_it_dies(victim, monkeypatch, row):
    _, secret = victim
    before = get_user(secret)

    with used_all_the_while(secret), monkeypatch.context() as patched:
        patched.setattr(AfterCommit, "__call__", lambda owed: None)
        if row == "key":
            ApiKey.objects.update(is_active=False)
        else:
            Plan.objects.update(requests_per_minute=7)

    assert_nobody_goes_on_as_before(secret, before)


def test_a_key_is_cached_again_once_its_change_is_committed(victim, django_assert_num_queries):
    key, secret = victim
    _saved(key, max_requests=7)

    with django_assert_num_queries(1):
        get_user(secret)
        get_user(secret)


# --- By the deadline ----------------------------------------------------------------------------


@pytest.fixture
def deadline_at_commit(monkeypatch):
    """The request's deadline passes during its COMMIT."""
    commit = BoundedConnection.commit

    def commit_late(database):
        with deadline.limited(0.1):
            commit(database)

    monkeypatch.setattr(BoundedConnection, "commit", commit_late)


AT_THE_DEADLINE = {
    "deleting the key": _delete,
    "updating keys": lambda api, key: ApiKey.objects.update(is_active=False),
    "updating plans": lambda api, key: Plan.objects.update(requests_per_minute=7),
}


@pytest.mark.usefixtures("deadline_at_commit")
@pytest.mark.parametrize("fate", ["silent", "late"])
@pytest.mark.parametrize("change", AT_THE_DEADLINE.values(), ids=AT_THE_DEADLINE)
def test_a_change_whose_commit_outlasts_the_deadline_applies(
    database_network, api, victim, elsewhere, change, fate
):
    key, secret = victim
    before = get_user(secret)

    with nobody_hears(database_network, fate):
        with suppress(OperationalError):
            assert change(api, key).status_code == 503
        if fate == "late":
            # The change is not committed yet, and the key is looked up repeatedly.
            assert [elsewhere(get_user, secret) for _ in range(3)] == [before] * 3

    wait_until(lambda: _in_database(secret) != before)
    assert_nobody_goes_on_as_before(secret, before)


def _in_database(secret):
    loaded = key_lookup.load_from_database(secret, key_lookup.digests_of(secret))
    return loaded and loaded.principal
