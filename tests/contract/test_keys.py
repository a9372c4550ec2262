"""The contract of API keys, tested on a running service."""

from tests.contract.client import ContractClient, assert_problem

KEYS = "/v1/user/api-keys"


def test_a_key_from_creation_to_deletion(client):
    made = client.post(KEYS, {"key_name": "contract", "environment_tag": "test"})
    try:
        assert made.status == 201
        assert made.json["api_key"].startswith("gw_test_")
        one = f"{KEYS}/{made.data['id']}"
        assert_problem(client.post(KEYS, {"key_name": "contract"}), 409)

        listed = client.get("/user/api-keys")
        assert listed.json["total_keys"] == listed.json["count"] >= 2
        (shown,) = [key for key in listed.json["keys"] if key["id"] == made.data["id"]]
        assert shown["api_key"][:10] == made.json["api_key"][:10]
        assert made.json["api_key"] not in listed.body.decode()

        assert client.put(one, {"max_requests": 5}).data["requests_remaining"] == 5
        in_grace = client.post(f"{one}/rotate", {"grace_seconds": 60})
        rotated = client.put(one, {"action": "rotate"})
        secrets = [answer.json["api_key"] for answer in (made, in_grace, rotated)]
        clients = [ContractClient(client.base_url, secret) for secret in secrets]
        assert_problem(clients[0].get(KEYS), 401)
        assert_problem(clients[1].get(KEYS), 401)
        assert clients[2].get(one).status == 200

        (usage,) = [
            key for key in client.get(f"{KEYS}/usage").data if key["id"] == made.data["id"]
        ]
        assert usage["requests"] == 0
    finally:
        deleted = client.delete(f"{KEYS}/{made.data['id']}", {"confirmation": "DELETE_KEY"})
    assert deleted.json["success"] is True
    assert_problem(client.get(one), 404)
