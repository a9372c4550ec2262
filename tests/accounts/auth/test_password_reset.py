"""POST /v1/auth/password-reset and …/reset-password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from accounts.auth.sign_in import sign_in
from accounts.auth.throttling import RESETS_PER_ADDRESS
from accounts.confirmation import mails
from accounts.keys import create_key
from accounts.models import AuditEntry, User
from tests.accounts.auth.conftest import post, use
from tests.conftest import ApiClient
from tests.problems import assert_problem

ASK, CHOOSE = "/v1/auth/password-reset", "/v1/auth/reset-password"
OLD, NEW = "correct horse battery staple", "purple monkey dishwasher 9"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(user):
    user.set_password(OLD)
    user.save()
    return user


def ask(email, **options):
    return post({"email": email}, ASK, **options)


def token_of(mailbox):
    return mailbox.link().partition("token=")[2]


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_token_of_the_link_sets_a_new_password(ada, mailbox, prefix):
    answer = post({"email": ada.email}, f"{prefix}/auth/password-reset")
    assert answer.status_code == 200
    assert answer.json()["message"].startswith("If an account with that email exists")

    choice = {"token": token_of(mailbox), "new_password": NEW}
    assert post(choice, f"{prefix}/auth/reset-password").status_code == 200

    assert post({"email": ada.email, "password": NEW}).status_code == 200
    assert_problem(post({"email": ada.email, "password": OLD}), 401, "wrong_credentials")


def test_the_page_of_the_link_sets_a_new_password(ada, mailbox):
    ask(ada.email)
    link = mailbox.link()
    assert ada.email.encode() in Client().get(link).content

    assert use(link, new_password=NEW).status_code == 200

    ada.refresh_from_db()
    assert ada.check_password(NEW)


def test_old_clients_send_the_address_in_the_query(ada, mailbox):
    answer = Client().generic("POST", f"/auth/password-reset?email={ada.email}")

    assert answer.status_code == 200
    assert len(mailbox.receive()) == 1


def test_every_sign_in_ends_and_no_other_key(ada, mailbox):
    signed_in = ApiClient(sign_in(ada)[1])
    lasting = ApiClient(create_key(ada, key_name="server")[1])
    mailbox.receive()
    ask(ada.email)

    post({"token": token_of(mailbox), "new_password": NEW}, CHOOSE)

    assert_problem(signed_in.get("/v1/user/profile"), 401, "unknown_key")
    assert lasting.get("/v1/user/profile").status_code == 200
    (entry,) = AuditEntry.objects.filter(action="password_changed")
    assert (entry.channel, entry.after) == ("public", {"ended_keys": 1})


def test_concurrent_uses_of_a_token_change_the_password_once(ada, mailbox):
    ask(ada.email)
    token = token_of(mailbox)

    def choose(n):
        try:
            return post({"token": token, "new_password": f"{NEW}{n}"}, CHOOSE).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(choose, range(4)))

    assert statuses == [200, 400, 400, 400]
    again = post({"token": token, "new_password": NEW}, CHOOSE)
    assert_problem(again, 400, "dead_link")


def test_a_token_ends_when_the_password_is_changed_another_way(ada, mailbox):
    ask(ada.email)
    token = token_of(mailbox)
    ada.set_password("another one entirely")
    ada.save()

    assert_problem(post({"token": token, "new_password": NEW}, CHOOSE), 400, "dead_link")


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"is_staff": True},
        {"is_superuser": True},
        {"email_verified_at": None},
        {"email": "elsewhere@example.com"},
        {"email": "elsewhere@example.com", "email_verified_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
    ids=str,
)
def test_a_token_is_void_once_its_account_has_changed(ada, mailbox, change):
    ask(ada.email)
    token = token_of(mailbox)
    User.objects.update(**change)

    assert_problem(post({"token": token, "new_password": NEW}, CHOOSE), 400, "dead_link")
    ada.refresh_from_db()
    assert ada.check_password(OLD)


@pytest.mark.parametrize(
    "state",
    [
        {"is_active": False},
        {"is_staff": True},
        {"is_superuser": True},
        {"email_verified_at": None},
    ],
    ids=str,
)
def test_nothing_is_sent_to_an_address_without_an_account(ada, mailbox, state):
    User.objects.update(**state)

    ask(ada.email)
    ask("nobody@example.com")

    assert mailbox.receive() == []


def test_a_user_without_a_password_can_set_one(user, mailbox):
    ask(user.email)

    post({"token": token_of(mailbox), "new_password": NEW}, CHOOSE)

    assert post({"email": user.email, "password": NEW}).status_code == 200


def test_the_message_goes_to_the_stored_address_not_the_typed_spelling(ada, mailbox):
    ask("ＡDA@EXAMPLE.com.")

    (message,) = mailbox.receive()
    assert message.to == [ada.email]


def test_a_weak_password_is_rejected_and_the_token_still_works(ada, mailbox):
    ask(ada.email)
    token = token_of(mailbox)

    rejected = post({"token": token, "new_password": "12345678"}, CHOOSE)
    assert_problem(rejected, 400, "validation_error")
    assert list(rejected.json()["errors"]) == ["new_password"]
    assert_problem(post({"token": token}, CHOOSE), 400, "validation_error")
    assert post({"token": token, "new_password": NEW}, CHOOSE).status_code == 200


def test_messages_to_one_mailbox_are_limited_per_day(ada, mailbox):
    for n in range(mails.MAILS_A_DAY + 3):
        assert ask(ada.email, REMOTE_ADDR=f"192.0.2.{n}").status_code == 200

    assert len(mailbox.receive()) == mails.MAILS_A_DAY


def test_requests_from_one_network_are_limited(db):
    for n in range(RESETS_PER_ADDRESS):
        ask(f"user{n}@example.com")

    assert_problem(ask("last@example.com"), 429, "too_many_attempts")


def test_without_a_mail_server_every_request_says_so(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    assert_problem(ask(ada.email), 403, "no_mail_server")
    assert_problem(ask("nobody@example.com"), 403, "no_mail_server")


@pytest.mark.parametrize("body", [{}, [], {"email": "none"}, {"email": None}, {"email": ["a"]}])
def test_an_invalid_address_is_rejected(db, body):
    assert_problem(post(body, ASK), 400, "validation_error")
