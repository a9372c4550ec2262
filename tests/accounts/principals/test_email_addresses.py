"""The canonical form of e-mail addresses, and that no address is stored in another form."""

import importlib

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.models import ApiKey, User
from accounts.principals.email_addresses import MAX_CHARS, canonical, mailbox_of, validate_address
from tests.accounts.auth.conftest import post

KIM = "kim@xn--bcher-kva.example"
SPELLINGS = [
    "KIM@xn--bcher-kva.EXAMPLE",
    "kim@bücher.example",
    "kim@BÜCHER.example",
    "kim@bu\u0308cher.example",
    "kim@XN--BCHER-KVA.example",
    "kim@xn--bcher-kva.example.",
    "kim@bücher。example",
    "kim@bü\u00adcher.example",
    "\u212aim@bücher.example",
    "ｋｉｍ＠bücher.example",
    " kim@bücher.example\n",
]
NO_ADDRESSES = [
    "",
    "@",
    "kim",
    "kim@",
    "@example.com",
    "k m@example.com",
    "kim@exa mple.com",
    "kim@example..com",
    "kim@example.com..",
    "kım@example.com",
    "kİm@example.com",
    "кim@example.com",
    "kim\u200b@example.com",
    "straße@example.com",
    "kim@a@example.com",
    "kim@[127.0.0.1]",
    '"You have won: evil.example"@example.com',
    "kim\x00@example.com",
    "kim\n@example.com",
    f"{'k' * 65}@example.com",
    f"kim@{'example.' * 40}com",
    "\ufdfa" * 254,
    "k" * 60_000,
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_all_spellings_have_one_canonical_form(text):
    assert canonical(text) == KIM
    validate_address(canonical(text))


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_an_invalid_address_stays_invalid(text):
    with pytest.raises(ValidationError):
        validate_address(canonical(text))


@given(st.text(max_size=300))
@example("ß@ß.example")
@example("a@\u2488example.com")
def test_the_canonical_form_is_stable_and_fits_its_column(text):
    form = canonical(text)
    try:
        validate_address(form)
    except ValidationError:
        return
    assert canonical(form) == form
    assert len(form) <= MAX_CHARS
    assert form.isascii()


def test_an_address_with_a_plus_is_in_the_same_mailbox():
    assert mailbox_of("kim+1@example.com") == mailbox_of("kim+2@example.com") == "kim@example.com"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.django_db
class TestUsers:
    def test_an_address_is_stored_in_canonical_form(self, spelling):
        made = User.objects.create_user(spelling, username="kim")
        assert made.email == User.objects.get().email == KIM

        User.objects.all().delete()
        User.objects.bulk_create([User(email=spelling, username="kim")])
        assert User.objects.get().email == KIM

    def test_an_update_statement_stores_the_canonical_form(self, user, spelling):
        User.objects.update(email=spelling)

        assert User.objects.get().email == KIM

    def test_two_users_cannot_share_an_address(self, spelling):
        User.objects.create_user(KIM)

        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user(spelling, username="other")

    def test_a_user_is_found_by_every_spelling(self, spelling):
        kim = User.objects.create_user(KIM, "correct horse battery staple")

        assert User.objects.with_email(spelling).get() == kim
        assert User.objects.filter(email=spelling).get() == kim
        assert ApiKey.objects.filter(user__email__iexact=spelling).count() == 0
        assert authenticate(username=spelling, password="correct horse battery staple") == kim

    def test_every_endpoint_treats_spellings_as_one_address(self, spelling):
        password = "correct horse battery staple"
        post({"email": spelling, "password": password}, "/v1/auth/register")

        assert post({"email": KIM, "password": password}).status_code == 200
        assert post({"email": KIM, "password": password}, "/v1/auth/register").status_code == 409
        call_command("create_api_key", spelling)
        assert User.objects.with_email(KIM).count() == 1
        assert not User.objects.exclude(email=KIM).exclude(email=None).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_every_endpoint_rejects_an_invalid_address(api, text):
    password = "correct horse battery staple"

    assert post({"email": text, "password": password}, "/v1/auth/register").status_code == 400
    changed = api.put("/v1/user/profile", {"email": text}, content_type="application/json")
    assert changed.status_code == 400
    assert post({"email": text, "password": password}).status_code in {400, 401}
    assert User.objects.get().email == "ada@example.com"


@pytest.mark.django_db
def test_the_migration_gives_addresses_their_canonical_form():
    rows = {"kim@bücher.example": KIM, "Ada@Example.com": "Ada@Example.com", None: None}
    rows |= {"\u212aim@bücher.example": None, "eve@example.com.": "eve@example.com"}
    ids = {}
    for n, email in enumerate(rows):
        ids[email] = User.objects.create_user(None, username=f"user {n}").pk
        with connection.cursor() as cursor:
            cursor.execute("UPDATE users SET email = %s WHERE id = %s", [email, ids[email]])

    migration = importlib.import_module("accounts.migrations.0026_canonical_addresses")
    with connection.schema_editor() as editor:
        migration.make_canonical(apps, editor)
        migration.make_canonical(apps, editor)

    found = dict(User.objects.values_list("pk", "email"))
    assert {email: found[ids[email]] for email in rows} == rows
