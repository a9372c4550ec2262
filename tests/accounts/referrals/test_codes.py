"""/v1/referral/code, …/generate, …/validate, …/apply and …/stats."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.keys import create_key
from accounts.models import Referral, ReferralCode, User
from accounts.principals.principal import Principal
from accounts.referrals import codes
from accounts.referrals.codes import apply_code, code_of
from tests.conftest import ApiClient
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)

CODE = "/v1/referral/code"
GENERATE = "/v1/referral/generate"
VALIDATE = "/v1/referral/validate"
APPLY = "/v1/referral/apply"
STATS = "/v1/referral/stats"


def principal(user):
    return Principal(
        user_id=user.pk,
        key_id=None,
        key_is_active=True,
        user_is_active=True,
        is_staff=False,
        environment_tag="live",
        expires_at=None,
    )


def client_of(user):
    _, secret = create_key(user, key_name="mine")
    return ApiClient(secret)


@pytest.fixture
def grace(db):
    return User.objects.create_user("grace@example.com")


@pytest.fixture
def her_code(grace):
    return code_of(principal(grace))[0].code


def at_once(calls):
    """Run all calls concurrently. Returns the result or exception of each."""
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001, it is the result
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_the_code_is_generated_once_and_stays(api, user):
    first = api.get(CODE).json()
    again = api.post(GENERATE)

    code = first["data"]["referral_code"]
    assert len(code) == 10
    assert set(code).isdisjoint("01OIL")
    assert first["data"]["invite_link"] == f"http://testserver/signup?ref={code}"
    assert code in first["data"]["share_message"]
    # Clients of the old service read it beside `data`.
    assert first["referral_code"] == code
    assert (again.status_code, again.json()["data"]) == (200, first["data"])
    assert api.get(CODE.removeprefix("/v1")).json() == first


def test_generating_the_first_code_responds_201(api):
    assert api.post(GENERATE).status_code == 201


def test_the_link_leads_to_the_configured_front_end(api, settings):
    settings.INVITE_URL = "https://app.example.com/join"

    link = api.get(CODE).json()["data"]["invite_link"]

    assert link.startswith("https://app.example.com/join?ref=")


def test_concurrent_requests_generate_one_code(user):
    made = at_once([lambda: code_of(principal(user))] * 8)

    assert len({code.code for code, _ in made}) == 1
    assert sorted(is_new for _, is_new in made) == [False] * 7 + [True]


def test_a_taken_code_is_drawn_again(user, grace, her_code, monkeypatch):
    letters = iter(her_code + "ABCDEFGHJK")
    monkeypatch.setattr(codes.secrets, "choice", lambda alphabet: next(letters))

    assert code_of(principal(user))[0].code == "ABCDEFGHJK"


def test_validating_shows_the_referrer_without_the_address(api, grace, her_code):
    checked = api.post_json(VALIDATE, {"referral_code": her_code})

    assert checked.status_code == 200
    assert checked.json()["data"] == {
        "valid": True,
        "message": "This referral code is valid.",
        "referrer_username": "g…",
    }
    assert "grace@" not in checked.content.decode()
    User.objects.filter(pk=grace.pk).update(username="admiral")
    named = api.post_json(VALIDATE, {"referral_code": her_code}).json()
    assert named["data"]["referrer_username"] == named["referrer_username"] == "admiral"


@pytest.mark.parametrize(
    "name",
    ["grace@example.com", "grace", "Grace2", "grace-0123456789abcdef", "x-0123456789abcdef"],
)
def test_a_name_that_reveals_the_address_is_cut_to_its_first_letter(api, grace, her_code, name):
    User.objects.filter(pk=grace.pk).update(username=name)

    shown = api.post_json(VALIDATE, {"referral_code": her_code}).json()["referrer_username"]

    assert shown == f"{name[0]}…"


@pytest.mark.parametrize("change", [str.lower, lambda code: f" {code[:5]}-{code[5:]} "])
def test_a_code_may_be_typed_in_any_case_and_with_spaces(api, her_code, change):
    assert api.post_json(VALIDATE, {"referral_code": change(her_code)}).json()["data"]["valid"]


def test_a_code_that_cannot_be_applied_is_not_valid(api, user, grace, her_code):
    def reason(code):
        data = api.post_json(VALIDATE, {"referral_code": code}).json()["data"]
        assert (data["valid"], data["referrer_username"]) == (False, None)
        return data["message"]

    assert reason("NOSUCHCODE") == "There is no such referral code."
    assert reason(code_of(principal(user))[0].code) == "This is your own referral code."
    ReferralCode.objects.filter(user=grace).update(max_uses=0)
    assert reason(her_code) == "This referral code has been used up."
    User.objects.filter(pk=grace.pk).update(is_active=False)
    assert reason(her_code) == "There is no such referral code."


def test_a_code_is_required(api):
    assert_problem(api.post_json(APPLY, {}), 400, "validation_error")
    assert_problem(api.post_json(VALIDATE, {"referral_code": "x" * 33}), 400, "validation_error")


def test_a_code_is_applied_once(api, user, grace, her_code):
    applied = api.post_json(APPLY, {"referral_code": her_code})

    assert applied.status_code == 201
    assert applied.json()["data"]["bonus_amount"] == 10.0
    referral = Referral.objects.get()
    assert (referral.referrer, referral.referred_user) == (grace, user)
    again = api.post_json(APPLY, {"referral_code": her_code})
    assert_problem(again, 409, "already_referred")


def test_an_unsuitable_code_is_not_applied(api, user, grace, her_code):
    own = code_of(principal(user))[0].code
    assert_problem(api.post_json(APPLY, {"referral_code": "NOSUCHCODE"}), 404, "unknown_code")
    assert_problem(api.post_json(APPLY, {"referral_code": own}), 409, "own_code")

    assert client_of(grace).post_json(APPLY, {"referral_code": own}).status_code == 201
    circle = api.post_json(APPLY, {"referral_code": her_code})
    assert_problem(circle, 409, "circular_referral")
    assert Referral.objects.count() == 1


def test_concurrent_applications_of_a_code_count_once(user, her_code):
    results = at_once([lambda: apply_code(principal(user), her_code)] * 8)

    assert sum(isinstance(result, Referral) for result in results) == 1
    assert {getattr(result, "default_code", None) for result in results} <= {None, "code_refused"}
    assert Referral.objects.count() == 1


def test_two_codes_applied_concurrently_by_one_user_count_once(user, her_code):
    others = [User.objects.create_user(f"u{n}@example.com") for n in range(4)]
    many = [her_code, *(code_of(principal(other))[0].code for other in others)]

    at_once([lambda code=code: apply_code(principal(user), code) for code in many])

    assert Referral.objects.count() == 1


def test_two_users_cannot_refer_each_other_concurrently(user, grace, her_code):
    own = code_of(principal(user))[0].code

    results = at_once(
        [
            lambda: apply_code(principal(user), her_code),
            lambda: apply_code(principal(grace), own),
        ]
    )

    assert sum(isinstance(result, Referral) for result in results) == 1


def test_a_code_is_never_used_beyond_its_maximum(grace, her_code):
    ReferralCode.objects.update(max_uses=3)
    users = [User.objects.create_user(f"u{n}@example.com") for n in range(8)]

    results = at_once([lambda user=user: apply_code(principal(user), her_code) for user in users])

    assert sum(isinstance(result, Referral) for result in results) == 3
    assert Referral.objects.count() == 3


def test_erasing_an_account_does_not_free_a_use(user, grace, her_code):
    apply_code(principal(user), her_code)

    user.delete()

    assert Referral.objects.get().referrer == grace


def test_attempts_to_guess_codes_are_limited(api, stranger_api, her_code):
    for n in range(10):
        api.post_json(VALIDATE, {"referral_code": f"GUESS{n}"})
        api.post_json(APPLY, {"referral_code": f"GUESS{n}"})

    for path in (VALIDATE, APPLY):
        rejected = api.post_json(path, {"referral_code": her_code})
        assert_problem(rejected, 429, "too_many_attempts")
        assert int(rejected["Retry-After"]) > 0
    assert stranger_api.post_json(VALIDATE, {"referral_code": her_code}).status_code == 200


def test_the_statistics_show_referred_users_without_addresses(api, user, grace, her_code):
    apply_code(principal(user), her_code)
    other = User.objects.create_user("bob@example.com", username="builder")
    apply_code(principal(other), code_of(principal(user))[0].code)

    response = api.get(STATS)
    body = response.json()

    (brought,) = body["data"].pop("referrals")
    assert body["data"] == {
        "referral_code": code_of(principal(user))[0].code,
        "total_uses": 1,
        "max_uses": 10,
        "remaining_uses": 9,
        "completed_bonuses": 0,
        "pending_bonuses": 1,
        "balance": 0.0,
        "referred_by_code": her_code,
    }
    assert (brought["username"], brought["status"]) == ("builder", "pending")
    assert body["total_uses"] == 1
    assert "@" not in response.content.decode()
    hers = client_of(grace).get(STATS).json()["data"]
    assert [one["username"] for one in hers["referrals"]] == ["a…"]


def test_the_list_in_the_statistics_is_paginated(api, user):
    for n in range(3):
        referred = User.objects.create_user(f"mail-{n}@example.com", username=f"u{n}")
        apply_code(principal(referred), code_of(principal(user))[0].code)

    page = api.get(STATS, {"limit": 2, "offset": 1}).json()["data"]

    assert [one["username"] for one in page["referrals"]] == ["u1", "u0"]
    assert page["total_uses"] == 3
    assert_problem(api.get(STATS, {"limit": 101}), 400, "validation_error")


def test_takes_a_fixed_number_of_statements(api, user, her_code, django_assert_num_queries):
    api.get(CODE)

    with django_assert_num_queries(1):
        api.get(CODE)
    with django_assert_num_queries(1):
        api.post_json(VALIDATE, {"referral_code": her_code})
    # The code, the referred users, their counts, the ledger twice, the code that the user applied.
    with django_assert_num_queries(6):
        api.get(STATS)
    # BEGIN, the code, both users locked, the code again, the referral, COMMIT.
    with django_assert_num_queries(6):
        api.post_json(APPLY, {"referral_code": her_code})


def test_need_a_key_with_the_scope(user, her_code):
    _, secret = create_key(user, key_name="reads", scope_permissions={"referrals": ["read"]})
    reader = ApiClient(secret)

    assert reader.get(CODE).status_code == 200
    assert reader.post_json(VALIDATE, {"referral_code": her_code}).status_code == 200
    applied = reader.post_json(APPLY, {"referral_code": her_code})
    assert_problem(applied, 403, "insufficient_scope")
