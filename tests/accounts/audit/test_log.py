"""GET /v1/user/api-keys/audit-logs."""

from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.audit.origin import Origin
from accounts.audit.recording import write_entry
from accounts.keys import create_key
from accounts.models import AuditEntry
from tests.conftest import ApiClient
from tests.problems import assert_problem

PATH = "/v1/user/api-keys/audit-logs"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(user, key):
    """Ten entries about keys 1 and 2, one per day from 1 March 2026, besides the key's own."""
    # The key was created today, after them.
    with transaction.atomic():
        for n in range(10):
            origin = Origin(AuditEntry.Channel.COMMAND, at=START + timedelta(days=n))
            action = "even" if n % 2 == 0 else "odd"
            target = audit.key_target(1 if n < 5 else 2)
            write_entry(origin, action, user.pk, target, after={"n": n, "name": f"n{n}"})


def numbers(response):
    shown = [entry["details"].get("after", {}).get("n") for entry in response.json()["data"]]
    return [n for n in shown if n is not None]


def test_shows_entries_newest_first(api, user, key, entries):
    response = api.get(PATH)

    assert response.status_code == 200
    body = response.json()
    assert (body["count"], body["total_logs"], body["logs"]) == (11, 11, body["data"])
    assert numbers(response) == [*reversed(range(10))]
    created = body["data"][0]
    assert isinstance(created.pop("id"), int)
    assert created.pop("timestamp") > "2026-03-10"
    assert created == {
        "user_id": user.pk,
        "action": "key_created",
        "api_key_id": key.pk,
        "target": f"api_key:{key.pk}",
        "details": {
            "after": {
                "key_name": "first",
                "masked": key.masked,
                "environment_tag": "live",
                "expiration_date": None,
                "scope_permissions": {},
                "is_primary": True,
                "max_requests": None,
                "ip_allowlist": [],
                "domain_referrers": [],
            }
        },
        "channel": "command",
        "ip_address": "",
        "request_id": "",
    }


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"key_id": 1}, [4, 3, 2, 1, 0]),
        ({"key_id": 3}, []),
        ({"action": "even"}, [8, 6, 4, 2, 0]),
        ({"action": "odd", "key_id": 2}, [9, 7, 5]),
        ({"start_date": "2026-03-09"}, [9, 8]),
        ({"end_date": "2026-03-02"}, [1, 0]),
        ({"end_date": "2026-03-02T12:00:00Z"}, [0]),
        ({"start_date": "2026-03-02T13:00:00+01:00", "end_date": "2026-03-03"}, [2, 1]),
        ({"limit": 2, "offset": 3, "end_date": "2026-03-10"}, [6, 5]),
        ({"key_id": "", "action": "odd", "start_date": "", "limit": ""}, [9, 7, 5, 3, 1]),
    ],
    ids=str,
)
def test_filters_and_pages(api, key, entries, query, shown):
    response = api.get(PATH, query)

    assert numbers(response) == shown


def test_counts_all_matches_of_a_page(api, entries):
    assert api.get(PATH, {"limit": 1, "action": "odd"}).json()["total_logs"] == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "101"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"key_id": "x"}, "key_id"),
        ({"key_id": str(2**63)}, "key_id"),
        ({"action": "a" * 65}, "action"),
        ({"action": "a\x00"}, "action"),
        ({"start_date": "soon"}, "start_date"),
        ({"end_date": "9999-12-31"}, "end_date"),
    ],
    ids=str,
)
def test_rejects_a_bad_query(api, query, field):
    body = assert_problem(api.get(PATH, query), 400, "validation_error")

    assert list(body["errors"]) == [field]


def test_takes_two_statements_however_many_entries(api, entries, django_assert_num_queries):
    api.get(PATH)

    # The entries with their personal data; how many there are, when there are more.
    with django_assert_num_queries(1):
        api.get(PATH)
    with django_assert_num_queries(2):
        api.get(PATH, {"limit": 3})


def test_shows_nobody_elses_entries(stranger_api, entries):
    assert stranger_api.get(PATH).json()["total_logs"] == 1


def test_hides_the_address_of_an_operator(api, key, admin_client):
    admin_client.post(
        reverse("admin:accounts_apikey_changelist"),
        {"action": "rotate", "_selected_action": [key.pk], "confirmed": "yes"},
    )
    second = ApiClient(create_key(key.user, key_name="second")[1])

    entry = next(
        entry for entry in second.get(PATH).json()["data"] if entry["action"] == "key_rotated"
    )
    assert (entry["channel"], entry["ip_address"]) == ("admin", "")


def test_the_old_path_still_works(api, entries):
    assert api.get(PATH.removeprefix("/v1")).json()["total_logs"] == 11


def test_a_key_needs_the_scope(user):
    _, secret = create_key(user, key_name="chats", scope_permissions={"chat": ["read"]})

    assert_problem(ApiClient(secret).get(PATH), 403, "insufficient_scope")


def test_needs_a_key(client, db):
    assert_problem(client.get(PATH), 401, "not_authenticated")


def test_the_response_matches_the_schema(api, entries):
    schema = Client().get("/v1/schema").json()
    answers = schema["paths"][PATH]["get"]["responses"]
    described = answers["200"]["content"]["application/json"]["schema"]

    jsonschema.validate(
        api.get(PATH).json(),
        {**described, "components": schema["components"]},
        cls=jsonschema.Draft202012Validator,
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [({}, 11), ({"q": "odd"}, 5), ({"q": "0"}, 0), ({"channel__exact": "admin"}, 0)],
)
def test_operators_can_read_it(
    admin_client, user, entries, query, shown, django_assert_max_num_queries
):
    # Session, operator, the count of the matches, the rows.
    with django_assert_max_num_queries(4):
        response = admin_client.get(reverse("admin:accounts_auditentry_changelist"), query)

    assert response.context["cl"].result_count == shown


def test_operators_see_all_of_an_entry_and_cannot_change_it(admin_client, entries):
    entry = AuditEntry.objects.get(created_at=START)
    change = reverse("admin:accounts_auditentry_change", args=[entry.pk])
    delete = reverse("admin:accounts_auditentry_delete", args=[entry.pk])

    assert "n0" in admin_client.get(change).content.decode()
    assert admin_client.post(change, {"action": "x"}).status_code == 403
    assert admin_client.post(delete).status_code == 403
