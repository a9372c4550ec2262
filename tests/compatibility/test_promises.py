"""The promises of the old service's report: log lines and names that others rely on."""

import logging
import os
import re
import subprocess
import sys

import pytest

from accounts.access import effectiveness
from accounts.access.key_lookup import get_user
from chat.models import ChatSession
from tests.gatewayz.processes import CHECKOUT


def test_key_cache_hits_and_misses_are_logged_with_masked_keys(api_key, caplog):
    caplog.set_level(logging.DEBUG, "accounts.access.key_lookup")

    get_user(api_key)
    get_user(api_key)

    miss, hit = [record.getMessage() for record in caplog.records]
    assert miss == f"Cache miss for API key {api_key[:10]}… - fetching from database"
    assert hit.startswith(f"Cache hit for API key {api_key[:10]}… (age: ")
    assert hit.endswith("s)")


def test_creating_a_session_is_logged_with_its_duration(api, caplog):
    caplog.set_level(logging.INFO, "chat.sessions.write")

    api.post_json("/v1/chat/sessions", {})

    assert "Session creation completed in " in caplog.text
    assert "ms" in caplog.text


def test_a_user_can_be_read_like_a_dictionary(api_key, user):
    found = get_user(api_key)

    assert found["id"] == found["user_id"] == user.pk
    with pytest.raises(KeyError):
        found["shoe_size"]


def test_the_old_import_paths_are_aliases(api_key, user):
    from accounts import background_tasks, user_lookup_cache

    assert user_lookup_cache.get_user(api_key)["id"] == user.pk
    assert callable(background_tasks.log_activity_background)


def test_the_effectiveness_of_the_key_cache_is_logged(caplog):
    caplog.set_level(logging.INFO, "accounts.access.effectiveness")

    effectiveness.report()

    assert "Key cache effectiveness: " in caplog.text


PAGE = (CHECKOUT / "docs/roll-back.md").read_text()
SWITCHES = re.findall(r"^(GATEWAYZ_\w+)=off", PAGE, re.MULTILINE)


def test_the_page_about_rolling_back_names_both_switches():
    assert set(SWITCHES) == {"GATEWAYZ_KEY_CACHE", "GATEWAYZ_DEFER_ACTIVITY"}


@pytest.mark.parametrize("name", SWITCHES)
def test_each_switch_for_rolling_back_is_read(name):
    printed = "from gatewayz import settings; print(settings.KEY_CACHE, settings.DEFER_ACTIVITY)"
    done = subprocess.run(
        [sys.executable, "-c", printed],
        env={**os.environ, name: "off"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == [str("KEY_CACHE" not in name), str("DEFER" not in name)]


@pytest.mark.parametrize("name", ["KEY_CACHE", "DEFER_ACTIVITY"])
def test_the_service_works_with_a_switch_off(api, settings, name):
    setattr(settings, name, False)

    assert api.post_json("/v1/chat/sessions", {"title": "off"}).status_code == 201
    assert ChatSession.objects.filter(title="off").exists()
