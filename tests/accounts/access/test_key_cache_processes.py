"""The key cache across real web processes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from accounts.keys import create_key, deactivate_key
from accounts.models import User
from accounts.principals import key_format
from tests.conftest import delete_redis_keys, restore_rows
from tests.ports import free_port
from tests.waiting import WAIT_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

CHECKOUT = Path(__file__).resolve().parents[3]


class WebProcess:
    """The service in its own process, on the tests' database and Redis."""

    def __init__(self):
        self.port = free_port()
        url = urlsplit(os.environ["DATABASE_URL"])
        options = f"--interface wsgi --no-ws --blocking-threads 16 --port {self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "granian", *options.split(), "gatewayz.wsgi:application"],
            cwd=CHECKOUT,
            env=os.environ
            | {"DATABASE_URL": url._replace(path=connection.settings_dict["NAME"]).geturl()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def get(self, path, api_key):
        client = HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        try:
            client.request("GET", path, headers={"Authorization": f"Bearer {api_key}"})
            response = client.getresponse()
            return response.status, response.read()
        finally:
            client.close()

    def status(self, api_key):
        return self.get("/v1/chat/sessions?limit=1", api_key)[0]

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT_SECONDS)


def is_up(web):
    try:
        return web.get("/healthz", "")[0] == 200
    except OSError:
        return False


@contextmanager
def web_processes(count, django_db_blocker):
    """Run some web processes that answer, for the tests of a module, which commit."""
    started = [WebProcess() for _ in range(count)]
    try:
        for web in started:
            wait_until(lambda web=web: is_up(web))
        yield started
    finally:
        for web in started:
            web.stop()
        # They audit denied keys and fill the cache in the background, perhaps after the last test.
        delete_redis_keys()
        with django_db_blocker.unblock():
            restore_rows()


@pytest.fixture(scope="module")
def webs(django_db_setup, django_db_blocker):
    """Two running web processes."""
    with web_processes(2, django_db_blocker) as webs:
        yield webs


@pytest.fixture
def staff_key(db):
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    return create_key(staff, key_name="staff")[1]


def test_a_stampede_on_two_processes_takes_at_most_a_query_each(webs, user, staff_key):
    def statements():
        answers = [web.get("/v1/admin/key-cache", staff_key)[1] for web in webs]
        return sum(json.loads(answer)["data"]["misses"] for answer in answers)

    _, cold = create_key(user, key_name="cold")
    statements()
    before = statements()

    with ThreadPoolExecutor(100) as threads:
        statuses = list(threads.map(lambda n: webs[n % 2].status(cold), range(200)))

    assert set(statuses) == {200}
    assert 1 <= statements() - before <= 2


def test_a_revoked_key_is_rejected_by_every_process(webs, user):
    key, secret = create_key(user, key_name="mine")
    assert [web.status(secret) for web in webs for _ in range(2)] == [200] * 4

    deactivate_key(key)

    for web in webs:
        wait_until(lambda web=web: web.status(secret) == 401)
    assert [web.status(secret) for web in webs for _ in range(20)] == [401] * 40


def test_a_key_created_after_an_early_look_up_works_in_every_process(webs, user, monkeypatch):
    secret = key_format.generate("live")
    assert [web.status(secret) for web in webs] == [401, 401]
    monkeypatch.setattr(key_format, "generate", lambda environment: secret)

    create_key(user, key_name="mine")

    for web in webs:
        wait_until(lambda web=web: web.status(secret) == 200)
