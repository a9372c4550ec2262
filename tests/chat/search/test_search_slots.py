"""Searches leave the database to others: few of them run at a time."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import pytest
from django.db import connection, transaction

from accounts.keys import create_key
from accounts.models import User
from chat.search import slots
from chat.search.slots import (
    MAX_RUNNING,
    Searches,
    TooManySearches,
    process_searches,
)
from tests.problems import assert_problem
from tests.waiting import WAIT_SECONDS, wait_until
from tests.web import web_process

PATH = "/v1/chat/search"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.01)


def test_a_search_waits_for_another_of_the_same_user(user):
    own, began = Searches(8), threading.Event()

    def search():
        with own.slot(user.pk):
            began.set()

    with ThreadPoolExecutor() as threads:
        with own.slot(user.pk):
            second = threads.submit(search)
            wait_until(lambda: own._asked[user.pk] == 2)
            assert not began.is_set()
        second.result(WAIT_SECONDS)


def test_a_search_that_gets_no_slot_in_time_is_rejected(api, user, impatient):
    with process_searches().slot(user.pk):
        rejected = api.post_json(PATH, {"query": "cat"})

    assert_problem(rejected, 429, "too_many_searches")
    assert rejected["Retry-After"] == "1"
    assert api.post_json(PATH, {"query": "cat"}).status_code == 200


def test_a_process_runs_only_a_few_searches_of_all_users(api, user, impatient):
    with ExitStack() as others:
        for other in range(MAX_RUNNING):
            others.enter_context(process_searches().slot(-1 - other))
        rejected = api.post_json(PATH, {"query": "cat"})

    assert_problem(rejected, 503, "searches_busy")
    assert rejected["Retry-After"] == "1"
    assert api.post_json(PATH, {"query": "cat"}).status_code == 200


def test_a_user_can_queue_only_a_few_searches(user, monkeypatch):
    monkeypatch.setattr(slots, "WAIT_SECONDS", WAIT_SECONDS)
    own = Searches(8)

    def search():
        with own.slot(user.pk):
            pass

    with ThreadPoolExecutor() as threads:
        with own.slot(user.pk):
            waiting = [threads.submit(search) for _ in range(own.max_asked_of_user - 1)]
            wait_until(lambda: own._asked[user.pk] == own.max_asked_of_user)
            with pytest.raises(TooManySearches), own.slot(user.pk):
                pass
        for one in waiting:
            one.result(WAIT_SECONDS)


def test_a_failed_search_frees_its_slot(user):
    own = Searches(8)
    with pytest.raises(ValueError, match="failed"), own.slot(user.pk):
        raise ValueError("failed")

    assert not own._asked
    assert not own._running


@pytest.mark.django_db(transaction=True)
def test_sessions_are_created_while_searches_do_not_end():
    keys = [
        create_key(User.objects.create_user(f"user{number}@example.com"), key_name="k")[1]
        for number in range(2 * MAX_RUNNING)
    ]
    with web_process(DATABASE_POOL_SIZE="3") as port, ThreadPoolExecutor(20) as threads:

        def post(key, path, body):
            client = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            with closing(client):
                client.request("POST", path, json.dumps(body), headers)
                return client.getresponse().status

        with transaction.atomic(), connection.cursor() as cursor:
            # On a busy machine, the block takes longer than the service lets a connection be idle.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("LOCK TABLE chat_search_owners IN ACCESS EXCLUSIVE MODE")
            found = [
                threads.submit(post, key, PATH, {"query": "cat"}) for key in keys for _ in range(3)
            ]
            wait_until(lambda: _waiting_for_lock(cursor) == MAX_RUNNING)
            created = [post(key, "/v1/chat/sessions", {"title": "x"}) for key in keys]
        statuses = [one.result(WAIT_SECONDS) for one in found]

    assert created == [201] * len(keys)
    assert set(statuses) <= {200, 429, 503}


def _waiting_for_lock(cursor):
    # A transaction sees pg_stat_activity as it first was.
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return cursor.fetchone()[0]
