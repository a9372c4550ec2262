"""Rotating a key while two real web processes are constantly used with it."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from accounts.keys import create_key, rotate_key
from tests.accounts.access.test_key_cache_processes import wait_until, webs

__all__ = ["webs"]

pytestmark = pytest.mark.django_db(transaction=True)

# How soon every process has to know of a change: 100 ms, plus what two busy cores may delay a
# request, and the bound that holds even if Redis loses the message.
KNOWN_WITHIN_SECONDS = 2.5


class Load:
    """Threads that constantly send requests with a secret and record the answers and times."""

    def __init__(self, webs, secret):
        self._webs = webs * 2
        self._stopped = Event()
        self._executor = ThreadPoolExecutor(len(self._webs))
        self._secret = secret
        self._asked_last = [None] * len(self._webs)
        # (asked with, status, the time at which the request began)
        self.answers = []

    def ask_with(self, secret):
        """Switch to `secret`; afterwards no thread uses another one."""
        self._secret = secret
        wait_until(lambda: set(self._asked_last) == {secret})

    def __enter__(self):
        for n, web in enumerate(self._webs):
            self._executor.submit(self._ask, n, web)
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._executor.shutdown()

    def _ask(self, n, web):
        while not self._stopped.is_set():
            secret, began = self._secret, time.monotonic()
            self.answers.append((secret, web.status(secret), began))
            self._asked_last[n] = secret

    def statuses_of(self, secret, after=0.0):
        return [
            status for asked, status, began in self.answers if asked == secret and began > after
        ]


def test_no_request_with_a_valid_key_fails_while_it_is_rotated_with_a_grace(webs, user):
    key, secret = create_key(user, key_name="mine")
    secrets = [secret]
    with Load(webs, secret) as load:
        for _ in range(5):
            wait_until(lambda: len(load.statuses_of(secrets[-1])) > 20)
            secrets.append(rotate_key(key, grace_seconds=3600))
            # Some more with the old one, like a client that has not switched yet.
            seen = len(load.answers)
            wait_until(lambda seen=seen: len(load.answers) > seen + 20)
            load.ask_with(secrets[-1])
        wait_until(lambda: len(load.statuses_of(secrets[-1])) > 20)

    assert {status for _, status, _ in load.answers} == {200}
    # Of the earlier secrets, only the last is in its grace period.
    for web in webs:
        assert [web.status(each) for each in secrets[-2:]] == [200, 200]
        assert {web.status(each) for each in secrets[:-2]} == {401}


def test_every_process_rejects_an_ended_key_in_time(webs, user):
    key, secret = create_key(user, key_name="mine")
    with Load(webs, secret) as load:
        wait_until(lambda: len(load.statuses_of(secret)) > 20)
        new = rotate_key(key)
        ended_at = time.monotonic()
        wait_until(lambda: 401 in load.statuses_of(secret))
        wait_until(lambda: time.monotonic() > ended_at + KNOWN_WITHIN_SECONDS + 0.5)
        load.ask_with(new)
        wait_until(lambda: len(load.statuses_of(new)) > 20)

    late = load.statuses_of(secret, after=ended_at + KNOWN_WITHIN_SECONDS)
    assert late
    assert set(late) == {401}
    assert set(load.statuses_of(new)) == {200}


def test_a_grace_ends_in_every_process_without_a_further_event(webs, user):
    key, secret = create_key(user, key_name="mine")
    assert {web.status(secret) for web in webs} == {200}

    new = rotate_key(key, grace_seconds=2)
    ends_at = key.previous_expires_at.timestamp()
    answers = []
    began = 0.0
    while began < ends_at + 0.3:
        for web in webs:
            began = time.time()
            answers.append((began, web.status(secret), time.time()))

    assert {status for _, status, ended in answers if ended < ends_at} <= {200}
    assert {status for began, status, _ in answers if began > ends_at} == {401}
    assert {web.status(new) for web in webs} == {200}
