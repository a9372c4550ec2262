"""Tokens as Privy issues them, and a mailbox for e-mailed links."""

import re
import time
from typing import Any
from urllib.parse import unquote, urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils.module_loading import import_string
from django_q.signing import SignedPackage

from accounts import background

APP_ID = "cl-test-app"
PRIVATE_KEY = ec.generate_private_key(ec.SECP256R1())
PATH = "/v1/auth"


def public_pem(private_key: Any) -> str:
    public_key = private_key.public_key()
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def token(*, signed_by: Any = PRIVATE_KEY, algorithm: str = "ES256", **claims: Any) -> str:
    """An access token; claims that are None are left out."""
    now = int(time.time())
    all_claims = {
        "sub": "did:privy:ada",
        "aud": APP_ID,
        "iss": "privy.io",
        "iat": now,
        "exp": now + 3600,
        "sid": "session",
        **claims,
    }
    given = {name: value for name, value in all_claims.items() if value is not None}
    return jwt.encode(given, signed_by, algorithm=algorithm)


@pytest.fixture
def _privy(settings: Any) -> None:
    settings.PRIVY_APP_ID = APP_ID
    settings.PRIVY_VERIFICATION_KEY = public_pem(PRIVATE_KEY)


def post(body: Any, path: str = PATH, **options: Any) -> Any:
    return Client().post(path, body, content_type="application/json", **options)


class Mailbox:
    """The e-mails that a worker sends, and the links in them."""

    def receive(self) -> list[Any]:
        """Run the waiting tasks. Returns the e-mails that they send."""
        broker, before = background.broker(), len(mail.outbox)
        while broker.queue_size():
            for _, signed in broker.dequeue():
                task = SignedPackage.loads(signed)
                import_string(task["func"])(*task["args"])
        return mail.outbox[before:]

    def link(self) -> str:
        """The path of the link in the only e-mail."""
        (message,) = self.receive()
        (link,) = re.findall(r"^http\S+$", message.body, re.MULTILINE)
        assert link.startswith(f"{settings.PUBLIC_URL}/auth/link?token=")
        return str(link).removeprefix(settings.PUBLIC_URL)


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    """An empty mailbox that receives everybody's e-mails."""
    background.broker().purge_queue()
    mail.outbox.clear()
    return Mailbox()


@pytest.fixture
def _confirming(settings: Any) -> None:
    """Sign-ups are confirmed by e-mail, as in production."""
    settings.SIGN_UP_CONFIRMS_EMAIL = True


def use(link: str, **fields: str) -> Any:
    """Submit the page behind a link with these fields."""
    path, _, token = link.partition("?token=")
    form = urlencode({"token": unquote(token), **fields})
    return Client().post(path, form, content_type="application/x-www-form-urlencoded")
