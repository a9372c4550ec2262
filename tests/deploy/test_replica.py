"""Reads from a real streaming replica, and never what is older than one's own last write."""

import shutil
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings

from gatewayz.database.replica import reads_replica
from gatewayz.development.embedded import postgres_server
from tests.deploy.installation import Installation, Web, own_to_server_user, server_user
from tests.waiting import wait_until

FIND = {"query": "needle"}


class Replica:
    """A streaming replica of an installation's database."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._home = installation.home / "replica"
        self._home.mkdir(mode=0o700)
        own_to_server_user(self._home)
        subprocess.run(
            [
                *(installation.postgres_program("pg_basebackup"), "--pgdata", self._home),
                *("--host", installation.postgres_socket, "--username", "postgres"),
                *("--write-recovery-conf", "--checkpoint", "fast"),
            ],
            check=True,
            user=server_user(),
            cwd=self._home,
        )
        # The lock of the primary's socket, which stands among its data.
        (self._home / f".s.PGSQL.{postgres_server.PORT}.lock").unlink()
        host = f"host={self._home}&port={postgres_server.PORT}"
        self.url = f"postgresql://postgres@/{postgres_server.DATABASE_NAME}?{host}"
        self.start()

    def start(self) -> None:
        self._installation.start(
            "replica",
            *(self._installation.postgres_program("postgres"), "-D", str(self._home), "-h", ""),
            *("-k", str(self._home), "-c", "fsync=off"),
            as_user=True,
        )
        wait_until(self.answers)

    def kill(self) -> None:
        self._installation.kill("replica")
        (self._home / "postmaster.pid").unlink()

    def remove(self) -> None:
        if "replica" in self._installation.running:
            self.kill()
        shutil.rmtree(self._home)

    def answers(self) -> bool:
        try:
            self._installation.database(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def pause(self) -> None:
        """It goes on receiving, and shows nothing new."""
        self.run("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.run("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        self.run("SELECT pg_wal_replay_resume()")

    def run(self, statement: str, *values: object) -> object:
        with self._installation.database(self.url) as connection:
            row = connection.execute(statement, values).fetchone()
        return row[0] if row else None

    def title(self, session_id: int | None) -> object:
        """The title that a session has here by now; None while it is not here."""
        return self.run("SELECT title FROM chat_sessions WHERE id = %s", session_id)

    def reads(self) -> int:
        """How often sessions were looked for here, by whatever plan."""
        count = self.run(
            "SELECT seq_scan + idx_scan FROM pg_stat_user_tables WHERE relname = 'chat_sessions'"
        )
        assert isinstance(count, int)
        return count


@pytest.fixture(scope="module")
def replica(_installation: Installation) -> Iterator[Replica]:
    made = Replica(_installation)
    yield made
    made.remove()


@pytest.fixture
def environ(installation: Installation, replica: Replica, redis_url: str) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "DATABASE_REPLICA_URL": replica.url,
        "GATEWAYZ_DEFER_ACTIVITY": "off",
    }


@pytest.fixture
def web(installation: Installation, environ: dict[str, str]) -> Web:
    return installation.start_web("web", environ)


def let_the_log_go_on(installation: Installation) -> None:
    """Its position may lie past the last record, where the replica would stay."""
    with installation.database() as connection:
        connection.execute("SELECT pg_logical_emit_message(true, '', '')")


def change_on(installation: Installation, url: str, title: str) -> None:
    """Rename every session by SQL, so that an answer shows which server it came from."""
    with installation.database(url) as connection:
        connection.execute("UPDATE chat_sessions SET title = %s", [title])


def test_users_read_their_own_writes_while_the_replica_is_paused(web, replica):
    replica.pause()
    try:
        session = web.create_session("a needle of my own")
        listed = web.titles()
        detail = web.ask("GET", f"/v1/chat/sessions/{session}")
        found = web.ask("POST", "/v1/chat/search", FIND)
        before = web.ask("GET", "/v1/chat/stats").body["data"]["total_sessions"]
        web.create_session()
        after = web.ask("GET", "/v1/chat/stats").body["data"]["total_sessions"]
    finally:
        replica.resume()

    assert "a needle of my own" in listed
    assert detail.status == 200
    assert [match["id"] for match in found.body["data"]] == [session]
    assert after == before + 1


def test_users_read_their_own_writes_in_every_process(installation, environ, web, replica):
    other = installation.start_web("other", environ)
    replica.pause()
    try:
        web.create_session("seen everywhere")
        assert "seen everywhere" in other.titles()
        session = other.create_session("and back")
        assert "and back" in web.titles()
        other.ask("DELETE", f"/v1/chat/sessions/{session}")
        assert web.ask("GET", f"/v1/chat/sessions/{session}").status == 404
    finally:
        replica.resume()


def test_a_user_without_writes_reads_from_the_replica(installation, web, replica):
    session = web.create_session("at first")
    # With this the service asks how far the log goes; what is in it after that is past the write.
    web.titles()
    change_on(installation, installation.database_url, "before")
    wait_until(lambda: replica.title(session) == "before")
    replica.pause()
    try:
        # By another user, and by SQL: nothing marks it.
        change_on(installation, installation.database_url, "after")
        # A replica that was slow to answer is left alone for a moment, see DOWN_SECONDS.
        wait_until(lambda: "after" not in web.titles())
        detail = web.ask("GET", f"/v1/chat/sessions/{session}").body["data"]["title"]
        found = web.ask("POST", "/v1/chat/search", {"query": "before"}).body["count"]
    finally:
        replica.resume()

    assert detail == "before"
    assert found > 0
    wait_until(lambda: "after" in web.titles())


def test_the_replica_is_used_again_once_it_has_caught_up(installation, web, replica):
    replica.pause()
    web.create_session("mine")
    web.titles()
    replica.resume()
    let_the_log_go_on(installation)
    scans = replica.reads()

    wait_until(lambda: "mine" in web.titles() and replica.reads() > scans)


def test_without_its_replica_the_primary_serves_reads(installation, web, replica):
    session = web.create_session("without it")
    wait_until(lambda: replica.title(session))
    web.titles()
    replica.kill()
    try:
        answers = [
            web.ask("GET", f"/v1/chat/sessions/{session}").status,
            web.ask("GET", "/v1/chat/sessions").status,
            web.ask("GET", "/v1/chat/stats").status,
            web.ask("POST", "/v1/chat/search", FIND).status,
            web.ask("GET", "/readyz").status,
        ]
    finally:
        replica.start()

    assert answers == [200, 200, 200, 200, 200]
    let_the_log_go_on(installation)
    scans = replica.reads()
    wait_until(lambda: web.titles() and replica.reads() > scans)


def test_without_redis_the_primary_serves_reads(installation, web, replica):
    web.create_session("no marks")
    replica.pause()
    try:
        change_on(installation, installation.database_url, "newest")
        installation.kill("redis")
        titles = web.titles()
    finally:
        replica.resume()

    assert set(titles) == {"newest"}


def test_a_revoked_key_is_rejected_while_the_replica_is_paused(installation, environ, replica):
    secret = installation.manage(environ, "create_api_key", "bob@example.com").strip()
    web = installation.start_web("web", environ)
    assert web.ask("GET", "/v1/chat/stats", api_key=secret).status == 200
    replica.pause()
    try:
        installation.manage(
            environ,
            *("shell", "-v", "0", "-c"),
            "from accounts.keys import deactivate_key\n"
            "from accounts.models import ApiKey\n"
            "deactivate_key(ApiKey.objects.get(user__email='bob@example.com'))",
        )
        denied = web.ask("GET", "/v1/chat/stats", api_key=secret)
    finally:
        replica.resume()

    assert denied.status == 401


def test_migrations_run_only_on_the_primary(installation, environ):
    # The replica would reject them.
    installation.manage(environ, "migrate", "-v", "0")


def test_without_a_replica_the_mark_does_nothing():
    def get(view, request):
        return None

    assert reads_replica(get) is get
    assert not any("replica" in name for name in settings.MIDDLEWARE)
