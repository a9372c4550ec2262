"""Webhooks: signed, and never into a private network."""

import hmac
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from accounts.models import Notification, NotificationPreferences
from accounts.notifications import Notice, notify, webhooks
from tests.couriers import deliver_due
from tests.waiting import WAIT_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "2001:0:a00:1::1",
    "2002:a00:1::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1"]


def send(user, url):
    NotificationPreferences.objects.update_or_create(
        user=user, defaults={"email_notifications": False, "webhook_url": url}
    )
    Notification.objects.all().delete()
    notify([Notice(user.pk, Notification.Kind.TEST, "because", {"a": 1})])
    deliver_due()
    return Notification.objects.get()


def lead(monkeypatch, *addresses):
    """Resolve every host name to these addresses."""

    def getaddrinfo(host, port, *args, **options):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def no_connections(monkeypatch):
    tried = []

    def create_connection(address, *args, **options):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return tried


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_never_connected_to(
    user, monkeypatch, no_connections, address
):
    lead(monkeypatch, "8.8.8.8", address)

    sent = send(user, "https://hooks.example.com/")

    assert (sent.status, sent.error) == ("failed", "The webhook leads into a private network.")
    assert no_connections == []


@pytest.mark.parametrize("address", PUBLIC)
def test_a_name_is_connected_to_at_the_address_that_was_checked(
    user, monkeypatch, no_connections, address
):
    lead(monkeypatch, address)

    sent = send(user, "https://hooks.example.com:8443/")

    assert no_connections == [(address, 8443)]
    assert (sent.status, sent.error) == ("pending", "The webhook did not answer.")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_rejected_in_the_preferences(address):
    host = f"[{address}]" if ":" in address else address

    assert webhooks.url_problem(f"https://{host}/") is not None


@pytest.mark.parametrize("number", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_unusual_spellings_of_a_private_address_are_never_connected_to(
    user, number, no_connections
):
    sent = send(user, f"https://{number}/")

    assert sent.status in {"failed", "pending"}
    assert no_connections == []


def test_a_receiver_gets_the_event_signed_with_its_secret(user, hook):
    sent = send(user, hook.url)

    (path, headers, body), (decoded,) = hook.received[0], hook.bodies()
    assert sent.status == "delivered"
    assert path == "/hook?a=1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Host"] == f"127.0.0.1:{hook.server_port}"
    assert decoded == {
        "id": sent.pk,
        "kind": "test",
        "user_id": user.pk,
        "created_at": sent.created_at.isoformat(),
        "details": {"a": 1},
    }
    timestamp, mac = (part.partition("=")[2] for part in headers["Gatewayz-Signature"].split(","))
    secret = webhooks.secret_of(user.pk).encode()
    assert hmac.new(secret, f"{timestamp}.".encode() + body, sha256).hexdigest() == mac


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate for hooks.example.com and its key, in a file."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False
        )
        .sign(private_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(pem)
        + private_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def test_the_certificate_is_checked_against_the_name(user, hook, certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    hook.socket = context.wrap_socket(hook.socket, server_side=True)
    lead(monkeypatch, "127.0.0.1")

    unknown = send(user, f"https://hooks.example.com:{hook.server_port}/")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusted = send(user, f"https://hooks.example.com:{hook.server_port}/")
    misnamed = send(user, f"https://other.example.com:{hook.server_port}/")

    assert (
        unknown.error == misnamed.error == "The certificate of the webhook's server is not valid."
    )
    assert trusted.status == "delivered"
    assert len(hook.received) == 1


def test_a_redirect_is_not_followed(user, hook):
    hook.answer = (302, {"Location": hook.url})

    sent = send(user, hook.url)

    assert len(hook.received) == 1
    assert (sent.status, sent.error) == ("pending", "The webhook answered 302.")


def test_a_receiver_that_responds_too_slowly_is_cut_off(user, settings, monkeypatch):
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.3)
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            client, _ = server.accept()
            with client:
                try:
                    client.sendall(b"HTTP/1.1 200 OK\r\n")
                    while not stopped.wait(0.05):
                        client.sendall(b"X-Drop: 1\r\n")
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        sent = send(user, f"http://127.0.0.1:{server.getsockname()[1]}/")
        stopped.set()
        thread.join()

    assert (sent.status, sent.error) == ("pending", "The webhook did not answer.")


@pytest.fixture
def silent_names(monkeypatch):
    """A name server that does not answer before the end of the test."""
    is_over = threading.Event()
    asked = []

    def getaddrinfo(host, *args, **options):
        asked.append(host)
        is_over.wait()
        raise socket.gaierror

    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield asked
    is_over.set()
    for thread in threading.enumerate():
        if thread.name == "look-up":
            thread.join()


def test_a_silent_name_server_is_not_waited_for(user, silent_names):
    sent = send(user, "https://hooks.example.com/")

    wait_until(lambda: silent_names == ["hooks.example.com"])
    assert (sent.status, sent.error) == ("pending", "The webhook did not answer.")


def test_the_number_of_concurrent_look_ups_is_bounded(user, silent_names, monkeypatch):
    monkeypatch.setattr(webhooks, "look_ups", threading.BoundedSemaphore(2))

    for n in range(4):
        send(user, f"https://hooks{n}.example.com/")

    wait_until(lambda: len(silent_names) == 2)
    assert set(silent_names) == {"hooks0.example.com", "hooks1.example.com"}


def test_the_look_up_counts_towards_the_time_out(user, monkeypatch):
    waited = []
    took_seconds = 0.5

    def create_connection(address, timeout_seconds):
        waited.append(timeout_seconds)
        raise TimeoutError

    def getaddrinfo(host, port, *args, **options):
        threading.Event().wait(took_seconds)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", WAIT_SECONDS)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    send(user, "https://hooks.example.com/")

    assert 0 < waited[0] <= WAIT_SECONDS - took_seconds


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "-"], ids=str)
def test_an_impossible_name_counts_as_an_unreachable_address(user, host):
    sent = send(user, f"https://{host}.example/")

    assert (sent.status, sent.error) == ("pending", "The webhook did not answer.")


def test_a_huge_answer_is_not_read(user, settings):
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True
    written = 0
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pour():
            nonlocal written
            client, _ = server.accept()
            with client:
                try:
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    while written < 100_000_000:
                        written += client.send(b"x" * 65_536)
                except OSError:
                    pass

        thread = threading.Thread(target=pour)
        thread.start()
        sent = send(user, f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()

    assert sent.status == "delivered"
    assert written < 20_000_000


def test_a_webhook_removed_meanwhile_is_not_called(user):
    NotificationPreferences.objects.create(
        user=user, email_notifications=False, webhook_url="https://example.com/"
    )
    notify([Notice(user.pk, Notification.Kind.TEST, "because", {})])
    NotificationPreferences.objects.update(webhook_url=None)

    deliver_due()

    assert Notification.objects.get().error == "The webhook has been removed."


def test_production_settings_never_allow_private_networks(settings, user):
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = False

    sent = send(user, "http://127.0.0.1/")

    assert (sent.status, sent.error) == ("failed", "This must begin with https://.")
