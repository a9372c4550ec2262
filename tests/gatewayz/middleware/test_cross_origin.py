"""Which pages of other sites may call the API, and what they get to see."""

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.test import Client

from gatewayz.middleware.cross_origin import CrossOriginMiddleware

FRONT_END = "https://app.example.com"


@pytest.fixture
def allowed(settings):
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]


def preflight(path, origin=FRONT_END):
    return Client().options(
        path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("path", ["/v1/chat/sessions", "/user/api-keys", "/plans", "/auth"])
def test_an_allowed_page_may_call_the_api(path):
    answer = preflight(path)

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == FRONT_END
    assert "authorization" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.usefixtures("allowed", "db")
def test_an_allowed_page_can_read_why_its_request_was_rejected():
    answer = Client().get("/v1/chat/sessions", headers={"Origin": FRONT_END})

    assert answer.status_code == 401
    assert answer["Access-Control-Allow-Origin"] == FRONT_END
    exposed = answer["Access-Control-Expose-Headers"]
    assert all(name in exposed for name in ("RateLimit-Reset", "Retry-After", "X-Request-ID"))


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:8443",
        "null",
    ],
)
def test_no_other_page_may_call_the_api(origin):
    assert "Access-Control-Allow-Origin" not in preflight("/v1/chat/sessions", origin)


@pytest.mark.usefixtures("allowed", "db")
@pytest.mark.parametrize("path", ["/admin/login/", "/healthz", "/metrics", "/docs"])
def test_no_page_may_call_anything_but_the_api(path):
    answer = Client().get(path, headers={"Origin": FRONT_END})

    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.usefixtures("allowed")
def test_responses_vary_by_origin():
    assert "origin" in Client().get("/v1/schema")["Vary"]


def test_without_allowed_origins_the_middleware_is_not_used(settings):
    settings.CORS_ALLOWED_ORIGINS = []

    with pytest.raises(MiddlewareNotUsed):
        CrossOriginMiddleware(lambda request: None)


@pytest.mark.usefixtures("allowed")
def test_the_headers_of_openais_clients_are_allowed():
    asked = "Authorization, X-Stainless-Lang,x-stainless-retry-count, x-evil, x-stainless-a\tb"
    answer = Client().options(
        "/v1/conversations",
        headers={
            "Origin": FRONT_END,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": asked,
        },
    )

    allowed = answer["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "x-stainless-lang", "x-stainless-retry-count"} <= {*allowed}
    assert not {"x-evil", "x-stainless-a\tb"} & {*allowed}
