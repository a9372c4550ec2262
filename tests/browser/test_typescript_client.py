"""The TypeScript client in a page of another site, as CORS allows it."""

from pathlib import Path

import pytest

from accounts.keys import create_key
from tests.browser.conftest import new_context
from tests.clients.typescript.node import RAN_WELL, built_package, bundle
from tests.web import web_process

SITE = "https://app.example.com"


@pytest.fixture(scope="module")
def script(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.js"
    bundle(built_package(), "page.mjs", path)
    return path


@pytest.mark.browser
@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("site", [SITE, "https://other.example.com"])
def test_a_page_holds_a_conversation_when_its_site_is_allowed(script, browser, user, site):
    # As docs/clients.md advises for keys that go into browsers.
    _, secret = create_key(
        user,
        key_name="page",
        scope_permissions={"chat": ["read", "write"]},
        domain_referrers=["app.example.com"],
    )
    # Otherwise Chromium keeps pages of the internet from calling services on this machine.
    context = new_context(browser, permissions=["local-network-access"])
    page = context.new_page()
    page.route(f"{site}/", lambda route: route.fulfill(body="<!doctype html>"))
    page.goto(f"{site}/")
    told = []
    page.on("console", lambda message: told.append(message.text))
    page.add_script_tag(path=script)

    with web_process(CORS_ALLOWED_ORIGINS=SITE) as port:
        asked = [f"http://127.0.0.1:{port}", secret]
        seen = page.evaluate(
            "asked => gatewayzConversation(...asked).catch((error) => error.name)", asked
        )

    assert seen == (RAN_WELL if site == SITE else "UnreachableError")
    no_header = "No 'Access-Control-Allow-Origin' header"
    assert any(no_header in text for text in told) == (site != SITE)
    context.close()
