"""Notifications as POSTs to a URL that the user chose, each sent at least once.

The URL is not trusted: it may lead into our own network. Its host is therefore resolved here, only
public addresses are accepted, and the connection goes to the address that was checked. Redirects
are not followed, and the response body is not read. Resolving, connecting and the exchange
together take at most TIMEOUT_SECONDS, however slow the other side is.
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
# Concurrent look-ups, including abandoned ones.
MAX_LOOK_UPS = 128
look_ups = threading.BoundedSemaphore(MAX_LOOK_UPS)

# Publicly routed IPv6: 2000::/3 without the ranges that embed an IPv4 address.
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_EMBEDS_V4 = [ipaddress.ip_network("2001::/32"), ipaddress.ip_network("2002::/16")]


def send(notification: Notification) -> Notification.Status:
    """POST a notification to its user's webhook. Returns `delivered`: the receiver answered 2xx.

    Raises DeliveryError.
    """
    preferences = getattr(notification.user, "notification_preferences", None)
    url = preferences.webhook_url if preferences else None
    if not url:
        raise DeliveryError("The webhook has been removed.", may_retry=False)
    body = json.dumps(
        {
            # The same in every attempt, so that the receiver can recognise duplicates.
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
    """Return the secret that signs a user's webhooks; it changes with SECRET_KEY."""
    key = f"webhook:{user_id}".encode()
    return "whsec_" + hmac.digest(settings.SECRET_KEY.encode(), key, "sha256").hex()


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """Return the value of SIGNATURE_HEADER, in Stripe's format (https://docs.stripe.com/webhooks).

    `t=<seconds since the epoch>,v1=<HMAC-SHA-256 of "<t>.<body>", in hexadecimal>`.
    """
    signed = f"{timestamp}.".encode() + body
    return f"t={timestamp},v1={hmac.digest(secret.encode(), signed, 'sha256').hex()}"


def url_problem(url: str) -> str | None:
    """Return why `url` cannot be a webhook, as a sentence, or None if it can.

    The addresses of its host are only resolved and checked when a webhook is sent.
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
        return "This must not contain a user name or a password."
    with suppress(ValueError):
        if not _may_connect_to(host):
            return "This must not be an address in a private network."
    return None


def _may_connect_to(address: str) -> bool:
    """Whether an IP address is public. Raises ValueError for anything else."""
    ip = ipaddress.ip_address(address)
    if settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        return True
    if isinstance(ip, ipaddress.IPv6Address):
        return (
            ip in _PUBLIC_V6 and ip.is_global and not any(ip in network for network in _EMBEDS_V4)
        )
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _post(url: str, body: bytes, signed: str) -> int:
    """POST a body. Returns the status of the response. Raises DeliveryError."""
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
            "The certificate of the webhook's server is not valid.", may_retry=True
        ) from error
    except (OSError, HTTPException) as error:
        raise DeliveryError("The webhook did not answer.", may_retry=True) from error


@contextmanager
def _connected(parts: SplitResult) -> Iterator[HTTPConnection]:
    """Open a connection to a public address of the URL's host, and close it at the end.

    Raises OSError, also when everything from the look-up on takes longer than TIMEOUT_SECONDS, and
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
    # The checked address and not the name, which may resolve differently the next time.
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
    """Return the time until `ends_at` (monotonic). Raises TimeoutError when it has passed."""
    left_seconds = ends_at - time.monotonic()
    if left_seconds <= 0:
        raise TimeoutError("The exchange took too long")
    return left_seconds


def _look_up(host: str, port: int, ends_at: float) -> list[str]:
    """Resolve the addresses of `host`.

    A name server that a user chose may answer late or never, and getaddrinfo has no time-out. It
    runs in a thread that is abandoned at `ends_at`; at most MAX_LOOK_UPS such threads run.

    Raises OSError.
    """
    if not look_ups.acquire(timeout=_left_seconds(ends_at)):
        raise TimeoutError("Too many host names are being looked up")
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(address[0]) for *_, address in found])
        except UnicodeError as error:
            answers.put(OSError(f"{host} is not a valid host name: {error}"))
        except OSError as error:
            answers.put(error)
        finally:
            look_ups.release()

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
    """Shut the connection down at `ends_at` (monotonic); its own time-out bounds each read.

    Raises TimeoutError.
    """
    is_cut = threading.Event()

    def cut() -> None:
        is_cut.set()
        with suppress(OSError):
            # Shuts down TCP and not TLS, which the other thread is using.
            socket.socket.shutdown(opened, socket.SHUT_RDWR)

    watchdog = threading.Timer(_left_seconds(ends_at), cut)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
    if is_cut.is_set():
        raise TimeoutError("The exchange took too long")
