"""/ in a browser, on a desk and on a phone, by day and by night."""

import pytest

from tests.browser.conftest import faults_of, keep_screenshot, new_context

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("_no_connections_kept")]


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_its_window_and_is_accessible(browser, live_server, width, scheme):
    context = new_context(
        browser,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        base_url=live_server.url,
    )
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))

    page.goto("/")

    keep_screenshot(page, f"start-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults_of(page) == []
    assert complaints == []
    context.close()
