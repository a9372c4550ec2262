"""POST /v1/auth/register where a link confirms sign-ups, and the link itself."""

import ast
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule
from django_q.signing import SignedPackage

from accounts import background
from accounts.auth.throttling import SIGN_UPS_PER_ADDRESS
from accounts.confirmation import links, mails
from accounts.models import ApiKey, AuditEntry, User
from tests.accounts.auth.conftest import post, use
from tests.conftest import ApiClient
from tests.problems import assert_problem

REGISTER = "/v1/auth/register"
ADDRESS = "new@example.com"
PASSWORD = "correct horse battery staple"
ANOTHER = "purple monkey dishwasher 9"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_confirming"),
]


def sign_up(email=ADDRESS, password=PASSWORD, **options):
    return post({"email": email, "password": password}, REGISTER, **options)


def sign_in(email=ADDRESS, password=PASSWORD):
    return post({"email": email, "password": password})


@pytest.mark.parametrize("path", [REGISTER, "/auth/register"])
def test_a_sign_up_creates_only_a_message(mailbox, path):
    answer = post({"email": ADDRESS, "password": PASSWORD}, path)

    assert answer.status_code == 202
    assert answer.json()["data"] is None
    assert "api_key" not in answer.json()
    (message,) = mailbox.receive()
    assert message.to == [ADDRESS]
    assert not User.objects.exists()


def test_the_link_and_a_password_create_the_account(mailbox):
    sign_up()

    done = use(mailbox.link(), new_password=PASSWORD)

    assert done.status_code == 200
    assert b"You can sign in" in done.content
    assert not ApiKey.objects.exists()
    answer = sign_in()
    assert answer.status_code == 200
    profile = ApiClient(answer.json()["api_key"]).get("/v1/user/profile").json()["data"]
    assert profile["email"] == ADDRESS
    assert profile["email_verified_at"] is not None
    assert AuditEntry.objects.get(action="user_created").channel == "public"


def test_opening_the_link_changes_nothing(mailbox):
    sign_up()
    link = mailbox.link()

    for _ in range(2):
        page = Client().get(link)
        assert page.status_code == 200
        assert b'name="new_password"' in page.content
    assert Client().head(link).status_code == 200

    assert not User.objects.exists()


def test_only_the_owner_of_the_mailbox_chooses_the_password(mailbox):
    sign_up(password="the-attackers-password")

    use(mailbox.link(), new_password=PASSWORD)

    assert sign_in(password="the-attackers-password").status_code == 401
    assert sign_in().status_code == 200


def test_a_password_is_not_needed(mailbox):
    assert post({"email": ADDRESS}, REGISTER).status_code == 202
    assert len(mailbox.receive()) == 1


def test_a_link_works_once(mailbox):
    sign_up()
    link = mailbox.link()
    use(link, new_password=PASSWORD)

    again = use(link, new_password=ANOTHER)

    assert again.status_code == 400
    assert b"has been used" in again.content
    assert Client().get(link).status_code == 400
    assert sign_in().status_code == 200


def test_the_first_used_of_two_links_counts(mailbox):
    sign_up()
    first = mailbox.link()
    sign_up()
    second = mailbox.link()

    assert use(second, new_password=PASSWORD).status_code == 200
    assert use(first, new_password=ANOTHER).status_code == 400


def test_a_link_expires(mailbox, monkeypatch):
    sign_up()
    link = mailbox.link()
    monkeypatch.setattr(links, "LINK_SECONDS", -1)

    assert Client().get(link).status_code == 400
    assert use(link, new_password=PASSWORD).status_code == 400
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "token", ["", "x", "ü", "a" * 60_000, "gAAAAABm", links.seal(mails.SignUp(ADDRESS))]
)
def test_an_invalid_link_does_nothing(db, token):
    assert Client().get("/auth/link", {"token": token}).status_code == 400
    assert use(f"/auth/link?token={token}", new_password=PASSWORD).status_code == 400
    choice = {"token": token, "new_password": PASSWORD}
    assert post(choice, "/v1/auth/reset-password").status_code == 400
    assert not User.objects.exists()


def test_a_link_survives_a_rotation_of_the_secret_key_but_no_foreign_key(mailbox, settings):
    sign_up()
    link = mailbox.link()

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    assert Client().get(link).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert Client().get(link).status_code == 400


def test_a_weak_password_is_rejected_and_the_link_still_works(mailbox):
    sign_up()
    link = mailbox.link()

    for weak in ("", "short", "12345678", ADDRESS):
        rejected = use(link, new_password=weak)
        assert rejected.status_code == 400
        assert b'role="alert"' in rejected.content

    assert use(link, new_password=PASSWORD).status_code == 200


def test_the_api_takes_the_token_of_the_link_too(mailbox):
    sign_up()
    token = mailbox.link().partition("token=")[2]

    answer = post({"token": token, "new_password": PASSWORD}, "/v1/auth/reset-password")

    assert answer.status_code == 200
    assert sign_in().status_code == 200


def test_a_user_with_an_account_is_told_and_may_set_a_new_password(mailbox, user):
    user.set_password("forgotten for long")
    user.save()

    sign_up(user.email)
    (message,) = mailbox.receive()
    assert "You already have an account." in message.body
    sign_up(user.email)
    use(mailbox.link(), new_password=PASSWORD)

    assert User.objects.get() == user
    assert sign_in(user.email).json()["user_id"] == user.pk


def test_an_unconfirmed_account_loses_its_address_to_its_confirmer(mailbox):
    squatter = User.objects.create_user(ADDRESS, ANOTHER, username="squatter")

    sign_up()
    use(mailbox.link(), new_password=PASSWORD)

    squatter.refresh_from_db()
    assert squatter.email is None
    assert sign_in().json()["user_id"] != squatter.pk
    assert sign_in(password=ANOTHER).status_code == 401


@pytest.mark.parametrize("state", [{"is_active": False}, {"is_staff": True}])
def test_nothing_is_sent_for_deactivated_or_staff_accounts(mailbox, user, state):
    User.objects.update(**state)

    assert sign_up(user.email).status_code == 202
    assert mailbox.receive() == []


def test_messages_to_one_mailbox_are_limited_without_showing_in_the_response(mailbox):
    answers = []
    for n in range(mails.MAILS_A_DAY + 2):
        answer = sign_up(f"new+{n}@example.com", REMOTE_ADDR=f"192.0.2.{n}")
        answers.append((answer.status_code, answer.json()))

    assert len(mailbox.receive()) == mails.MAILS_A_DAY
    assert all(answer == answers[0] for answer in answers)
    # Messages of other kinds do not use up the limit of sign-ups.
    for n in range(mails.MAILS_A_DAY):
        post({"email": "ada@example.com"}, "/v1/auth/password-reset", REMOTE_ADDR=f"192.0.2.{n}")
    sign_up("ada@example.com")
    assert len(mailbox.receive()) == 1


def test_sign_ups_from_one_network_are_limited(mailbox):
    for n in range(SIGN_UPS_PER_ADDRESS):
        sign_up(f"user{n}@example.com")

    assert_problem(sign_up("last@example.com"), 429, "too_many_attempts")


def test_a_message_repeats_only_the_address_from_the_request(mailbox):
    words = {"password": "buy-at-evil.example", "name": "evil", "username": "evil"}
    post({"email": ADDRESS, **words}, REGISTER, HTTP_HOST="evil.example", HTTP_USER_AGENT="evil")

    (message,) = mailbox.receive()

    assert message.subject == "Gatewayz: confirm your e-mail address"
    assert "evil" not in str(message.message())


@pytest.mark.parametrize("address", ["jóse@example.com", "no address", "a@b", "@example.com"])
def test_an_invalid_address_is_one_error(address):
    body = assert_problem(sign_up(address), 400, "validation_error")

    assert body["errors"] == {"email": ["Enter a valid email address."]}


def test_words_in_an_address_do_not_get_into_the_text(mailbox):
    sign_up("new+www.evil.example/you-have-won@example.com")

    (message,) = mailbox.receive()

    assert "evil" not in message.subject + message.body


def test_a_queued_task_does_not_show_the_address(mailbox):
    sign_up()

    _, signed = background.broker().dequeue()[0]

    task = SignedPackage.loads(signed)
    assert task["func"] == "accounts.confirmation.mails.send"
    assert "new@example" not in str(task)


def test_a_message_deferred_by_the_mail_server_is_sent_later(mailbox, monkeypatch, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    sign_up()
    before = timezone.now()

    mailbox.receive()

    again = Schedule.objects.get(func="accounts.confirmation.mails.send")
    assert before <= again.next_run - timedelta(minutes=1) <= timezone.now()
    assert ADDRESS not in again.args
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mails.send(*ast.literal_eval(again.args))
    assert mail.outbox[-1].to == [ADDRESS]


def test_sign_up_is_closed_without_a_mail_server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    assert_problem(sign_up(), 403, "no_mail_server")


def test_closing_sign_up_ends_its_links(mailbox, settings):
    sign_up()
    link = mailbox.link()
    settings.EMAIL_SIGN_UP = False

    assert_problem(sign_up(), 403, "sign_up_closed")
    assert use(link, new_password=PASSWORD).status_code == 400


class TestAnAddressThatIsNotVerified:
    @pytest.fixture
    def unverified(self):
        return User.objects.create_user(ADDRESS, PASSWORD, username="unverified")

    def test_cannot_sign_in_and_gets_the_link(self, mailbox, unverified):
        wrong, right = sign_in(password="wrong"), sign_in()

        assert_problem(right, 401, "wrong_credentials")
        assert {**right.json(), "request_id": None} == {**wrong.json(), "request_id": None}
        assert use(mailbox.link(), password=PASSWORD).status_code == 200
        assert sign_in().json()["user_id"] == unverified.pk

    def test_is_confirmed_only_with_the_password_of_the_account(self, mailbox, unverified):
        sign_in()
        link = mailbox.link()

        for fields in ({}, {"password": "guessed"}):
            assert use(link, **fields).status_code == 400
        unverified.refresh_from_db()
        assert unverified.email_verified_at is None

    def test_cannot_log_in_to_the_admin(self, mailbox, unverified):
        User.objects.update(is_staff=True)
        form = {"username": ADDRESS, "password": PASSWORD}

        assert Client().post("/admin/login/", form).status_code == 200
        User.objects.update(email_verified_at=timezone.now())
        assert Client().post("/admin/login/", form).status_code == 302


class TestWithoutConfirmation:
    @pytest.fixture(autouse=True)
    def _not_confirming(self, settings, _confirming):
        settings.SIGN_UP_CONFIRMS_EMAIL = False

    def test_a_sign_up_gives_a_key_immediately_and_sends_the_link(self, mailbox):
        answer = sign_up()

        assert answer.status_code == 201
        api = ApiClient(answer.json()["api_key"])
        assert api.get("/v1/user/profile").json()["data"]["email_verified_at"] is None
        (message,) = mailbox.receive()
        assert message.subject == "Gatewayz: confirm your e-mail address"

    def test_the_link_and_the_password_verify_the_address(self, mailbox):
        api = ApiClient(sign_up().json()["api_key"])

        assert use(mailbox.link(), password=PASSWORD).status_code == 200

        assert api.get("/v1/user/profile").json()["data"]["email_verified_at"] is not None

    def test_an_unconfirmed_account_does_not_block_the_owner_of_the_address(self, mailbox):
        squatter = sign_up(password=ANOTHER).json()["user_id"]
        mailbox.receive()

        assert_problem(sign_up(), 409, "email_taken")
        use(mailbox.link(), new_password=PASSWORD)

        assert sign_in().json()["user_id"] != squatter

    def test_a_username_reveals_nothing_about_the_address(self, mailbox):
        answer = sign_up("confidential.name@example.com")

        assert "confidential" not in answer.json()["display_name"]
