"""Tokens as Privy makes them."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

APP_ID = "cl-test-app"
PRIVATE_KEY = ec.generate_private_key(ec.SECP256R1())
PATH = "/v1/auth"


def public_pem(private_key: Any) -> str:
    public_key = private_key.public_key()
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def token(*, signed_by: Any = PRIVATE_KEY, algorithm: str = "ES256", **claims: Any) -> str:
    """An access token; a claim that is None is left out."""
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
