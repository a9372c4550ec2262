"""GET /metrics: who may read it, its content, and that it works while a part is down."""

import pytest
from django.db import connection
from django.test import Client

from accounts.keys import create_key, deactivate_key
from accounts.models import ActivityDeadLetter
from gatewayz.redis.breaker import breaker
from tests.gatewayz.telemetry.metrics.scrapes import Scrape

TOKEN = "a-token-of-prometheus"


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN


def scrape():
    response = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    return Scrape(response.content.decode())


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic x"])
def test_without_the_token_the_metrics_are_not_found(header):
    response = Client().get("/metrics", headers={"Authorization": header})

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer"])
def test_without_a_token_setting_metrics_are_off_in_production(settings, header):
    settings.METRICS_TOKEN = ""
    settings.PRODUCTION = True

    assert Client().get("/metrics", headers={"Authorization": header}).status_code == 404


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
def test_in_development_without_a_token_this_machine_may_read_metrics(db, settings, address):
    settings.METRICS_TOKEN = ""

    assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "caller",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        # A proxy or tunnel on this machine, which others come through.
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.1"},
    ],
)
def test_in_development_without_a_token_others_may_not_read_metrics(settings, caller):
    settings.METRICS_TOKEN = ""

    assert Client(**caller).get("/metrics").status_code == 404


def test_prometheus_may_use_any_host(db, settings):
    settings.ALLOWED_HOSTS = ["api.example.com"]
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:8000"}

    assert Client().get("/metrics", headers=headers).status_code == 200


def test_a_request_is_counted_by_route_method_and_status(api):
    labels = {"method": "GET", "route": "/v1/chat/sessions/<int:session_id>", "status": "404"}
    before = scrape().value("http_requests_total", **labels)

    api.get("/v1/chat/sessions/1")
    api.get("/v1/chat/sessions/2")

    assert scrape().value("http_requests_total", **labels) == before + 2


def test_unknown_paths_and_methods_do_not_become_labels(db):
    Client().generic("BREW", "/coffee-of-mallory")

    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert b"mallory" not in answer.content
    assert b"BREW" not in answer.content


def test_a_creation_is_measured_under_its_documented_name(api):
    name, labels = "http_session_creation_duration_ms_count", {"endpoint": "create_session"}
    before = scrape().value(name, **labels)

    api.post_json("/v1/chat/sessions", {})
    api.get("/v1/chat/sessions")

    assert scrape().value(name, **labels) == before + 1


@pytest.mark.usefixtures("listening")
def test_look_ups_are_measured_separately_for_hits_and_misses(api):
    name = "http_user_lookup_duration_ms_count"
    before = scrape()

    for _ in range(3):
        api.get("/v1/chat/sessions")

    after = scrape()
    new = {
        hit: after.value(name, cache_hit=hit) - before.value(name, cache_hit=hit)
        for hit in ("true", "false")
    }
    assert new == {"true": 2, "false": 1}


def test_a_look_up_without_the_cache_is_a_miss(api, settings):
    settings.KEY_CACHE = False
    name = "http_user_lookup_duration_ms_count"
    before = scrape().value(name, cache_hit="false")

    api.get("/v1/chat/sessions")
    api.get("/v1/chat/sessions")

    assert scrape().value(name, cache_hit="false") == before + 2


def test_rejected_keys_count_as_rejected_not_as_look_ups(user, db):
    name = "http_user_lookup_duration_ms_count"
    key, revoked = create_key(user, key_name="ended")
    deactivate_key(key)
    before = scrape()

    for api_key in ("gw_live_made-up", revoked):
        Client().get("/v1/chat/sessions", headers={"Authorization": f"Bearer {api_key}"})

    after = scrape()
    for hit in ("true", "false"):
        assert after.value(name, cache_hit=hit) == before.value(name, cache_hit=hit)
    for code in ("unknown_key", "inactive_key"):
        labels = {"status": "401", "code": code}
        denied = after.value("http_problems_total", **labels)
        assert denied == before.value("http_problems_total", **labels) + 1


@pytest.mark.usefixtures("listening")
def test_metrics_show_the_size_and_hits_of_the_key_cache(api):
    api.get("/v1/chat/sessions")
    before = scrape()

    api.get("/v1/chat/sessions")

    after = scrape()
    assert after.value("gatewayz_key_cache_entries") == 1
    assert after.value("gatewayz_key_cache_bytes") > 0
    name = "gatewayz_key_cache_hits_total"
    assert after.value(name) == before.value(name) + 1


def test_waiting_activity_is_shown_with_its_age(api, committed):
    with committed():
        api.post_json("/v1/chat/sessions", {})

    seen = scrape()
    assert seen.value("gatewayz_activity_queue_depth") == 1
    assert seen.value("gatewayz_activity_queue_oldest_seconds") > 0
    assert seen.value("gatewayz_task_queue_depth") == 1


def test_dead_letters_are_counted(db):
    ActivityDeadLetter.objects.create(event=b"{", error="no event")

    assert scrape().value("gatewayz_activity_dead_letters") == 1


def test_the_build_is_a_metric(db, settings):
    settings.GATEWAYZ_VERSION = "v7"

    assert any(name == "gatewayz_build_info" for name in scrape().names)


def test_without_redis_the_other_metrics_are_shown(db, no_redis):
    seen = scrape()

    assert seen.value("gatewayz_dependency_up", dependency="redis") == 0
    assert seen.value("gatewayz_dependency_up", dependency="database") == 1
    assert "gatewayz_activity_queue_depth" not in seen.names
    assert "gatewayz_activity_dead_letters" in seen.names


def test_without_the_database_the_other_metrics_are_shown(transactional_db, monkeypatch):
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        seen = scrape()

    assert seen.value("gatewayz_dependency_up", dependency="database") == 0
    assert seen.value("gatewayz_dependency_up", dependency="redis") == 1
    assert "gatewayz_activity_queue_depth" in seen.names
    assert "http_requests_total" in seen.names


def test_the_first_server_error_is_counted(api):
    name = "http_server_errors_total"
    before = scrape()
    assert name in before.names
    api.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE chat_sessions RENAME TO elsewhere")  # until the test ends

    api.get("/v1/chat/sessions")

    assert scrape().value(name) == before.value(name) + 1


def test_late_requests_are_counted(api, settings):
    before = scrape().value("gatewayz_requests_late_total")
    settings.REQUEST_DEADLINE_SECONDS = 0.000001

    api.get("/v1/chat/sessions")

    assert scrape().value("gatewayz_requests_late_total") == before + 1


def test_an_open_breaker_shows_in_the_metrics(api):
    before = scrape().value("gatewayz_redis_breaker_opened_total")
    try:
        breaker.failed()
        told = scrape()
    finally:
        breaker.succeeded()

    assert told.value("gatewayz_redis_breaker_open") == 1
    assert told.value("gatewayz_redis_breaker_opened_total") == before + 1
    assert scrape().value("gatewayz_redis_breaker_open") == 0
