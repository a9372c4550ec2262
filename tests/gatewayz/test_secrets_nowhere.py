"""No hidden part of an API key appears anywhere, whatever is done with the key.

It walks the URL conf and the admin, so that what is added later is covered too.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection, connections
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone
from django_q.signing import SignedPackage
from django_redis import get_redis_connection

from accounts import background
from accounts.access import key_lookup
from accounts.audit import denials
from accounts.keys import create_key, deactivate_key, rotate_key
from accounts.models import ApiKey
from accounts.principals import key_format
from accounts.worker import drain
from tests.conftest import ApiClient
from tests.waiting import wait_for_jobs

pytestmark = pytest.mark.django_db(transaction=True)

KEY = re.compile(r"gw_(?:live|test|staging|dev)_[0-9A-Za-z]{49}")
BLOCK_CHARS = 12
PLACEHOLDER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")

# A body that many endpoints accept. Others reject it, and their errors must not show the key.
BODY = {
    "key_name": "walked",
    "title": "walked",
    "query": "walked",
    "role": "user",
    "content": "walked",
    "messages": [{"role": "user", "content": "walked"}],
    "feedback_type": "thumbs_up",
    "action": "rotate",
    "confirmation": "DELETE_KEY",
    "ttl_seconds": 300,
    "email": "walked@example.com",
    "password": "walked far away",
}


def paths(ids):
    """The path of every route but those of the admin, with `ids` by the name of the parameter."""

    def walk(resolver, before):
        for entry in resolver.url_patterns:
            route = before + str(entry.pattern)
            if route.startswith("admin/"):
                continue
            if isinstance(entry, URLResolver):
                yield from walk(entry, route)
            else:
                yield "/" + PLACEHOLDER.sub(lambda found: str(ids.get(found["name"], 1)), route)

    return sorted(set(walk(get_resolver(), "")))


def admin_pages() -> Iterator[str]:
    """Every list and form of the admin, and the newest object of each."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
        newest = model._default_manager.order_by("-pk").first()
        if newest is not None:
            for page in ("change", "history", "delete"):
                yield reverse(f"{name}_{page}", args=[newest.pk])


@contextmanager
def without_table(table):
    """Every statement on a table fails, as after a migration gone wrong."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO renamed")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE renamed RENAME TO {table}")


def wait_for_threads():
    wait_for_jobs(denials.writer)
    wait_for_jobs(key_lookup.renewal)


class Leaks:
    """The places where something of a secret was found."""

    def __init__(self):
        self.secrets = set()
        self.found = set()

    def look(self, place, text):
        for secret in self.secrets:
            hidden = secret.split("_", 2)[2][2:-4]
            blocks = [hidden[n : n + BLOCK_CHARS] for n in range(0, len(hidden), BLOCK_CHARS)]
            if any(len(block) == BLOCK_CHARS and block in text for block in blocks):
                self.found.add(place)

    def look_at_response(self, method, path, response):
        """New keys are shown once, in an answer to what makes them; nothing else may show one."""
        text = b"".join(response) if response.streaming else response.content
        shown = text.decode(errors="replace")
        headers = str(response.headers)
        if method != "GET":
            new = set(KEY.findall(shown)) - self.secrets
            self.look(f"{method} {path}", f"{headers}\n{shown}")
            self.secrets |= new
        else:
            self.look(f"{method} {path}", f"{headers}\n{shown}")
            if KEY.search(shown):
                self.found.add(f"{method} {path}")

    def look_at_database(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " JOIN information_schema.tables USING (table_schema, table_name)"
                " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
            )
            columns = cursor.fetchall()
            assert ("users", "email", "character varying") in columns
            for table, column, type_ in columns:
                readable = "encode({}, 'escape')" if type_ == "bytea" else "{}::text"
                text = readable.format(f'"{column}"')
                cursor.execute(f'SELECT {text} FROM "{table}"')  # noqa: S608
                for (value,) in cursor.fetchall():
                    self.look(f"{table}.{column}", value or "")
        for session in Session.objects.all():
            self.look("a session of the admin", json.dumps(session.get_decoded()))

    def look_at_redis(self):
        client = get_redis_connection("default")
        read = {
            b"string": lambda name: [client.get(name)],
            b"list": lambda name: client.lrange(name, 0, -1),
            b"set": client.smembers,
            b"zset": lambda name: client.zrange(name, 0, -1),
            b"hash": lambda name: [*client.hgetall(name).items()],
            b"stream": client.xrange,
        }
        for name in client.scan_iter(f"*{settings.REDIS_KEY_PREFIX}*"):
            for value in read[client.type(name)](name):
                text = value.decode("latin-1") if isinstance(value, bytes) else repr(value)
                self.look(f"Redis: {name!r}", f"{name!r} {text}")
                if name.decode() == background.broker().list_key:
                    self.look("a queued task", repr(SignedPackage.loads(value)))

    def look_at_logs(self, caplog):
        for record in caplog.records:
            for handler in (caplog.handler, *logging.root.handlers):
                self.look(f"the logger {record.name}", f"{handler.format(record)} {record.args}")

    def look_everywhere(self, caplog):
        wait_for_threads()
        self.look_at_database()
        self.look_at_redis()
        self.look_at_logs(caplog)
        for message in mail.outbox:
            self.look("an e-mail", message.message().as_string())


@pytest.fixture
def leaks(caplog, monkeypatch):
    """Everything that is logged is kept, the statements with their parameters too."""
    caplog.set_level(logging.DEBUG)
    for name in ("django", "django.request", "django.server", "django-q"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        caplog.set_level(logging.DEBUG, logger=name)
    monkeypatch.setattr(connections["default"], "force_debug_cursor", True)
    return Leaks()


def use(leaks, caller, secret, ids):
    """Every method of every route, and what follows of it."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for path in paths(ids):
            # In a query nobody should send it, but some do.
            query = f"{path}?api_key={secret}"
            body = {} if method == "GET" else {"content_type": "application/json"}
            if body:
                # Chats keep each field as it was given, so what a client puts there is its own.
                is_of_chats = "/chat/" in path or "/conversations" in path
                beside = {} if is_of_chats else {"api_key": secret}
                body["data"] = json.dumps({**BODY, **beside})
            response = getattr(caller, method.lower())(query, **body)
            assert response.status_code != 500, f"{method} {path}"
            leaks.look_at_response(method, path, response)


def test_no_key_is_found_anywhere(leaks, caplog, user, admin_user, admin_client):
    user.is_staff = True
    user.save()
    _, secret = create_key(user, key_name="used")
    rotated, before_rotation = create_key(user, key_name="rotated", environment_tag="test")
    ended, of_ended = create_key(user, key_name="ended")
    expired, of_expired = create_key(user, key_name="expired")
    leaks.secrets |= {secret, before_rotation, of_ended, of_expired, rotate_key(rotated)}
    caller = ApiClient(secret)
    session = caller.post_json("/v1/chat/sessions", {"title": "T"}).json()["data"]
    ids = {"session_id": session["id"], "key_id": rotated.pk, "api_key_id": rotated.pk}

    # Keys that do not work, and headers that are wrong.
    deactivate_key(ended)
    ApiKey.objects.filter(pk=expired.pk).update(expiration_date=timezone.now() - timedelta(1))
    mistyped = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    for header in (
        f"Bearer {of_ended}",
        f"Bearer {of_expired}",
        f"Bearer {before_rotation}",
        f"Bearer {mistyped}",
        f"Basic {secret}",
        f"Bearer  {secret} {secret}",
        secret,
    ):
        response = Client().get("/v1/chat/sessions", headers={"Authorization": header})
        assert response.status_code == 401
        leaks.look_at_response("GET", "/v1/chat/sessions", response)

    # Faults, before and after authentication.
    careless = ApiClient(secret)
    careless.raise_request_exception = False
    for table in ("chat_sessions", "api_keys_new"):
        key_lookup.clear_cache()
        with without_table(table):
            response = careless.get("/v1/chat/sessions")
            assert response.status_code == 500
            leaks.look_at_response("GET", "a fault", response)

    # The admin: keys made and rotated there are shown, once.
    for method, path, data in (
        ("POST", "add", {"user": user.pk, "key_name": "made", "environment_tag": "live"}),
        (
            "POST",
            "changelist",
            {"action": "rotate", "_selected_action": [rotated.pk], "confirmed": "yes"},
        ),
    ):
        known = len(leaks.secrets)
        response = admin_client.post(reverse(f"admin:accounts_apikey_{path}"), data)
        leaks.look_at_response(method, path, response)
        assert len(leaks.secrets) == known + 1
    for page in admin_pages():
        leaks.look_at_response("GET", page, admin_client.get(page))
    leaks.look_everywhere(caplog)

    # The whole API; then the worker.
    use(leaks, caller, secret, ids)
    leaks.look_everywhere(caplog)
    drain.sweep()
    for page in admin_pages():
        with suppress(ConnectionError):
            leaks.look_at_response("GET", page, admin_client.get(page))
    leaks.look_everywhere(caplog)

    assert leaks.found == set()
    assert len(caplog.records) > 100
    assert key_format.is_well_formed(secret)


def test_a_leak_would_be_found(leaks, caplog, user):
    _, secret = create_key(user, key_name="used")
    leaks.secrets.add(secret)
    user.username = f"My key is {secret[:24]}"
    user.save()
    get_redis_connection("default").hset(f"{settings.REDIS_KEY_PREFIX}:x", "a", secret[20:])
    background.enqueue("accounts.worker.drain.drain", secret)
    logging.getLogger("django-q").debug("A key: %s", secret)

    leaks.look_everywhere(caplog)

    places = " ".join(leaks.found)
    assert "users.username" in places
    assert f"{settings.REDIS_KEY_PREFIX}:x" in places
    assert "a queued task" in places
    assert "django-q" in places
    assert "django.db.backends" in places
