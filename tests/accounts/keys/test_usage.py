"""GET /v1/user/api-keys/usage."""

from datetime import timedelta

from django.utils import timezone

from accounts.activity.events import Event, new_event_id, write_events
from accounts.keys import create_key
from accounts.models import ApiKey
from tests.accounts.keys.conftest import PATH
from tests.conftest import ApiClient

USAGE = f"{PATH}/usage"


def use(key, days_ago=0, **fields):
    used = Event(
        event_id=new_event_id(),
        user_id=key.user_id,
        api_key_id=key.pk,
        timestamp=timezone.now() - timedelta(days=days_ago),
        model="openai/gpt-4o",
        provider="openai",
        **{"tokens": 10, "cost": 0.25, **fields},
        speed=0.0,
        finish_reason="stop",
        app="Chat",
        metadata={},
    )
    write_events([used])


def test_adds_up_the_use_of_each_key(api, user, key):
    unused, _ = create_key(user, key_name="unused")
    ApiKey.objects.filter(pk=key.pk).update(max_requests=12)
    use(key)
    use(key, days_ago=2, tokens=5)
    use(key, days_ago=400)

    body = api.get(USAGE).json()

    assert body["count"] == 2
    first, second = body["data"]
    assert second.pop("last_used_at")
    assert second == {
        "id": key.pk,
        "api_key": key.masked,
        "key_name": "first",
        "environment_tag": "live",
        "is_active": True,
        "requests": 3,
        "tokens": 25,
        "cost": 0.75,
        "requests_today": 1,
        "tokens_today": 10,
        "cost_today": 0.25,
        "max_requests": 12,
        # This request counts too.
        "requests_remaining": 8,
        "usage_percentage": 33.33,
    }
    assert first["id"] == unused.pk
    sums = ("requests", "tokens", "cost", "requests_today", "tokens_today", "cost_today")
    assert [first[name] for name in sums] == [0] * 6
    assert first["last_used_at"] is None


def test_a_key_that_was_not_used_today(api, key):
    use(key, days_ago=3)

    (shown,) = api.get(USAGE).json()["data"]

    assert (shown["requests"], shown["requests_today"], shown["cost_today"]) == (1, 0, 0.0)


def test_shows_only_the_users_keys(api, stranger_api, key):
    use(ApiKey.objects.get(key_name="hers"))

    assert [shown["id"] for shown in api.get(USAGE).json()["data"]] == [key.pk]


def test_takes_one_statement(api, user, django_assert_num_queries):
    for n in range(3):
        use(create_key(user, key_name=f"k{n}")[0])
    api.get(USAGE)

    # The keys with their sums.
    with django_assert_num_queries(1):
        api.get(USAGE)


def test_the_shown_quota_is_the_enforced_one(api, user):
    limited, secret = create_key(user, key_name="limited", max_requests=4)
    # Requests without activity count too.
    for _ in range(3):
        assert ApiClient(secret).get("/v1/chat/sessions").status_code == 200

    (listed,) = [one for one in api.get(PATH).json()["keys"] if one["id"] == limited.pk]
    read = api.get(f"{PATH}/{limited.pk}").json()["data"]

    assert listed == read
    assert (read["requests_used"], read["requests_remaining"]) == (3, 1)
    assert read["usage_percentage"] == 75.0


def test_without_redis_a_quota_is_read_from_the_log(api, user, no_redis):
    limited, _ = create_key(user, key_name="limited", max_requests=4)

    assert api.get(f"{PATH}/{limited.pk}").json()["data"]["requests_remaining"] == 4
