"""GET /v1/activity/stats."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.utils import timezone

from accounts import activity
from accounts.activity import totals
from accounts.activity.events import write_events
from accounts.principals.principal import Principal
from accounts.worker import drain
from tests.accounts.activity.events import event_of
from tests.problems import assert_problem

PATH = "/v1/activity/stats"

pytestmark = pytest.mark.django_db


def at(when, user, **fields):
    return event_of(
        user,
        timestamp=when,
        **{
            "model": "openai/gpt-4o",
            "provider": "openai",
            "tokens": 10,
            "cost": 0.25,
            **fields,
        },
    )


def on(day, user, **fields):
    return at(datetime.fromisoformat(f"{day}T23:59:59+00:00"), user, **fields)


def dates(response):
    return [entry["date"] for entry in response.json()["data"]["daily_stats"]]


def test_adds_up_by_day_by_model_and_by_provider(api, user):
    write_events(
        [
            on("2026-03-01", user),
            on("2026-03-01", user, model="x", provider="y", tokens=1, cost=0.00000001),
            on("2026-03-03", user),
            on("2026-03-03", user, model="", provider="", tokens=0, cost=0.0),
        ]
    )

    response = api.get(PATH, {"from": "2026-03-01", "to": "2026-03-03"})

    assert response.status_code == 200
    body = response.json()
    assert body["success"] is True
    assert body["data"] == {
        "total_requests": 4,
        "total_tokens": 21,
        "total_spend": 0.50000001,
        "daily_stats": [
            {"date": "2026-03-01", "spend": 0.25000001, "tokens": 11, "requests": 2},
            {"date": "2026-03-03", "spend": 0.25, "tokens": 10, "requests": 2},
        ],
        "by_model": {
            "openai/gpt-4o": {"requests": 2, "tokens": 20, "cost": 0.5},
            "unknown": {"requests": 1, "tokens": 0, "cost": 0.0},
            "x": {"requests": 1, "tokens": 1, "cost": 0.00000001},
        },
        "by_provider": {
            "openai": {"requests": 2, "tokens": 20, "cost": 0.5},
            "unknown": {"requests": 1, "tokens": 0, "cost": 0.0},
            "y": {"requests": 1, "tokens": 1, "cost": 0.00000001},
        },
    }


def test_the_old_path_and_fields_still_work(api, user):
    write_events([at(timezone.now(), user)])

    body = api.get("/user/activity/stats", {"privy_user_id": "x"}).json()

    assert body["total_requests"] == 1
    assert body["by_model"] == body["data"]["by_model"]


def test_drained_events_appear_in_the_stats(api, user, committed):
    with committed():
        activity.record(user_id=user.pk, tokens=7)
    drain.drain()

    assert api.get(PATH).json()["data"]["total_tokens"] == 7


def test_shows_the_last_30_days_by_default(api, user):
    today = timezone.now()
    write_events([at(today - timedelta(days=age), user) for age in (0, 29, 30)])

    assert len(dates(api.get(PATH))) == 2
    assert len(dates(api.get(PATH, {"days": 31}))) == 3
    assert len(dates(api.get(PATH, {"days": 1}))) == 1


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ({"from": "2026-03-02", "to": "2026-03-03"}, ["2026-03-02", "2026-03-03"]),
        ({"from": "2026-03-03"}, ["2026-03-03", "2026-03-04"]),
        ({"to": "2026-03-02", "days": 2}, ["2026-03-01", "2026-03-02"]),
        ({"from": "2026-03-04T22:00:00-05:00"}, []),
        ({"from": "2026-03-04T05:00:00Z"}, ["2026-03-04"]),
    ],
    ids=str,
)
def test_shows_a_period_of_whole_days(api, user, query, seen):
    write_events([on(f"2026-03-0{day}", user) for day in (1, 2, 3, 4)])

    assert dates(api.get(PATH, query)) == seen


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"days": "0"}, "days"),
        ({"days": "366"}, "days"),
        ({"days": "x"}, "days"),
        ({"from": "yesterday"}, "from"),
        ({"from": "0001-01-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "2026-13-01T00:00:00Z"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"from": "1990-01-01", "to": "2026-03-01"}, "from"),
    ],
    ids=str,
)
def test_rejects_a_bad_period(api, query, field):
    body = assert_problem(api.get(PATH, query), 400, "validation_error")

    assert list(body["errors"]) == [field]


def test_takes_one_statement(api, user, django_assert_num_queries):
    api.get(PATH)

    # The sums.
    with django_assert_num_queries(1):
        api.get(PATH)


def test_shows_nobody_elses_activity(api, stranger_api, user):
    write_events([at(timezone.now(), user)])

    assert stranger_api.get(PATH).json()["data"] == {
        "total_requests": 0,
        "total_tokens": 0,
        "total_spend": 0.0,
        "daily_stats": [],
        "by_model": {},
        "by_provider": {},
    }


def test_rare_models_are_summed_up_as_others(api, user, monkeypatch):
    monkeypatch.setattr(totals, "MAX_NAMES", 2)
    now = timezone.now()
    write_events(
        [at(now, user, model=name, provider="p") for name in ("a", "a", "b", "b", "c", "d")]
    )

    assert api.get(PATH).json()["data"]["by_model"] == {
        "a": {"requests": 2, "tokens": 20, "cost": 0.5},
        "b": {"requests": 2, "tokens": 20, "cost": 0.5},
        "other": {"requests": 2, "tokens": 20, "cost": 0.5},
    }


def test_needs_a_key(client, db):
    assert_problem(client.get(PATH), 401, "not_authenticated")


def test_days_are_in_utc(api, user):
    write_events([at(datetime(2026, 3, 1, 0, 0, tzinfo=UTC), user)])

    assert dates(api.get(PATH, {"from": "2026-03-01", "to": "2026-03-01"})) == ["2026-03-01"]


def test_days_are_in_the_requested_time_zone(api, user):
    new_year = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
    write_events([at(new_year - timedelta(minutes=1), user), at(new_year, user, tokens=7)])

    def days(**asked):
        stats = api.get(PATH, {"from": "2026-01-01", "to": "2026-01-01", **asked}).json()["data"]
        return [(day["date"], day["requests"], day["tokens"]) for day in stats["daily_stats"]]

    assert days() == []
    assert days(tz="Asia/Tokyo") == days(timezone="Asia/Tokyo") == [("2026-01-01", 1, 7)]
    in_utc = api.get(PATH, {"from": "2025-12-31", "to": "2025-12-31"}).json()["data"]
    assert in_utc["total_requests"] == 2
    in_kolkata = api.get(PATH, {"from": "2025-12-31", "tz": "Asia/Kolkata", "to": "2025-12-31"})
    assert in_kolkata.json()["data"]["total_tokens"] == 17


def test_a_day_of_a_time_zone_may_have_23_or_25_hours(api, user):
    hours = [datetime(2026, 10, 24, 12, tzinfo=UTC) + timedelta(hours=hour) for hour in range(48)]
    write_events([at(hour, user) for hour in hours])

    stats = api.get(PATH, {"from": "2026-10-25", "to": "2026-10-25", "tz": "Europe/Berlin"})

    (day,) = stats.json()["data"]["daily_stats"]
    assert (day["date"], day["requests"]) == ("2026-10-25", 25)


def test_a_timestamp_means_its_day_in_the_requested_time_zone(api, user):
    write_events([at(datetime(2026, 3, 1, 12, tzinfo=UTC), user)])
    asked = {"from": "2026-02-28T16:00:00Z", "to": "2026-03-01T12:00:00+00:00"}

    assert dates(api.get(PATH, {**asked, "tz": "Asia/Tokyo"})) == ["2026-03-01"]
    # A plus sign that is not encoded.
    unencoded = api.get(f"{PATH}?from=2026-03-01T23:30:00+09:00&to=2026-03-01")
    assert dates(unencoded) == ["2026-03-01"]


def test_today_is_in_the_requested_time_zone(api, user):
    write_events([at(timezone.now(), user)])

    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        stats = api.get(PATH, {"days": 1, "tz": zone}).json()["data"]
        assert stats["total_requests"] == 1, zone


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "../../etc/passwd", "+09:00", "a\x00b", "x" * 999, "localtime"]
)
def test_an_unknown_time_zone_is_rejected(api, zone):
    answer = api.get(PATH, {"tz": zone})

    assert_problem(answer, 400, "validation_error")
    assert [*answer.json()["errors"]] == ["tz"]


def test_the_database_knows_every_time_zone(user):
    owner = Principal(user.pk, None, True, True, False, "live", None)
    day = datetime(2026, 1, 1, tzinfo=UTC).date()

    # "localtime" is that of the machine.
    for zone in sorted(available_timezones() - {"localtime"}):
        assert totals.activity_totals(owner, day, day, ZoneInfo(zone))["total_requests"] == 0
