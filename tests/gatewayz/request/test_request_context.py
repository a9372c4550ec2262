"""The request id and the stopwatch of every response."""

import contextvars
import logging
import re

import pytest
from django.test import Client

from gatewayz.request.context import RequestIdFilter, current_request_id, timed, timing_ms


@pytest.mark.parametrize("given", ["abc", "A-1_2.3:4/5=6+7", "x" * 128])
def test_a_valid_id_of_the_client_is_kept(given):
    response = Client().get("/healthz", headers={"X-Request-ID": given})

    assert response["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "é", "<script>"])
def test_an_invalid_id_is_replaced(given):
    response = Client().get("/healthz", headers={"X-Request-ID": given})

    assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])


def test_every_response_says_how_long_it_took():
    assert re.fullmatch(r"total;dur=\d+\.\d\d", Client().get("/healthz")["Server-Timing"])


def test_outside_a_request_nothing_is_measured():
    def outside():
        with timed("something"):
            pass
        return timing_ms("something"), current_request_id()

    assert contextvars.Context().run(outside) == (0.0, "-")


def test_log_records_have_the_id_even_after_the_response(db, caplog):
    response = Client().get("/v1/chat/sessions", headers={"X-Request-ID": "mine"})

    assert response.status_code == 401
    record = logging.makeLogRecord({})
    assert RequestIdFilter().filter(record)
    assert record.request_id == "mine"
