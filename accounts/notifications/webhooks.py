"""Notifications as POSTs to an address that the user chose: at least once each.

The address is not to be trusted: it may lead into our own network. So its host is looked up
here, only public addresses are accepted, and the connection goes to the very address that was
checked. Redirects are not followed, the body of the answer is not read, and the look-up of the
name, the connection and the exchange take TIMEOUT_SECONDS together, however slow the other side.
"""

import hmac
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from accounts.models import Notification
from accounts.notifications.delivery_error import DeliveryError

SIGNATURE_HEADER = "Gatewayz-Signature"
TIMEOUT_SECONDS = 10
# At the same time, those that are not waited for any more included.
MAX_LOOK_UPS = 128
_look_ups = threading.BoundedSemaphore(MAX_LOOK_UPS)

# What is routed on the public Internet: of IPv6, 2000::/3 without what embeds an IPv4 address.
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_EMBEDS_V4 = [ipaddress.ip_network("2001::/32"), ipaddress.ip_network("2002::/16")]


def send(notification: Notification) -> Notification.Status:
    """POST it to the webhook of its user. Returns `delivered`: the receiver answered 2xx.

    Raises DeliveryError.
    """
    preferences = getattr(notification.user, "notification_preferences", None)
    url = preferences.webhook_url if preferences else None
    if not url:
        raise DeliveryError("The webhook has been removed.", may_retry=False)
    body = json.dumps(
        {
            # The same in every attempt, for the receiver to recognise one that came twice.
            "id": notification.pk,
            "kind": notification.kind,
            "user_id": notification.user_id,
            "created_at": notification.created_at.isoformat(),
            "details": notification.details,
        }
    ).encode()
    status = _post(url, body, signature(secret_of(notification.user_id), body, int(time.time())))
    if not 200 <= status < 300:
        raise DeliveryError(f"The webhook answered {status}.", may_retry=True)
    return Notification.Status.DELIVERED


def secret_of(user_id: int) -> str:
    """The secret with which the webhooks of a user are signed; it changes with SECRET_KEY."""
    key = f"webhook:{user_id}".encode()
    return "whsec_" + hmac.digest(settings.SECRET_KEY.encode(), key, "sha256").hex()


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """The value of SIGNATURE_HEADER, in Stripe's form (https://docs.stripe.com/webhooks).

    `t=<seconds since the epoch>,v1=<HMAC-SHA-256 of "<t>.<body>", in hexadecimal>`.
    """
    signed = f"{timestamp}.".encode() + body
    return f"t={timestamp},v1={hmac.digest(secret.encode(), signed, 'sha256').hex()}"


def url_problem(url: str) -> str | None:
    """Why webhooks are not sent to `url`, in a sentence; None when they may be.

    What its host name leads to is only known, and checked, when one is sent.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is not a URL."
    schemes = {"https", "http"} if settings.WEBHOOKS_TO_PRIVATE_NETWORKS else {"https"}
    if parts.scheme not in schemes:
        return "This must begin with https://."
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        return "This is not a URL of ASCII characters with a host."
    if parts.username is not None or parts.password is not None:
        return "This must not hold a user name or a password."
    with suppress(ValueError):
        if not _may_connect_to(host):
            return "This must not be an address of a private network."
    return None


def _may_connect_to(address: str) -> bool:
    """Whether an IP address is public. Raises ValueError for what is none."""
    ip = ipaddress.ip_address(address)
    if settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        return True
    if isinstance(ip, ipaddress.IPv6Address):
        return (
            ip in _PUBLIC_V6 and ip.is_global and not any(ip in network for network in _EMBEDS_V4)
        )
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _post(url: str, body: bytes, signed: str) -> int:
    """POST a body and return the status of the answer. Raises DeliveryError."""
    problem = url_problem(url)
    if problem is not None:
        raise DeliveryError(problem, may_retry=False)
    parts = urlsplit(url)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Gatewayz-Webhooks/1",
        SIGNATURE_HEADER: signed,
        "Connection": "close",
    }
    try:
        with _connected(parts) as connection:
            target = parts._replace(scheme="", netloc="", fragment="").geturl()
            connection.request("POST", target or "/", body, headers)
            return connection.getresponse().status
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(
            "The certificate of the webhook is not valid.", may_retry=True
        ) from error
    except (OSError, HTTPException) as error:
        raise DeliveryError("The webhook does not answer.", may_retry=True) from error


@contextmanager
def _connected(parts: SplitResult) -> Iterator[HTTPConnection]:
    """A connection to a public address of the URL's host, closed at the end.

    Raises OSError, also when all, from the look-up on, takes longer than TIMEOUT_SECONDS, and
    DeliveryError when the host has an address that is not public.
    """
    ends_at = time.monotonic() + TIMEOUT_SECONDS
    host, is_secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    addresses = _look_up(host, port, ends_at)
    if not all(_may_connect_to(address) for address in addresses):
        raise DeliveryError("The webhook leads into a private network.", may_retry=False)
    connection = HTTPConnection(host, port)
    connection.default_port = 443 if is_secure else 80
    # Not by the name, which may lead elsewhere when it is looked up again.
    opened = socket.create_connection((addresses[0], port), _left_seconds(ends_at))
    if is_secure:
        opened = ssl.create_default_context().wrap_socket(
            opened, server_hostname=host, do_handshake_on_connect=False
        )
    connection.sock = opened
    with closing(connection), _bounded(opened, ends_at):
        if isinstance(opened, ssl.SSLSocket):
            opened.do_handshake()
        yield connection


def _left_seconds(ends_at: float) -> float:
    """How long it is until `ends_at` (monotonic). Raises TimeoutError when it has passed."""
    left_seconds = ends_at - time.monotonic()
    if left_seconds <= 0:
        raise TimeoutError("The exchange took too long")
    return left_seconds


def _look_up(host: str, port: int, ends_at: float) -> list[str]:
    """The addresses of `host`.

    The user's own name server may answer late or never, and getaddrinfo knows no time-out. So it
    runs in a thread, which is left to itself at `ends_at`; there are MAX_LOOK_UPS of these.

    Raises OSError.
    """
    if not _look_ups.acquire(timeout=_left_seconds(ends_at)):
        raise TimeoutError("Too many names are being looked up")
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(address[0]) for *_, address in found])
        except UnicodeError as error:
            answers.put(OSError(f"{host} cannot be a name: {error}"))
        except OSError as error:
            answers.put(error)
        finally:
            _look_ups.release()

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, ends_at - time.monotonic()))
    except Empty:
        raise TimeoutError("The name server does not answer") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


@contextmanager
def _bounded(opened: socket.socket, ends_at: float) -> Iterator[None]:
    """Cut a connection at `ends_at` (monotonic), which its own time-out, of each read, does not.

    Raises TimeoutError.
    """
    is_cut = threading.Event()

    def cut() -> None:
        is_cut.set()
        with suppress(OSError):
            # Of the connection, and not of TLS, which the other thread is using.
            socket.socket.shutdown(opened, socket.SHUT_RDWR)

    watchdog = threading.Timer(_left_seconds(ends_at), cut)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
    if is_cut.is_set():
        raise TimeoutError("The exchange took too long")
