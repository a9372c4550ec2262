"""ETag and If-None-Match on what is read."""

import pytest


@pytest.mark.parametrize("path", ["/v1/chat/sessions", "/v1/chat/sessions/{}"])
def test_answers_304_until_something_changes(api, session, path):
    path = path.format(session.pk)
    first = api.get(path)

    same = api.get(path, headers={"If-None-Match": first["ETag"]})
    api.post_json(f"/v1/chat/sessions/{session.pk}/messages", {"role": "user", "content": "Hello"})
    changed = api.get(path, headers={"If-None-Match": first["ETag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert same["X-Request-ID"]
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]
