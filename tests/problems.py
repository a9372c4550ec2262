"""Checking answers against the contract's problem object."""

from typing import Any


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that `response` is the problem `code`, whole and well formed. Returns its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= body.keys()
    assert body["status"] == status
    assert body["code"] == code
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert body["request_id"] == response["X-Request-ID"]
    return body
