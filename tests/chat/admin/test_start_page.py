"""The start page of the admin."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from accounts import activity, audit
from accounts.admin.start_page import CREATION_TARGET_MS, latencies
from accounts.audit.denial_counts import denials_per_hour
from accounts.limits.store import record_rejection
from chat.models import ChatDay
from gatewayz.admin_site.charts import Gauge
from gatewayz.telemetry.metrics.distributions import Distribution
from gatewayz.telemetry.metrics.recent import WINDOWS
from gatewayz.telemetry.metrics.requests import recent

pytestmark = pytest.mark.django_db


def opened(client):
    return client.get(reverse("admin:index"))


def gauges(client, window="5m") -> dict[str, Gauge]:
    context = client.get(reverse("admin:index"), {"window": window}).context
    return {gauge.title: gauge for gauge in context["gauges"]}


def charts(client):
    return {chart.title: chart for chart in opened(client).context["charts"]}


def test_asks_little_of_the_database(admin_client, user, key, django_assert_num_queries):
    record_rejection(user.pk, key.pk, "requests_per_minute")

    # Session, operator, indexes, version of search, dead letters, days, denied keys; users and
    # keys by name.
    with django_assert_num_queries(9):
        assert opened(admin_client).status_code == 200


def test_created_sessions_appear_in_the_latencies(admin_client, api):
    before = charts(admin_client)["Time to create a session"]
    assert api.post_json("/v1/chat/sessions", {}).status_code == 201

    after = charts(admin_client)["Time to create a session"]
    creation = gauges(admin_client)["Creating a session, p99"]

    assert sum(bar.value for bar in after.bars) == 1 + sum(bar.value for bar in before.bars)
    assert [bar.is_over for bar in after.bars].index(True) == 8
    assert creation.value is not None
    assert creation.target == CREATION_TARGET_MS
    assert "p50" in creation.note


@pytest.mark.parametrize(
    ("fast", "slow", "state"),
    [
        (3, 0, "met"),
        (0, 5, "unknown"),
        (93, 6, "unknown"),
        (0, 6, "missed"),
        (98, 2, "missed"),
        (199, 1, "met"),
    ],
)
def test_few_slow_requests_of_few_do_not_miss_the_target(monkeypatch, fast, slow, state):
    bounds = (CREATION_TARGET_MS, 2 * CREATION_TARGET_MS, math.inf)
    histograms = {
        ("http_session_creation_duration_ms", "create_session"): Distribution(
            bounds, (fast, slow, 0)
        )
    }
    monkeypatch.setattr(recent, "read", lambda window: [(datetime.now(UTC), histograms)])

    (creation, *_), (trend, _) = latencies(WINDOWS[0])

    assert creation.state == state
    assert [bar.is_over for bar in trend.bars] == [state == "missed"]


@pytest.mark.parametrize("window", ["5m", "1h", "24h", "odd"])
def test_charts_cover_the_requested_window(admin_client, api, window):
    def created():
        context = admin_client.get(reverse("admin:index"), {"window": window}).context
        (chart,) = [one for one in context["charts"] if one.title == "Time to create a session"]
        return sum(bar.value for bar in chart.bars)

    before = created()
    assert api.post_json("/v1/chat/sessions", {}).status_code == 201

    assert created() == before + 1


def test_a_hit_of_the_key_cache_raises_its_rate(admin_client, api):
    api.get("/v1/chat/sessions")
    rate = gauges(admin_client)["Key cache hit rate"].value
    for _ in range(3):
        api.get("/v1/chat/sessions")

    assert gauges(admin_client)["Key cache hit rate"].value > rate


def test_the_queue_counts_events_that_wait_for_a_worker(admin_client, user):
    before = gauges(admin_client)["Activity queue"].value
    activity.record(user_id=user.pk, finish_reason="tested")

    queue = gauges(admin_client)["Activity queue"]

    # Recorded at the commit, which the test does not reach.
    assert queue.value in {before, before + 1}
    assert queue.state == "met"


def test_opens_while_redis_is_down(admin_client, no_redis):
    page = opened(admin_client)

    assert page.status_code == 200
    assert "not known yet" in page.content.decode()
    assert "Redis does not answer" in page.content.decode()


def test_shows_the_counts_of_each_day(admin_client):
    today = datetime.now(UTC).date()
    for ago in range(40):
        day = today - timedelta(days=ago)
        ChatDay.objects.create(day=day, sessions=ago, messages=10 * ago)

    days = charts(admin_client)["Sessions per day"].bars

    assert [bar.value for bar in days] == [float(ago) for ago in reversed(range(30))]
    assert days[-1].label == today.isoformat()


def test_counts_rejected_keys_by_the_hour(admin_client, user):
    for action in ("refused_expired_key", "refused_ip_not_allowed", "key_updated"):
        audit.record(action, user_id=user.pk, target="api_key:1")

    bars = charts(admin_client)["Failed authentications"].bars

    assert len(bars) == 24
    # The hour may change meanwhile.
    assert sum(bar.value for bar in bars[-2:]) == 2
    assert denials_per_hour(["unheard_of"])[-1][1] == 0


def test_names_the_keys_that_run_into_limits(admin_client, user, key):
    record_rejection(user.pk, key.pk, "requests_per_minute")

    shown = opened(admin_client).content.decode()

    assert key.key_name in shown
    assert "Requests per minute" in shown


def test_says_which_index_is_missing(admin_client):
    assert "all 15 are there and valid" in opened(admin_client).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX idx_chat_messages_session_id")

    shown = opened(admin_client).content.decode()

    assert "1 of 15 missing or invalid" in shown
