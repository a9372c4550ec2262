"""The files that a request enters, so that a detour shows in a diff."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gatewayz", "accounts", "chat")

# Creating a session with a key that this process knows, in the order in which they are entered.
CREATING_A_SESSION = [
    "gatewayz/middleware/request_context.py",
    "gatewayz/request/context.py",
    "gatewayz/middleware/response_headers.py",
    "gatewayz/api/problems.py",
    "gatewayz/streaming/long_answers.py",
    "gatewayz/request/deadline.py",
    "gatewayz/probes/health.py",
    "gatewayz/middleware/whole_bodies.py",
    "accounts/limits/middleware.py",
    "accounts/limits/admission.py",
    "gatewayz/middleware/api_dispatch.py",
    "gatewayz/api/view.py",
    "accounts/access/authentication.py",
    "accounts/access/key_lookup.py",
    "accounts/principals/key_format.py",
    "accounts/principals/cached_keys.py",
    "gatewayz/caching/backend.py",
    "gatewayz/caching/coherence.py",
    "gatewayz/caching/local.py",
    "accounts/principals/principal.py",
    "accounts/access/permissions.py",
    "accounts/principals/scopes.py",
    "accounts/limits/throttles.py",
    "accounts/limits/store.py",
    "accounts/limits/leases.py",
    "gatewayz/threads/counters.py",
    "gatewayz/redis/scripts.py",
    "gatewayz/threads/combining.py",
    "gatewayz/redis/breaker.py",
    "gatewayz/redis/client.py",
    "accounts/limits/decision.py",
    "chat/idempotency.py",
    "chat/sessions/views.py",
    "gatewayz/api/bodies.py",
    "gatewayz/api/serializing.py",
    "chat/sessions/serializers.py",
    "chat/messages/content.py",
    "chat/messages/serializers.py",
    "chat/sessions/write.py",
    "accounts/plans/storage.py",
    "chat/activity.py",
    "accounts/activity/recording.py",
    "accounts/activity/events.py",
    "gatewayz/telemetry/tracing.py",
    "gatewayz/request/client_address.py",
    "gatewayz/database/base.py",
    "gatewayz/database/connections.py",
    "gatewayz/database/after_commit.py",
    "gatewayz/api/envelope.py",
    "gatewayz/middleware/conditional_get.py",
    "gatewayz/telemetry/metrics/requests.py",
    "gatewayz/telemetry/metrics/process.py",
]

# Not entered by a test: the web server, and a gate that only processes with a pool have.
ELSEWHERE = {"gatewayz/wsgi.py", "gatewayz/middleware/load_shedding.py"}


def files_entered(work):
    """The files of PACKAGES whose functions `work` calls, in the order of their first call."""
    files = {}

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            name = str(path.relative_to(ROOT))
            if name.startswith(PACKAGES):
                files.setdefault(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return list(files)


@pytest.mark.django_db
@pytest.mark.usefixtures("listening")
def test_creating_a_session_enters_these_files(api):
    def create():
        assert api.post_json("/v1/chat/sessions", {"title": "Hello"}).status_code == 201

    create()  # loads the key, and the URL configuration

    assert files_entered(create) == CREATING_A_SESSION


def test_the_architecture_page_shows_them_in_the_same_order():
    page = (ROOT / "docs" / "architecture.md").read_text()
    walk = page.partition("later, in a worker")[0]
    shown = re.findall(r"^ +((?:gatewayz|accounts|chat)/\S+\.py)", walk, re.MULTILINE)
    entered = [name for name in shown if name not in ELSEWHERE]

    assert len(entered) > 10
    assert entered == [name for name in CREATING_A_SESSION if name in entered]
