"""POST /v1/user/password."""

import pytest

from accounts.auth.sign_in import sign_in
from accounts.keys import create_key
from accounts.models import ApiKey, AuditEntry
from tests.accounts.auth.conftest import post
from tests.conftest import ApiClient
from tests.problems import assert_problem

PATH = "/v1/user/password"
OLD, NEW = "correct horse battery staple", "purple monkey dishwasher 9"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(user):
    user.set_password(OLD)
    user.save()
    return user


@pytest.fixture
def client(ada):
    """A client with the key of a sign-in."""
    return ApiClient(sign_in(ada)[1])


def change(client, current_password=OLD, new_password=NEW, path=PATH):
    return client.post_json(
        path, {"current_password": current_password, "new_password": new_password}
    )


@pytest.mark.parametrize("path", [PATH, "/user/password"])
def test_the_new_password_signs_in_and_the_old_one_does_not(ada, client, path):
    assert change(client, path=path).status_code == 200

    assert post({"email": ada.email, "password": NEW}).status_code == 200
    assert_problem(post({"email": ada.email, "password": OLD}), 401, "wrong_credentials")


def test_ends_other_sign_ins_and_no_other_key(ada, client):
    other = ApiClient(sign_in(ada)[1])
    lasting = ApiClient(create_key(ada, key_name="server")[1])

    assert change(client).json()["data"] == {"ended_keys": 1}

    assert_problem(other.get("/v1/user/profile"), 401, "unknown_key")
    assert client.get("/v1/user/profile").status_code == 200
    assert lasting.get("/v1/user/profile").status_code == 200


def test_is_audited_without_the_passwords(ada, client):
    sign_in(ada)

    change(client)

    assert AuditEntry.objects.filter(user_id=ada.pk, action="key_deleted").count() == 1
    (entry,) = AuditEntry.objects.filter(user_id=ada.pk, action="password_changed")
    assert entry.after == {"ended_keys": 1}


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong", NEW, "current_password"), (OLD, "12345678", "new_password")],
)
def test_a_wrong_password_or_a_weak_one_changes_nothing(ada, client, current, new, field):
    before = ApiKey.objects.count()

    answer = change(client, current, new)

    assert_problem(answer, 400, "validation_error")
    assert list(answer.json()["errors"]) == [field]
    ada.refresh_from_db()
    assert ada.check_password(OLD)
    assert ApiKey.objects.count() == before


def test_a_user_without_a_password_cannot_set_one(api):
    assert_problem(change(api), 400, "validation_error")


def test_attempts_are_limited(client):
    answers = [change(client, "wrong").status_code for _ in range(11)]

    assert answers == [400] * 10 + [429]


def test_needs_the_admin_scope_of_the_account(ada):
    writing = {"profile": ["write"]}
    _, secret = create_key(ada, key_name="writing", scope_permissions=writing)

    assert_problem(change(ApiClient(secret)), 403, "insufficient_scope")
