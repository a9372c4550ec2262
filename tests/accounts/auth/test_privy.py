"""POST /v1/auth with a Privy token."""

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.auth.privy import user_of_token
from accounts.models import ApiKey, AuditEntry, User
from tests.accounts.auth.conftest import PATH, PRIVATE_KEY, post, public_pem, token
from tests.conftest import ApiClient
from tests.problems import assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_privy")]


def test_the_first_sign_in_creates_a_user_and_a_working_key():
    response = post({"token": token(), "email": "claimed@example.com", "user": {"id": 1}})

    assert response.status_code == 200
    body = response.json()
    user = User.objects.get()
    assert user.privy_user_id == "did:privy:ada"
    assert user.email is None, "nobody has verified what the request says beside the token"
    assert body["data"]["is_new_user"] is True
    assert body["data"]["user"]["id"] == body["user_id"] == user.pk
    assert body["api_key"] == body["data"]["api_key"]
    assert body["auth_method"] == "privy"
    assert response["Cache-Control"] == "no-store"
    assert ApiClient(body["api_key"]).get("/v1/chat/sessions").status_code == 200
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "user_created",
        "key_created",
    }


def test_a_later_sign_in_finds_the_user_and_creates_another_key():
    first, second = post({"token": token()}).json(), post({"token": token()}).json()

    assert second["user_id"] == first["user_id"]
    assert (first["is_new_user"], second["is_new_user"]) == (True, False)
    assert second["api_key"] != first["api_key"]
    assert ApiClient(first["api_key"]).get("/v1/chat/sessions").status_code == 200


def test_the_path_of_the_old_service_works_too():
    assert post({"token": token()}, "/auth").status_code == 200


def test_the_user_is_found_by_the_index_in_one_statement():
    post({"token": token()})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users (username, privy_user_id, password, is_active, is_staff, "
            "is_superuser, created_at, updated_at) SELECT 'u' || n, 'did:privy:' || n, '', true, "
            "false, false, now(), now() FROM generate_series(1, 5000) AS n"
        )
        cursor.execute("ANALYZE users")

    with CaptureQueriesContext(connection) as captured:
        user_of_token(token())

    assert len(captured) == 1
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + captured[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "idx_users_privy_id" in plan


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "another-app"}, "invalid_token"),
        ({"iss": "evil.example"}, "invalid_token"),
        ({"exp": int(time.time()) - 3600}, "expired_token"),
        ({"iat": int(time.time()) + 3600}, "invalid_token"),
        ({"exp": None}, "invalid_token"),
        ({"aud": None}, "invalid_token"),
        ({"iss": None}, "invalid_token"),
        ({"sub": None}, "invalid_token"),
        ({"sub": ""}, "invalid_token"),
        ({"sub": "x" * 256}, "invalid_token"),
        ({"signed_by": ec.generate_private_key(ec.SECP256R1())}, "invalid_token"),
        ({"signed_by": None, "algorithm": "none"}, "invalid_token"),
    ],
)
def test_rejects_a_token_with_invalid_claims_or_signature(claims, code):
    response = post({"token": token(**claims)})

    assert_problem(response, 401, code)
    assert response["WWW-Authenticate"] == "Bearer"
    assert not User.objects.exists()


def test_rejects_a_token_signed_with_the_public_key_as_a_secret():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    header, claims = part({"alg": "HS256", "typ": "JWT"}), token().split(".")[1]
    signature = hmac.digest(
        public_pem(PRIVATE_KEY).encode(), f"{header}.{claims}".encode(), hashlib.sha256
    )
    forged = f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    assert_problem(post({"token": forged}), 401, "invalid_token")


@pytest.mark.parametrize("garbage", ["x", "a.b.c", "…", "." * 8000])
def test_rejects_a_malformed_token(garbage):
    assert_problem(post({"token": garbage}), 401, "invalid_token")


def test_rejects_tokens_when_privy_is_not_set_up(settings):
    settings.PRIVY_APP_ID = ""

    assert_problem(post({"token": token()}), 400, "validation_error")


def test_rejects_a_deactivated_user():
    post({"token": token()})
    User.objects.update(is_active=False)

    assert_problem(post({"token": token()}), 401, "inactive_user")
    assert ApiKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_first_sign_ins_create_one_user():
    def sign_in(_):
        try:
            return post({"token": token()}).json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(sign_in, range(8)))

    assert User.objects.count() == 1
    assert len({answer["user_id"] for answer in answers}) == 1
    assert sum(answer["is_new_user"] for answer in answers) == 1
    assert ApiKey.objects.count() == 8


def test_a_sign_in_beyond_the_limit_ends_only_the_oldest_key(user, api, settings):
    User.objects.update(privy_user_id="did:privy:ada")
    secrets = [post({"token": token()}, PATH).json()["api_key"] for _ in range(12)]

    works = [ApiClient(secret).get("/v1/chat/sessions").status_code == 200 for secret in secrets]
    assert works == [False] * 2 + [True] * 10
    assert api.get("/v1/chat/sessions").status_code == 200
    made = ApiKey.objects.filter(made_at_sign_in=True)
    assert made.count() == 10
    assert {round((key.expiration_date - key.created_at) / timedelta(days=1)) for key in made} == {
        30
    }
    assert not made.filter(is_primary=True).exists()
