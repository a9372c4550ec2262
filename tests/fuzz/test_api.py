"""No input makes the API fail, or answer other than it is described."""

import pytest

from accounts.keys import create_key
from accounts.models import Plan, User
from tests.fuzz.fuzzer import fuzz
from tests.web import web_process

USERS = 20
FUZZ_SECONDS = 12


@pytest.mark.django_db(transaction=True)
def test_every_response_to_generated_requests_matches_the_schema():
    plan = Plan.objects.get(name="Enterprise")
    users = [User.objects.create_user(f"user-{n}@example.com", plan=plan) for n in range(USERS)]
    api_keys = [create_key(user, key_name="first")[1] for user in users]

    with web_process(TRUSTED_PROXIES="127.0.0.1") as port:
        # The same requests in every run; `make fuzz` sends others.
        limits = ["--seed", "1", "--max-time", str(FUZZ_SECONDS)]
        run = fuzz(f"http://127.0.0.1:{port}", api_keys, *limits)

    assert not run.has_faults, run.report
    assert any(status < 300 for _, status in run.counts)
