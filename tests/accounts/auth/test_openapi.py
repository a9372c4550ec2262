"""Answers about signing in and passwords match their OpenAPI description."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.confirmation.links import PasswordLink, seal, state_of
from accounts.models import User
from tests.conftest import ApiClient
from tests.openapi import DescribedClient

pytestmark = pytest.mark.django_db


def test_every_response_matches_the_schema(db, settings):
    described = DescribedClient(Client())
    body = {"email": "ada@example.com", "password": "correct horse battery staple"}

    described.ask("post", "/v1/auth/register", body)
    described.ask("post", "/v1/auth/register", body)
    settings.SIGN_UP_CONFIRMS_EMAIL = True
    described.ask("post", "/v1/auth/register", body)
    described.ask("post", "/v1/auth/password-reset", {"email": body["email"]})
    choice = {"token": "none", "new_password": "purple monkey dishwasher"}
    described.ask("post", "/v1/auth/reset-password", choice)
    User.objects.update(email_verified_at=timezone.now())
    state = state_of(User.objects.get())
    choice = {"token": seal(PasswordLink(body["email"], state)), "new_password": body["password"]}
    described.ask("post", "/v1/auth/reset-password", choice)
    secret = described.ask("post", "/v1/auth", body)["api_key"]
    described.ask("post", "/v1/auth", {**body, "password": "wrong"})
    described.api = ApiClient(secret)
    change = {"current_password": body["password"], "new_password": "purple monkey dishwasher"}
    described.ask("post", "/v1/user/password", change)
    described.ask("post", "/v1/user/password", change)

    assert described.asked == {
        *described.operations_below("/v1/auth"),
        *described.operations_below("/v1/user/password"),
    }
