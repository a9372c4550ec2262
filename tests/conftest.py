"""Fixtures and rules for the tests of all packages."""

import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection, connections
from django.test import Client, TransactionTestCase
from django.utils import timezone
from django_redis import get_redis_connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from accounts import background
from accounts.activity import buffer
from accounts.audit import denials
from accounts.keys import create_key
from accounts.models import ApiKey, Notification, User
from accounts.principals import cached_keys
from gatewayz.database.distribution import distributed_tables
from gatewayz.probes import health
from gatewayz.redis.breaker import breaker
from gatewayz.telemetry.metrics import process
from tests.faults.proxy import Proxy, upstream_of
from tests.waiting import wait_for_jobs, wait_until

# How long an example takes depends on what else the machine does. Examples are the same in every
# run, so that a test that passes goes on passing; `--hypothesis-profile=others` tries others.
_any_machine = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("others", _any_machine)
hypothesis_settings.register_profile("same", _any_machine, derandomize=True)
hypothesis_settings.load_profile("same")

# Where every test is `long`: left out by `make test`, run by `make test-all`.
_LONG = (
    "tests/abuse/",
    "tests/accounts/access/test_key_cache_processes.py",
    "tests/accounts/access/test_lost_commits.py",
    "tests/accounts/auth/test_enumeration.py",
    "tests/accounts/background/test_failed_rows.py",
    "tests/accounts/keys/test_rotation_under_load.py",
    "tests/accounts/limits/test_processes.py",
    "tests/adoption/",
    "tests/browser/",
    "tests/chat/admin/test_statements.py",
    "tests/chat/search/test_relevance.py",
    "tests/chat/search/test_search_plan.py",
    "tests/chat/search/test_search_slots.py",
    "tests/deploy/",
    "tests/docs/test_site.py",
    "tests/faults/",
    "tests/fuzz/",
    "tests/gatewayz/database/test_migrations.py",
    "tests/gatewayz/development/test_embedded.py",
    "tests/gatewayz/development/test_run.py",
    "tests/gatewayz/management/test_django_commands.py",
    "tests/gatewayz/management/test_setup_advice.py",
    "tests/gatewayz/middleware/test_whole_bodies.py",
    "tests/gatewayz/streaming/",
    "tests/gatewayz/telemetry/test_tracing.py",
    "tests/gatewayz/test_linear_parsing.py",
    "tests/gatewayz/web/",
)
_NOT_LONG = ("tests/deploy/test_files.py",)
# Files and folders that take some time all the same. Processes that share the tests begin with
# these and the long ones, one of each at a time, and end together with what takes little.
_FIRST = ("tests/contract/", "tests/docs/")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is long by its folder, and put it first in the processes of pytest-xdist."""
    for item in items:
        if item.nodeid.startswith(_LONG) and not item.nodeid.startswith(_NOT_LONG):
            item.add_marker(pytest.mark.long)
    if hasattr(config, "workerinput"):
        items.sort(
            key=lambda item: (
                item.get_closest_marker("long") is None and not item.nodeid.startswith(_FIRST)
            )
        )


# Of all tables but django_migrations: what they held after the migrations, for `restore_rows`.
_KEEP = """
DO $$
DECLARE
    name text;
    restore text := 'SET LOCAL session_replication_role = replica;';  -- no triggers
    is_filled boolean;
BEGIN
    CREATE SCHEMA kept;
    FOR name IN
        SELECT format('%I', relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND NOT relispartition AND relname <> 'django_migrations'
    LOOP
        restore := restore || format('DELETE FROM %s;', name);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO is_filled;
        IF is_filled THEN
            EXECUTE format('CREATE TABLE kept.%1$s AS TABLE %1$s', name);
            restore := restore || format(
                'INSERT INTO %1$s OVERRIDING SYSTEM VALUE TABLE kept.%1$s;', name
            );
        END IF;
    END LOOP;
    EXECUTE format(
        'CREATE FUNCTION kept.restore() RETURNS void LANGUAGE plpgsql AS %L',
        'BEGIN ' || restore || ' END'
    );
END
$$
"""


def restore_rows() -> None:
    """Give the database the rows that it had after the migrations, and no others.

    Django would truncate every table and then have what sets itself up after a migration do that
    again, which takes ten times as long.
    """
    # Denied requests are audited beside their answers, and lock the rows of their users.
    wait_for_jobs(denials.writer)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kept.restore()")


def delete_redis_keys() -> None:
    """Delete what the tests have in Redis."""
    client = get_redis_connection("default")
    names = list(client.scan_iter(f"*{settings.REDIS_KEY_PREFIX}*", count=1000))
    if names:
        client.delete(*names)


def truncate(tables: str) -> None:
    """Make tables, separated by commas, and what refers to them as good as new.

    Rows that were deleted leave room in a table and its indexes, and plans depend on their size.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers, which refuse it
        cursor.execute(f"TRUNCATE {tables} CASCADE")
        cursor.execute("RESET session_replication_role")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database after the migrations, to which tests that commit come back."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(_KEEP)
        # A process asks for these once; no test is to count that statement.
        distributed_tables()
    TransactionTestCase._fixture_teardown = lambda _: restore_rows()
    yield
    # Threads of live servers keep theirs until they are collected; the database is dropped now.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_quick() -> None:
    """Hashing takes a third of a second otherwise. A check reads the rounds from the hash."""
    PBKDF2PasswordHasher.iterations = 10


@pytest.fixture(autouse=True)
def _nothing_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request samples metrics: that happens every five seconds, whichever test is running."""
    monkeypatch.setattr(process, "due_at", math.inf)


@pytest.fixture
def listening() -> None:
    """The process hears of changes, so that it may keep keys in memory."""
    wait_until(cached_keys.key_cache().entries.process_cache.coherence.is_trusted)


@pytest.fixture(autouse=True)
def _no_keys_left_in_redis() -> Iterator[None]:
    """No test leaves keys to another; those of others on a shared server are not touched.

    Nor does it leave counts that wait for a Redis that was down.
    """
    yield
    buffer.take_uncounted()
    for subscriber in cached_keys.key_cache().entries.process_cache.coherence.subscribers:
        subscriber.forget_all()
    delete_redis_keys()


@pytest.fixture(autouse=True)
def _readiness_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `/readyz` saw in another test is not what there is in this one."""
    monkeypatch.setattr(health, "readiness", health.Readiness())


@pytest.fixture
def user(db: None) -> Iterator[User]:
    """A user with a verified address, without a password."""
    yield User.objects.create_user("ada@example.com", email_verified_at=timezone.now())
    # Denied keys are recorded beside the requests: let that end before the tables are emptied.
    wait_for_jobs(denials.writer)


@pytest.fixture
def api_key(user: User) -> str:
    """A working key of `user`, made long ago: neither its activity nor a notification is left."""
    _, secret = create_key(user, key_name="first")
    Notification.objects.all().delete()
    get_redis_connection("default").delete(buffer._BUFFER, buffer._WAKE)
    background.broker().purge_queue()
    return secret


@pytest.fixture
def key(user: User, api_key: str) -> ApiKey:
    """The row of `api_key`."""
    return ApiKey.objects.get(user=user)


class ApiClient(Client):
    """Django's test client, speaking JSON with a bearer key."""

    def __init__(self, api_key: str) -> None:
        super().__init__(headers={"Authorization": f"Bearer {api_key}"})

    def post_json(self, path: str, body: Any, **options: Any) -> Any:
        return self.post(path, body, content_type="application/json", **options)


@pytest.fixture
def api(api_key: str) -> ApiClient:
    """A client that acts for `user`."""
    return ApiClient(api_key)


@pytest.fixture
def stranger_api(db: None) -> ApiClient:
    """A client that acts for somebody else."""
    stranger = User.objects.create_user("eve@example.com")
    _, secret = create_key(stranger, key_name="hers")
    return ApiClient(secret)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """A block whose end is a commit: what waits for one then happens."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def database_network(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The network between this thread and the database; other threads have their own."""
    database = connections["default"]
    with Proxy(upstream_of(os.environ["DATABASE_URL"])) as proxy:
        database.close()
        host, port = proxy.address.split(":")
        through_proxy = {**database.settings_dict, "HOST": host, "PORT": port}
        monkeypatch.setattr(database, "settings_dict", through_proxy)
        yield proxy
        database.close()
        monkeypatch.undo()


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Redis refuses every connection of this process, as when it is stopped."""
    pools = [
        get_redis_connection("default").connection_pool,
        background.broker().connection.connection_pool,
    ]
    for pool in pools:
        pool.disconnect()
        for name, nowhere in {
            "path": "/nowhere/redis.sock",
            "host": "127.0.0.1",
            "port": 1,
        }.items():
            if name in pool.connection_kwargs:
                monkeypatch.setitem(pool.connection_kwargs, name, nowhere)
        # Connections that the pool keeps remember their own address.
        pool.reset()
    with pytest.raises(redis.ConnectionError):
        get_redis_connection("default").ping()
    yield
    monkeypatch.undo()
    for pool in pools:
        pool.reset()
    breaker.succeeded()
    cached_keys.key_cache().entries.process_cache.suspect_until = 0.0
