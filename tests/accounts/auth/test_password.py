"""POST /v1/auth with e-mail address and password, and POST /v1/auth/register."""

import pytest
from django.contrib.auth import hashers
from django.test import Client

from accounts.auth import throttling
from accounts.models import User
from tests.accounts.auth.conftest import PATH, post
from tests.conftest import ApiClient
from tests.problems import assert_problem

PASSWORD = "correct horse battery staple"
REGISTER = "/v1/auth/register"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(user):
    user.set_password(PASSWORD)
    user.save()
    return user


class CountingHasher(hashers.PBKDF2PasswordHasher):
    """The service's password hasher, counting its runs."""

    iterations = 10
    runs = 0

    def encode(self, *args, **options):
        type(self).runs += 1
        return super().encode(*args, **options)


@pytest.fixture
def hasher(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.runs = 0
    return CountingHasher


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com"])
def test_signing_in_gives_the_user_and_a_working_key(ada, email):
    response = post({"email": email, "password": PASSWORD})

    assert response.status_code == 200
    body = response.json()
    assert (body["user_id"], body["email"], body["auth_method"]) == (ada.pk, ada.email, "email")
    assert ApiClient(body["api_key"]).get("/v1/user/profile").status_code == 200


def test_an_unknown_address_and_a_wrong_password_get_the_same_response(hasher, ada):
    without = User.objects.create_user("nopassword@example.com")
    answers = []
    for email in (ada.email, "nobody@example.com", without.email):
        hasher.runs = 0
        response = post({"email": email, "password": "wrong"})
        assert hasher.runs == 1, "each takes as long"
        assert response["WWW-Authenticate"] == "Bearer"
        answers.append({**response.json(), "request_id": None})

    assert answers[0]["code"] == "wrong_credentials"
    assert answers[0] == answers[1] == answers[2]


def test_only_the_right_password_reveals_that_a_user_is_deactivated(ada):
    User.objects.update(is_active=False)

    assert_problem(post({"email": ada.email, "password": "wrong"}), 401, "wrong_credentials")
    assert_problem(post({"email": ada.email, "password": PASSWORD}), 401, "inactive_user")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"email": "ada@example.com"},
        {"password": "x"},
        {"email": "ada@example.com", "password": "x" * 5000},
        {"token": None},
        {"email": ["a"], "password": {}},
    ],
)
def test_rejects_an_invalid_body(body):
    assert_problem(post(body), 400, "validation_error")


def test_attempts_on_one_account_are_limited_over_many_addresses(ada, hasher):
    for n in range(throttling.SIGN_INS_PER_ACCOUNT):
        body = {"email": ada.email, "password": "wrong"}
        assert post(body, REMOTE_ADDR=f"192.0.2.{n}").status_code == 401

    rejected = post({"email": "ADA@example.com", "password": PASSWORD}, REMOTE_ADDR="192.0.2.99")

    assert_problem(rejected, 429, "too_many_attempts")
    assert int(rejected["Retry-After"]) > 0
    other = post({"email": "bob@example.com", "password": "x"}, REMOTE_ADDR="192.0.2.99")
    assert other.status_code == 401


def test_attempts_from_one_address_are_limited_over_many_accounts(hasher):
    for n in range(throttling.SIGN_INS_PER_ADDRESS):
        post({"email": f"user{n}@example.com", "password": "wrong"})

    assert_problem(post({"email": "last@example.com", "password": "x"}), 429, "too_many_attempts")
    assert_problem(post({"token": "x"}), 429, "too_many_attempts")


def test_signs_up_and_in(hasher):
    response = post({"email": "new@example.com", "password": PASSWORD}, REGISTER)

    assert response.status_code == 201
    body = response.json()
    assert body["is_new_user"] is True
    assert ApiClient(body["api_key"]).get("/v1/user/profile").json()["data"]["email"] == (
        "new@example.com"
    )
    assert post({"email": "new@example.com", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("password", ["short", "password123", "8675309867", "new@example.com"])
def test_rejects_a_weak_password(password):
    response = post({"email": "new@example.com", "password": password}, REGISTER)

    assert_problem(response, 400, "validation_error")
    assert response.json()["errors"].keys() == {"password"}
    assert not User.objects.exists()


def test_rejects_an_address_that_is_taken_in_any_case(ada):
    response = post({"email": "Ada@EXAMPLE.com", "password": PASSWORD}, REGISTER)

    assert_problem(response, 409, "email_taken")


def test_an_address_that_is_another_users_name_can_sign_up(user, hasher):
    User.objects.update(username="new@example.com")

    response = post({"email": "new@example.com", "password": PASSWORD}, REGISTER)

    assert response.status_code == 201


def test_sign_ups_from_one_address_are_limited(hasher):
    for n in range(throttling.SIGN_UPS_PER_ADDRESS):
        post({"email": f"user{n}@example.com", "password": PASSWORD}, REGISTER)

    response = post({"email": "last@example.com", "password": PASSWORD}, REGISTER)
    assert_problem(response, 429, "too_many_attempts")


def test_addresses_of_one_ipv6_subscriber_count_together(hasher):
    for n in range(throttling.SIGN_UPS_PER_ADDRESS):
        body = {"email": f"user{n}@example.com", "password": PASSWORD}
        post(body, REGISTER, REMOTE_ADDR=f"2001:db8::{n}")
    for n in range(throttling.SIGN_INS_PER_ADDRESS):
        body = {"email": f"user{n}@example.com", "password": "wrong"}
        post(body, REMOTE_ADDR=f"2001:db8::{n}")

    last = {"email": "last@example.com", "password": PASSWORD}
    same, another = "2001:db8::ffff", "2001:db8:0:1::ffff"
    assert_problem(post(last, REGISTER, REMOTE_ADDR=same), 429, "too_many_attempts")
    assert_problem(post(last, REMOTE_ADDR=same), 429, "too_many_attempts")
    assert post(last, REGISTER, REMOTE_ADDR=another).status_code == 201
    assert post(last, REMOTE_ADDR=another).status_code == 200


def test_sign_up_can_be_switched_off(settings):
    settings.EMAIL_SIGN_UP = False

    response = post({"email": "new@example.com", "password": PASSWORD}, REGISTER)
    assert_problem(response, 403, "sign_up_closed")


def test_a_bad_key_in_the_header_does_not_matter(ada):
    response = Client(headers={"Authorization": "Bearer nonsense"}).post(
        PATH, {"email": ada.email, "password": PASSWORD}, content_type="application/json"
    )
    assert response.status_code == 200
