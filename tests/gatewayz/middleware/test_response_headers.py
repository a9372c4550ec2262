"""Security headers on every kind of answer."""

import pytest
from django.test import Client

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/", "/v1/plans", "/v1/chat/sessions", "/nothing", "/docs", "/admin/login/"]
)
def test_every_response_has_the_security_headers(path):
    answer = Client().get(path)

    assert {name: answer.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/v1/plans", "/docs"])
def test_https_responses_enforce_https(settings, path):
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True

    secure = Client().get(path, secure=True)

    assert secure["Strict-Transport-Security"] == "max-age=60; includeSubDomains; preload"
    assert "Strict-Transport-Security" not in Client().get(path)


@pytest.mark.django_db
def test_the_admin_allows_no_inline_script():
    policy = Client().get("/admin/login/")["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval';" in policy


def test_responses_to_a_user_are_not_stored_by_shared_caches(api):
    answer = api.get("/v1/chat/sessions")

    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["ETag"]


def test_a_secret_is_not_stored_by_any_cache(api):
    answer = api.post_json("/v1/user/api-keys", {"key_name": "second"})

    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
