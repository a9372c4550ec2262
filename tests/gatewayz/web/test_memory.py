"""A web process returns the memory of long bodies to the system."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import psutil
import pytest

from accounts.keys import create_key
from accounts.models import User
from tests.waiting import WAIT_SECONDS, wait_until
from tests.web import answered_by, web_process

pytestmark = [
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(sys.platform != "linux", reason="where malloc is glibc's"),
]

# Too many for one request: they are all read before that is seen.
BODY = json.dumps({"messages": [{"role": "user", "content": "e" * 90}] * 80_000}).encode()
CALLERS = 4
MAX_KEPT_BYTES = 75_000_000


def test_long_bodies_do_not_grow_a_process_permanently():
    keys = [
        create_key(User.objects.create_user(f"user{number}@example.com"), key_name="k")[1]
        for number in range(CALLERS)
    ]
    with web_process() as port, ThreadPoolExecutor(CALLERS) as threads:
        (process,) = (psutil.Process(pid) for pid in answered_by(port))

        def send(key):
            for _ in range(6):
                client = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
                headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
                with closing(client):
                    client.request("POST", "/v1/chat/sessions/1/messages/batch", BODY, headers)
                    assert client.getresponse().status in {400, 404}

        before = process.memory_info().rss
        list(threads.map(send, keys))

        wait_until(lambda: process.memory_info().rss < before + MAX_KEPT_BYTES)
