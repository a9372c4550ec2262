"""GET /v1/activity/log."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from accounts.activity import retention
from accounts.activity.events import write_events
from accounts.models import ActivityEvent
from tests.accounts.activity.events import event_of
from tests.problems import assert_problem

PATH = "/v1/activity/log"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(user):
    """Ten events, one per day from 1 March 2026; tokens number them from 0."""
    write_events(
        [
            event_of(
                user,
                timestamp=START + timedelta(days=n),
                model="even" if n % 2 == 0 else "odd",
                provider="low" if n < 5 else "high",
                tokens=n,
                cost=0.00000125,
                speed=1.5,
                finish_reason="stop",
                app="Chat",
                metadata={"n": n},
            )
            for n in range(10)
        ]
    )


def tokens(response):
    return [entry["tokens"] for entry in response.json()["data"]]


def test_shows_the_newest_events_first(api, user, events):
    response = api.get(PATH)

    assert response.status_code == 200
    body = response.json()
    assert tokens(response) == [*reversed(range(10))]
    assert body["logs"] == body["data"]
    assert (body["total"], body["count"], body["page"], body["limit"]) == (10, 10, 1, 10)
    entry = body["data"][0]
    assert isinstance(entry.pop("id"), int)
    assert entry == {
        "user_id": user.pk,
        "timestamp": "2026-03-10T12:00:00Z",
        "model": "odd",
        "provider": "high",
        "tokens": 9,
        "cost": 0.00000125,
        "speed": 1.5,
        "finish_reason": "stop",
        "app": "Chat",
        "metadata": {"n": 9},
    }


@pytest.mark.parametrize(
    ("query", "shown", "page"),
    [
        ({"limit": 3}, [9, 8, 7], 1),
        ({"limit": 3, "offset": 3}, [6, 5, 4], 2),
        ({"limit": 3, "page": 4}, [0], 4),
        ({"limit": 3, "page": 5}, [], 5),
        ({"limit": 3, "page": 2, "offset": 9}, [6, 5, 4], 2),
    ],
    ids=str,
)
def test_pages(api, events, query, shown, page):
    response = api.get(PATH, query)

    assert tokens(response) == shown
    assert (response.json()["page"], response.json()["total"]) == (page, 10)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"model": "even"}, [8, 6, 4, 2, 0]),
        ({"provider": "low"}, [4, 3, 2, 1, 0]),
        ({"model": "odd", "provider": "high"}, [9, 7, 5]),
        ({"from": "2026-03-09"}, [9, 8]),
        ({"to": "2026-03-02"}, [1, 0]),
        ({"from": "2026-03-04", "to": "2026-03-05", "model": "odd"}, [3]),
        ({"model": "none"}, []),
    ],
    ids=str,
)
def test_filters_and_counts_all_matches(api, events, query, shown):
    response = api.get(PATH, query)

    assert tokens(response) == shown
    assert response.json()["total"] == len(shown)


def test_an_empty_parameter_is_the_same_as_none(api, events):
    response = api.get(PATH, {"model": "", "from": "", "to": "", "limit": "", "page": ""})

    assert (response.status_code, response.json()["total"]) == (200, 10)


def test_counts_the_events_left_after_pruning(api, events):
    retention.prune(START + timedelta(days=3, hours=6))

    response = api.get(PATH)

    assert tokens(response) == [9, 8, 7, 6, 5, 4]
    assert response.json()["total"] == 6


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"offset": str(2**31)}, "offset"),
        ({"page": "0"}, "page"),
        ({"from": "x"}, "from"),
        ({"to": "2999-12-31", "from": "3000-01-01"}, "from"),
        ({"model": "m" * 256}, "model"),
        ({"model": "m\x00"}, "model"),
    ],
    ids=str,
)
def test_rejects_a_bad_page(api, query, field):
    body = assert_problem(api.get(PATH, query), 400, "validation_error")

    assert list(body["errors"]) == [field]


@pytest.mark.parametrize("names", [{}, {"model": "a"}, {"model": "b", "provider": "q"}])
@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_pages_of_any_size_make_up_the_whole_log(api, user, names, limit):
    chance = random.Random(limit)  # noqa: S311, it hides nothing
    write_events(
        [
            event_of(
                user,
                timestamp=START + timedelta(hours=chance.choice([1, 20, 30, 31, 90, 200])),
                model=chance.choice("ab"),
                provider=chance.choice("pq"),
                tokens=n,
            )
            for n in range(40)
        ]
    )
    expected = ActivityEvent.objects.filter(user=user, **names).newest_first()

    seen = []
    for page in range(1, 42):
        shown = tokens(api.get(PATH, {"limit": limit, "page": page, **names}))
        if not shown:
            break
        seen += shown

    assert seen == [event.tokens for event in expected]


def test_takes_two_statements_however_many_events(api, events, django_assert_num_queries):
    api.get(PATH)

    # The number of matches, from the daily totals; the page.
    with django_assert_num_queries(2):
        api.get(PATH, {"limit": 1000})


def test_shows_nobody_elses_events(stranger_api, events):
    assert stranger_api.get(PATH).json()["total"] == 0
    assert tokens(stranger_api.get(PATH)) == []


def test_the_old_path_still_works(api, events):
    assert api.get("/user/activity/log").json()["total"] == 10


def test_needs_a_key(client, db):
    assert_problem(client.get(PATH), 401, "not_authenticated")
