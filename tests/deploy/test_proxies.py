"""Behind the proxies that deploy/ has configurations for, callers cannot forge their address.

A header spelled X_Forwarded_For reaches the service under the same name as X-Forwarded-For, so the
proxy has to drop it.
"""

import json
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from accounts.auth.throttling import RESETS_PER_ADDRESS
from accounts.keys import create_key
from accounts.models import ApiKey, ApiKeyNetwork, AuditEntry
from accounts.worker import drain
from tests.ports import free_port
from tests.waiting import WAIT_SECONDS, wait_until
from tests.web import web_process

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        sys.platform != "linux", reason="needs all of 127.0.0.0/8, as Linux has it"
    ),
]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
HOST = "gatewayz.example"
OLDEST_CADDY = (2, 11, 4)
PROXY = "127.0.0.1"
# The proxy's callers are elsewhere, for the service to tell them from the proxy.
CALLER, CALLERS_NETWORK = "127.0.7.1", "127.0.7.0/24"
FORGED, FORGED_NETWORK = "198.51.100.7", "198.51.100.0/24"

SPELLINGS = ("X_Forwarded_For", "X-Forwarded_For", "X_Forwarded-For", "x_forwarded_for")
FORGERY = dict.fromkeys((*SPELLINGS, "X-Forwarded-For", "X_Real_IP", "Forwarded"), FORGED)

SESSIONS = "/v1/chat/sessions"


@dataclass
class Caller:
    """Sends requests from CALLER, by TLS where there is a proxy, with a forged address."""

    port: int
    is_tls: bool
    forgery: dict[str, str] = field(default_factory=lambda: FORGERY)

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str
    ) -> tuple[int, Message, Any]:
        """Status, headers and JSON of an answer."""
        connection = (
            HTTPSConnection(
                PROXY,
                self.port,
                timeout=WAIT_SECONDS,
                source_address=(CALLER, 0),
                context=ssl._create_unverified_context(),  # noqa: S323, of the test
            )
            if self.is_tls
            else HTTPConnection(PROXY, self.port, timeout=WAIT_SECONDS)
        )
        try:
            given = {"Host": HOST, **self.forgery, **headers}
            if key:
                given["Authorization"] = f"Bearer {key}"
            if body is not None:
                given["Content-Type"] = "application/json"
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, given)
            answer = connection.getresponse()
            content = answer.read()
            found = json.loads(content) if content.startswith(b"{") else None
            return answer.status, answer.headers, found
        finally:
            connection.close()


@contextmanager
def running(command: list[str], is_up: Callable[[], bool], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: process.poll() is not None or is_up())
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def nginx(upstream: int, folder: Path) -> Iterator[Caller]:
    """As in deploy/nginx, except for ports and files."""
    certificate, key, port = folder / "crt", folder / "key", free_port()
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    files = ["-subj", f"/CN={HOST}", "-keyout", key, "-out", certificate]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    shipped = (DEPLOY / "nginx" / "gatewayz.conf").read_text()
    for old, new in {
        "listen 443 ": f"listen {port} ",
        "listen 80;": f"listen {free_port()};",
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        "/etc/nginx/gatewayz.crt": str(certificate),
        "/etc/nginx/gatewayz.key": str(key),
    }.items():
        assert old in shipped
        shipped = shipped.replace(old, new)
    paths = " ".join(
        f"{kind}_temp_path {folder / kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder / 'pid'}; error_log stderr; worker_processes 1;"
        f"events {{}} http {{ access_log off; {paths}\n{shipped} }}"
    )
    caller = Caller(port, is_tls=True)
    program = [str(_program("nginx")), "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]
    with running(program, lambda: _answers(caller), folder / "log"):
        yield caller


@contextmanager
def caddy(upstream: int, folder: Path) -> Iterator[Caller]:
    """As in deploy/caddy, except for ports and the certificate."""
    port = free_port()
    shipped = (DEPLOY / "caddy" / "Caddyfile").read_text()
    for old, new in {
        "{$SITE_ADDRESS} {": f"https://{HOST}:{port} {{\n\ttls internal",
        "dynamic a web 8000": f"to 127.0.0.1:{upstream}",
    }.items():
        assert old in shipped
        shipped = shipped.replace(old, new)
    options = "auto_https disable_redirects\n\tdefault_sni " + HOST + "\n\tskip_install_trust"
    storage = f"storage file_system {folder}"
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\t{options}\n\t{storage}\n}}\n{shipped}")
    caller = Caller(port, is_tls=True)
    command = [str(_program("caddy")), "run", "--config", str(folder / "Caddyfile")]
    with running(command, lambda: _answers(caller), folder / "log"):
        yield caller


def _program(name: str) -> str | None:
    # Where Debian has it, which is not on every PATH.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def _version(program: str) -> tuple[int, ...]:
    shown = subprocess.run([program, "version"], check=True, capture_output=True, text=True)
    return tuple(int(number) for number in re.findall(r"\d+", shown.stdout)[:3])


def _answers(caller: Caller) -> bool:
    try:
        return caller.ask("GET", "/healthz")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def service(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    with (
        django_db_blocker.unblock(),
        web_process(TRUSTED_PROXIES=f"{PROXY}/32", DATABASE_POOL_SIZE="4") as port,
    ):
        yield port


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest, service: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Caller]:
    name = request.param.__name__
    program = _program(name)
    if program is None:
        pytest.skip(f"needs {name}, as `apt-get install {name}` gives it")
    if name == "caddy" and _version(program) < OLDEST_CADDY:
        pytest.skip(f"needs a newer caddy than {program}")
    with request.param(service, tmp_path_factory.mktemp(name)) as caller:
        yield caller


@pytest.fixture
def without_proxy(service: int) -> Caller:
    """A proxy that passes the header on, as far as the service can see."""
    return Caller(service, is_tls=False, forgery={"X-Forwarded-For": CALLER, SPELLINGS[0]: FORGED})


def test_without_the_proxy_forged_addresses_are_believed(without_proxy, user):
    _, bound = create_key(user, key_name="bound", ip_allowlist=[FORGED_NETWORK])

    assert without_proxy.ask("GET", SESSIONS, key=bound)[0] == 200


@pytest.mark.parametrize("name", ["X_Request_Id", "X-Request_Id", "Idempotency_Key"])
def test_headers_with_underscores_are_dropped(proxy, api_key, name):
    twin = {name: "twin"}
    answers = [proxy.ask("POST", SESSIONS, {"title": "x"}, api_key, **twin) for _ in range(2)]

    assert [status for status, _, _ in answers] == [201, 201]
    for _, headers, _ in answers:
        assert headers["X-Request-ID"] not in {None, "twin"}
        assert "Idempotent-Replayed" not in headers


def test_a_key_bound_to_networks_works_only_from_them(proxy, user):
    _, theirs = create_key(user, key_name="theirs", ip_allowlist=[FORGED_NETWORK])
    _, ours = create_key(user, key_name="ours", ip_allowlist=[CALLERS_NETWORK])

    status, _, problem = proxy.ask("GET", SESSIONS, key=theirs)
    assert (status, problem["code"]) == (403, "ip_not_allowed")
    assert proxy.ask("GET", SESSIONS, key=ours)[0] == 200


def test_attempts_from_one_address_are_counted_together(proxy):
    def attempt(number: int) -> int:
        forged = dict.fromkeys(FORGERY, f"198.51.100.{number}")
        proxy_with = Caller(proxy.port, is_tls=True, forgery=forged)
        address = {"email": f"ada{number}@example.com"}
        return proxy_with.ask("POST", "/v1/auth/password-reset", address)[0]

    statuses = [attempt(number) for number in range(1, RESETS_PER_ADDRESS + 2)]

    assert statuses == [200] * RESETS_PER_ADDRESS + [429]


def test_the_audit_log_shows_the_callers_address(proxy, user, api_key, key):
    ApiKey.objects.filter(pk=key.pk).update(is_active=False)

    assert proxy.ask("GET", SESSIONS, key=api_key)[0] == 401

    refusals = AuditEntry.objects.filter(action="refused_inactive_key").with_personal_data()
    assert json.loads(wait_until(refusals.first).personal_data)["address"] == CALLER


def test_a_new_network_is_that_of_the_caller(proxy, key, api_key):
    assert proxy.ask("POST", SESSIONS, {"title": "x"}, api_key)[0] == 201
    drain.drain()

    networks = set(ApiKeyNetwork.objects.filter(api_key=key).values_list("network", flat=True))
    assert networks == {CALLERS_NETWORK}


def test_metrics_are_not_reachable_through_the_proxy(proxy):
    assert proxy.ask("GET", "/metrics")[0] == 404
