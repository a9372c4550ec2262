"""Cursors are read back as they were made; anything else is rejected."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from chat.sessions.cursors import cursor_after, read_cursor

times = st.datetimes(timezones=st.just(UTC))
ids = st.integers(-(2**63), 2**63 - 1)


@given(times, ids)
def test_a_cursor_decodes_to_what_was_encoded(updated_at, session_id):
    cursor = cursor_after(updated_at, session_id)

    assert read_cursor(cursor) == (updated_at, session_id)
    assert len(cursor) <= 64


@given(st.text() | st.binary(max_size=64).map(lambda raw: raw.decode("latin-1")))
def test_other_text_is_rejected_or_decodes_to_a_time_and_an_id(text):
    try:
        updated_at, session_id = read_cursor(text)
    except ValidationError:
        return
    assert isinstance(updated_at, datetime)
    assert -(2**63) <= session_id < 2**63


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times, ids)
def test_a_cursor_of_any_time_and_id_is_accepted(api, updated_at, session_id):
    cursor = cursor_after(updated_at, session_id)

    assert api.get("/v1/chat/sessions", {"cursor": cursor}).status_code == 200
