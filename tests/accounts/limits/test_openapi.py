"""The answers about rate limits and plans match their OpenAPI description."""

from tests.openapi import DescribedClient

LIMITS = {
    "requests_per_minute": 60,
    "requests_per_hour": 1_000,
    "requests_per_day": 10_000,
    "tokens_per_minute": 10_000,
    "tokens_per_hour": 100_000,
    "tokens_per_day": 1_000_000,
}


def test_rate_limit_responses_match_the_schema(api, key):
    described = DescribedClient(api)
    base, of = "/v1/user/rate-limits", {"key_id": key.pk}

    described.ask("get", base)
    described.ask("put", base + "/{key_id}", {**LIMITS, "concurrency_limit": 5}, **of)
    described.ask("put", base + "/{key_id}", {**LIMITS, "tokens_per_day": 10**11}, **of)
    described.ask("put", base + "/{key_id}", LIMITS, key_id=999_999)
    described.ask("post", base + "/bulk-update", LIMITS)
    described.ask("get", base, query={"limit": 1})
    described.ask("get", base + "/usage/{key_id}", query={"time_window": "day"}, **of)

    assert described.asked == described.operations_below(base)


def test_a_429_matches_the_schema(api, limit_key):
    limit_key(requests_per_minute=1)
    described = DescribedClient(api)
    api.get("/v1/user/plan")

    described.ask("get", "/v1/user/rate-limits")


def test_plan_responses_match_the_schema(api):
    described = DescribedClient(api)

    described.ask("get", "/v1/plans")
    described.ask("get", "/v1/plans/{plan_id}", plan_id=1)
    described.ask("get", "/v1/plans/{plan_id}", plan_id=999)
    described.ask("get", "/v1/user/plan")
    described.ask("get", "/v1/user/plan/usage")
    described.ask("get", "/v1/user/plan/entitlements", query={"feature": "search"})
    described.ask("get", "/v1/user/environment-usage")

    assert described.asked == (
        described.operations_below("/v1/plans")
        | described.operations_below("/v1/user/plan")
        | described.operations_below("/v1/user/environment-usage")
    )
