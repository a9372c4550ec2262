"""An upgrade from 1.0.0, and back, while the code of 1.0.0 answers.

The old code is started from git's history, where that is available. Without it, the old models
are those that the migrations remember.
"""

import io
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from gatewayz.development.embedded import postgres_server
from tests.deploy.installation import CHECKOUT, Host, Installation, Web
from tests.waiting import WAIT_SECONDS, wait_until

# The last commit of 1.0.0, and its last migrations.
COMMIT_BEFORE = "c5cd449"
BEFORE = {"accounts": "0024_audit_log_created_index", "chat": "0014_idempotent_activity"}

# Migrate to the end, then back to BEFORE. After each migration, say so and wait for a line.
STEP_BY_STEP = """
import sys
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

def say(what):
    print(what, flush=True)
    sys.stdin.readline()

def progress(action, migration=None, fake=False):
    if action in ("apply_success", "unapply_success"):
        say(migration)

forth = MigrationExecutor(connection, progress)
forth.migrate([node for node in forth.loader.graph.leaf_nodes() if node[0] in BEFORE])
call_command("migrate", verbosity=0)
say("upgraded")
MigrationExecutor(connection, progress).migrate(list(BEFORE.items()))
"""


@pytest.fixture
def old_code(tmp_path: Path) -> Host:
    """Puts a command into a folder that has the old code."""
    archive = subprocess.run(
        ["git", "archive", COMMIT_BEFORE], cwd=CHECKOUT, capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip(f"needs the history of git: {archive.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(tmp_path / "old", filter="data")
    return Host(prefix=("env", "--chdir", str(tmp_path / "old")))


class Traffic:
    """Rounds of requests, each of which makes, changes, reads and deletes."""

    def __init__(self, web: Web) -> None:
        self.rounds = 0
        self.answers: Counter[str] = Counter()
        self._web = web
        self._is_over = Event()

    def run(self) -> None:
        for number in count():
            if self._is_over.is_set():
                return
            self._round(number)
            self.rounds += 1

    def end(self) -> None:
        self._is_over.set()

    def wait_for_a_round(self) -> None:
        """Until a round that begins now has ended."""
        before = self.rounds
        wait_until(lambda: self.rounds > before + 1)

    def failures(self) -> dict[str, int]:
        return {one: times for one, times in self.answers.items() if not one.endswith(" 2xx")}

    def _round(self, number: int) -> None:
        chats, keys = "/v1/chat/sessions", "/v1/user/api-keys"
        session = self._ask("POST", chats, {"title": f"kept {number}"})["id"]
        self._ask("POST", f"{chats}/{session}/messages", {"role": "user", "content": "kept"})
        self._ask("GET", f"{chats}/{session}")
        self._ask("PUT", f"{chats}/{session}", {"title": f"kept still {number}"})
        self._ask("GET", f"{chats}?limit=5")
        self._ask("POST", "/v1/chat/search", {"query": "kept"})
        self._ask("GET", "/v1/chat/stats")
        self._ask("GET", "/v1/user/profile")
        self._ask("PUT", "/v1/user/profile", {"preferences": {"round": number}})
        self._ask("GET", keys)
        thrown_away = self._ask("POST", chats, {})["id"]
        self._ask("DELETE", f"{chats}/{thrown_away}")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self._web.ask(method, path, body, within_seconds=WAIT_SECONDS)
        is_success = 200 <= status < 300
        self.answers[f"{method} {path} {'2xx' if is_success else (status, answer)}"] += 1
        return answer.get("data") if is_success else {"id": 0}


@contextmanager
def traffic(web: Web) -> Iterator[Traffic]:
    requests = Traffic(web)
    thread = Thread(target=requests.run)
    thread.start()
    try:
        yield requests
    finally:
        requests.end()
        thread.join()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_previous_release_serves_through_every_migration_and_back(
    installation: Installation, old_code: Host, redis_url: str
):
    with installation.database() as database:
        database.execute("CREATE DATABASE upgraded")
    url = installation.database_url.replace(f"/{postgres_server.DATABASE_NAME}?", "/upgraded?")
    environ = {"DATABASE_URL": url, "REDIS_URL": redis_url}
    installation.manage(environ, "migrate", "-v", "0", host=old_code)
    api_key = installation.manage(environ, "create_api_key", "a@example.com", host=old_code)
    old = installation.start_web("old", environ, old_code)
    old.api_key = api_key.strip()

    done = []
    with traffic(old) as requests, stepping(environ, installation) as next_step:
        while step := next_step():
            done.append(step)
            requests.wait_for_a_round()
            if step == "upgraded":
                new = installation.start_web("new", environ)
                new.api_key = old.api_key
                with traffic(new) as others:
                    others.wait_for_a_round()
                    requests.wait_for_a_round()
                installation.kill("new")

    assert "upgraded" in done
    ways_forth = done[: done.index("upgraded")]
    assert len(ways_forth) >= 11
    assert sorted(done[len(ways_forth) + 1 :]) == sorted(ways_forth)
    assert requests.failures() == {}
    assert others.failures() == {}
    # The database is as the old code left it, with what was written meanwhile.
    installation.manage(environ, "migrate", "--check", host=old_code)
    installation.manage(environ, "check_indexes", host=old_code)
    with installation.database(url) as database:
        (kept,) = database.execute(
            "SELECT count(*) FROM chat_sessions WHERE title LIKE 'kept still %'"
        ).fetchone() or (0,)
    assert kept == requests.rounds + others.rounds


@contextmanager
def stepping(environ: dict[str, str], installation: Installation) -> Iterator[Callable[[], str]]:
    """Migrate on, when asked to; the result is what was done, empty at the end."""
    code = f"BEFORE = {BEFORE!r}\n{STEP_BY_STEP}"
    with subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=CHECKOUT,
        env=installation.environ | environ | {"DATABASE_STATEMENT_TIMEOUT_SECONDS": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        steps: list[str] = []

        def next_step() -> str:
            if steps:
                process.stdin.write("\n")
                process.stdin.flush()
            steps.append(process.stdout.readline().strip())
            return steps[-1]

        yield next_step
        assert process.wait(WAIT_SECONDS) == 0


@pytest.fixture
def models_before() -> Apps:
    """The old models, as the migrations remember them."""
    executor = MigrationExecutor(connection)
    ends = [(app, name) for app, name in executor.loader.graph.leaf_nodes() if app not in BEFORE]
    return executor.loader.project_state([*ends, *BEFORE.items()]).apps


@pytest.mark.django_db
def test_every_old_column_remains_and_new_ones_have_defaults(models_before: Apps):
    models = [one for one in models_before.get_models() if one._meta.app_label in BEFORE]
    assert models
    for model in models:
        columns = {field.column for field in model._meta.local_concrete_fields}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name, is_nullable = 'YES' OR column_default IS NOT NULL"
                " OR is_identity = 'YES' FROM information_schema.columns"
                " WHERE table_schema = current_schema() AND table_name = %s",
                [model._meta.db_table],
            )
            now = dict(cursor.fetchall())
        may_be_left_out = {name for name, may in now.items() if may}

        assert columns - set(now) == set(), model
        assert set(now) - columns - may_be_left_out == set(), model


@pytest.mark.django_db
def test_the_statements_of_the_previous_release_still_work(models_before: Apps):
    user = models_before.get_model("accounts", "User").objects.create(email="ada@example.com")
    models_before.get_model("accounts", "Plan").objects.create(plan_type="gold")
    session = models_before.get_model("chat", "ChatSession").objects.create(user=user, title="a")
    messages = models_before.get_model("chat", "ChatMessage").objects
    messages.create(session=session, role="user", content="kept")

    type(user).objects.filter(pk=user.pk).update(email="ada@example.org", is_active=False)
    type(session).objects.filter(pk=session.pk).update(title="b")

    assert messages.get().session.user.email == "ada@example.org"
    messages.all().delete()
    session.delete()
    assert not type(session).objects.exists()
