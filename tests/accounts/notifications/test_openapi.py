"""What GET /v1/schema says of notifications and referrals is what they answer."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.referrals.codes import code_of
from tests.accounts.referrals.test_codes import principal
from tests.chat.test_openapi import check, operations, schema, strict

__all__ = ["schema", "strict"]


@pytest.mark.django_db(transaction=True)
def test_every_answer_is_as_described(api, user, strict):
    code, _ = code_of(principal(User.objects.create_user("grace@example.com")))
    tested = set()

    def ask(method, path, body=None):
        call = {"content_type": "application/json"} if body is not None else {}
        response = getattr(api, method)(path, body, **call)
        answers = strict["paths"][path][method]["responses"][str(response.status_code)]["content"]
        media_type = response["Content-Type"].partition(";")[0]
        check(response.json(), answers[media_type]["schema"], strict)
        tested.add((method, path))

    base = "/v1/user/notifications"
    ask("get", f"{base}/preferences")
    ask(
        "put", f"{base}/preferences", {"webhook_url": "https://example.com/", "usage_alerts": True}
    )
    ask("put", f"{base}/preferences", {"webhook_url": "no"})
    ask("post", f"{base}/test")
    ask("post", f"{base}/send-usage-report", {"days": 2})
    ask("get", base)
    ask("post", "/v1/referral/generate")
    ask("get", "/v1/referral/code")
    for text in (code.code, "NOSUCHCODE"):
        ask("post", "/v1/referral/validate", {"referral_code": text})
        ask("post", "/v1/referral/apply", {"referral_code": text})
    ask("get", "/v1/referral/stats")

    described = operations(strict)
    assert tested == {
        (method, path) for method, path in described if path.startswith((base, "/v1/referral"))
    }


def test_the_old_paths_are_not_described():
    assert not any(
        path.startswith("/referral") for path in Client().get("/v1/schema").json()["paths"]
    )
