"""Changing the e-mail address by PUT /v1/user/profile and the link that confirms it."""

import pytest
from django.core import mail
from django.test import Client

from accounts.confirmation.addresses import CHANGES_A_DAY
from accounts.models import AuditEntry, User
from tests.accounts.auth.conftest import mailbox as mailbox
from tests.accounts.auth.conftest import use
from tests.problems import assert_problem

PATH = "/v1/user/profile"
NEW = "new@example.com"
PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db(transaction=True)


def ask(api, email=NEW, **fields):
    return api.put(PATH, {"email": email, **fields}, content_type="application/json")


def test_the_old_address_stays_until_the_new_one_is_confirmed(api, user, mailbox):
    answer = ask(api, username="ada")

    assert answer.status_code == 200
    shown = answer.json()["data"]
    assert (shown["email"], shown["username"]) == ("ada@example.com", "ada")
    assert "A link was sent" in answer.json()["message"]
    link = mailbox.link()
    assert mail.outbox[-1].to == [NEW]
    assert Client().get(link).status_code == 200
    user.refresh_from_db()
    assert user.email == "ada@example.com"
    assert user.email_verified_at is not None

    assert use(link).status_code == 200

    user.refresh_from_db()
    assert user.email == NEW
    assert user.email_verified_at is not None


def test_the_old_address_is_notified(api, user, mailbox):
    ask(api)
    use(mailbox.link())

    (message,) = mailbox.receive()
    assert message.to == ["ada@example.com"]
    assert NEW not in message.body


def test_an_unverified_old_address_is_not_notified(api, user, mailbox):
    User.objects.update(email_verified_at=None)
    ask(api)
    use(mailbox.link())

    assert mailbox.receive() == []


def test_the_change_is_audited(api, user, mailbox):
    ask(api)
    use(mailbox.link())

    entry = AuditEntry.objects.with_personal_data().get(action="address_verified")
    assert (entry.user_id, entry.channel) == (user.pk, "public")
    assert "ada@example.com" in entry.personal_data
    assert NEW in entry.personal_data


def test_a_user_with_a_password_needs_it_to_confirm(api, user, mailbox):
    user.set_password(PASSWORD)
    user.save()
    ask(api)
    link = mailbox.link()

    assert b'name="password"' in Client().get(link).content
    for fields in ({}, {"password": "guessed"}):
        rejected = use(link, **fields)
        assert rejected.status_code == 400
        assert b"not the password" in rejected.content
    assert use(link, password=PASSWORD).status_code == 200


def test_attempts_at_that_password_are_limited(api, user, mailbox):
    user.set_password(PASSWORD)
    user.save()
    ask(api)
    link = mailbox.link()

    statuses = [use(link, password="guessed").status_code for _ in range(11)]

    assert statuses == [400] * 10 + [429]


def test_a_link_works_once(api, user, mailbox):
    ask(api)
    link = mailbox.link()
    use(link)
    mailbox.receive()

    assert use(link).status_code == 400
    ask(api, "third@example.com")
    use(mailbox.link())
    assert use(link).status_code == 400
    assert User.objects.get().email == "third@example.com"


def test_an_address_confirmed_by_another_user_gets_no_message(api, user, mailbox):
    User.objects.create_superuser(NEW, PASSWORD)

    answer = ask(api)

    assert answer.status_code == 200
    assert "A link was sent" in answer.json()["message"]
    assert mailbox.receive() == []


def test_an_address_belongs_to_the_first_user_who_confirms_it(api, user, mailbox):
    ask(api)
    link = mailbox.link()
    User.objects.create_superuser(NEW, PASSWORD)

    assert use(link).status_code == 400
    user.refresh_from_db()
    assert user.email == "ada@example.com"


def test_an_address_that_another_user_has_not_confirmed_is_taken_over(api, user, mailbox):
    squatter = User.objects.create_user(NEW, PASSWORD)
    ask(api)

    use(mailbox.link())

    user.refresh_from_db()
    squatter.refresh_from_db()
    assert (user.email, squatter.email) == (NEW, None)


def test_a_users_own_verified_address_is_not_a_change(api, user, mailbox):
    answer = ask(api, "ADA@example.com.")

    assert answer.json()["message"] == "Profile updated successfully"
    assert mailbox.receive() == []


def test_a_user_can_verify_their_current_address(api, user, mailbox):
    User.objects.update(email_verified_at=None)

    ask(api, user.email)
    use(mailbox.link())

    user.refresh_from_db()
    assert user.email_verified_at is not None
    assert mailbox.receive() == []


def test_a_user_without_an_address_can_set_one(api, user, mailbox):
    User.objects.update(email=None)

    ask(api)
    use(mailbox.link())

    user.refresh_from_db()
    assert user.email == NEW


def test_a_deactivated_user_cannot_confirm(api, user, mailbox):
    ask(api)
    link = mailbox.link()
    User.objects.update(is_active=False)

    assert use(link).status_code == 400


def test_requests_are_limited_per_day_and_one_too_many_changes_nothing(api, user, mailbox):
    for n in range(CHANGES_A_DAY):
        assert ask(api, f"stranger{n}@example.com").status_code == 200

    rejected = ask(api, "last@example.com", username="changed")

    assert_problem(rejected, 429, "too_many_attempts")
    user.refresh_from_db()
    assert user.username == "ada@example.com"


def test_a_client_may_send_the_profile_back_unchanged(api, user, mailbox, settings):
    User.objects.update(email_verified_at=None)

    for _ in range(CHANGES_A_DAY + 2):
        assert ask(api, user.email, username="ada").status_code == 200
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert ask(api, user.email, username="eda").status_code == 200


def test_without_a_mail_server_the_request_is_rejected(api, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    assert_problem(ask(api), 403, "no_mail_server")


def test_the_message_contains_no_text_of_the_user(api, user, mailbox):
    User.objects.update(username="Win at evil.example")
    ask(api)

    (message,) = mailbox.receive()
    assert "evil" not in str(message.message())
