"""The answers about keys match their OpenAPI description."""

from tests.accounts.keys.conftest import PATH
from tests.openapi import DescribedClient


def test_every_response_matches_the_schema(api, key):
    described = DescribedClient(api)
    ask = described.ask
    one = PATH + "/{key_id}"

    made = ask("post", PATH, {"key_name": "mine", "max_requests": 5, "expiration_days": 3})
    ask("post", PATH, {"key_name": "mine"})
    ask("post", PATH, {})
    ask("get", PATH)
    ask("get", PATH, query={"limit": 0})
    of = {"key_id": made["id"]}
    ask("get", one, **of)
    ask("get", one, key_id=999_999_999)
    ask("put", one, {"key_name": "renamed"}, **of)
    ask("put", one, {"action": "rotate"}, **of)
    ask("put", one, {"is_active": False}, key_id=key.pk)
    ask("post", f"{one}/rotate", {"grace_seconds": 60}, **of)
    ask("get", f"{PATH}/usage")
    ask("delete", one, {}, **of)
    ask("delete", one, {"confirmation": "DELETE_KEY"}, **of)
    ask("put", one, {"action": "bulk_rotate", "grace_seconds": 60}, key_id=key.pk)

    assert described.asked == described.operations_below(PATH) - {("get", f"{PATH}/audit-logs")}
