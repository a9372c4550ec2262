"""The admin in a browser, as operators use it."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.keys import create_key
from accounts.models import ApiKeyDay, RateLimitConfig, User
from chat.models import ChatDay, ChatImport, ChatMessage, ChatSession, Share
from gatewayz.admin_site.groups import make_staff_groups
from tests.browser.conftest import faults_of, keep_screenshot, new_context
from tests.chat.transfer import foreign_files

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("_no_connections_kept")]

PASSWORD = "Correct-horse-1"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LOOKS = {"light": ("light", DESK), "dark": ("dark", DESK), "phone": ("light", PHONE)}

ANSWER = """Here is a **plan** with `code`, and a [link](https://example.com):

1. Measure
2. Mend

```python
def round_trips(request: Request) -> int:
    return 1
```

| path | statements |
|---|---|
| create | 1 |
| list | 2 |

> Every wait is bounded. <script>alert(1)</script>
"""


@pytest.fixture
def operator(transactional_db):
    return User.objects.create_superuser("ops@example.com", PASSWORD)


@pytest.fixture
def chats(transactional_db):
    """A user with a key that was used, a conversation and a link to it."""
    ada = User.objects.create_user("ada@example.com", username="ada")
    key, _ = create_key(ada, key_name="Laptop")
    today = timezone.now().date()
    for ago in range(30):
        day = today - timedelta(days=ago)
        count = 40 + (ago * 37) % 90
        ChatDay.objects.create(day=day, sessions=count, messages=count * 5)
        ApiKeyDay.objects.create(api_key=key, day=day, requests=count, tokens=9 * count, spend=0)
    session = ChatSession.objects.create(user=ada, title="How fast is it?", model="openai/gpt-4o")
    for role, content, more in (
        ("system", "Answer briefly.", {}),
        ("user", "How do I make creating a session fast?", {}),
        ("assistant", ANSWER, {"reasoning": "They want a plan.", "tokens": 210}),
        ("tool", '{"rows": 3, "ok": true}', {}),
    ):
        ChatMessage.objects.create(session=session, role=role, content=content, **more)
    ChatMessage.objects.create(
        session=session,
        role="user",
        content="What is this?",
        content_parts=[
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
        ],
    )
    Share.objects.create(user=ada, session=session, token="t" * 32)
    return session


@pytest.fixture
def open_page(browser, live_server):
    """Open pages of the service, and fail when the browser had anything to complain about."""
    contexts, complaints = [], []

    def open_page(path: str) -> Page:
        context = new_context(browser, base_url=live_server.url, viewport=DESK)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def log_in(page: Page) -> None:
    page.get_by_label("E-mail").fill("ops@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#nav-sidebar-inner")).to_be_attached()


def test_a_key_is_created_shown_once_used_and_revoked(open_page, operator, chats, live_server):
    page = open_page("/admin/")
    log_in(page)

    page.goto("/admin/accounts/apikey/add/")
    page.get_by_label("Key name").fill("Phone")
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("ada@example.com")
    page.get_by_role("option", name="ada@example.com").click()
    page.get_by_role("button", name="Save", exact=True).click()
    secret = page.locator(".gw-secret").inner_text()
    page.get_by_role("link", name="Phone").click()
    assert secret not in page.content()

    def create_session():
        return page.request.post(
            f"{live_server.url}/v1/chat/sessions",
            headers={"Authorization": f"Bearer {secret}"},
            data={"title": "From my phone"},
        )

    assert create_session().status == 201
    page.goto("/admin/chat/chatsession/")
    page.get_by_role("link", name="From my phone").click()
    expect(page.get_by_role("heading", name="From my phone")).to_be_visible()

    page.goto("/admin/accounts/apikey/?q=Phone")
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("deactivate")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Deactivated: 1")).to_be_visible()

    assert create_session().status == 401


def test_chats_are_imported_from_a_file_on_the_page_of_a_user(open_page, operator, chats):
    page = open_page("/admin/")
    log_in(page)
    page.goto(f"/admin/accounts/user/{chats.user_id}/change/")
    content = json.dumps([foreign_files.chatgpt()]).encode()

    page.get_by_label("Chats exported from").set_input_files(
        {"name": "conversations.json", "mimeType": "application/json", "buffer": content}
    )
    page.get_by_role("button", name="Import for this user").click()

    expect(page).to_have_url(re.compile(r"/admin/chat/chatimport/\d+/change/$"))
    expect(page.get_by_role("heading", name="conversations.json")).to_be_visible()
    assert ChatImport.objects.get().user_id == chats.user_id


PAGES = {
    "start": "/admin/",
    "sessions": "/admin/chat/chatsession/",
    "conversation": "/admin/chat/chatsession/{session}/change/",
    "keys": "/admin/accounts/apikey/",
    "key": "/admin/accounts/apikey/{key}/change/",
    "user": "/admin/accounts/user/{user}/change/",
    "activity": "/admin/accounts/activityevent/",
    "plans": "/admin/accounts/plan/",
    "keys-to-check": "/admin/accounts/apikey/to-check/",
    "most-used": "/admin/chat/chatsession/usage/",
    "rejected-requests": "/admin/accounts/auditentry/rejected-requests/",
    "imports": "/admin/chat/chatimport/",
    "import": "/admin/chat/chatimport/{import}/change/",
    "deliveries": "/admin/accounts/notification/?status__exact=failed",
    "failed-tasks": "/admin/django_q/failure/",
    "history": "/admin/accounts/apikey/{key}/history/",
}
FORMS = {
    "new-key": "/admin/accounts/apikey/add/",
    "limits": "/admin/accounts/ratelimitconfig/",
    "limits-of-a-key": "/admin/accounts/ratelimitconfig/{key}/change/",
    "new-limits": "/admin/accounts/ratelimitconfig/add/",
    "plan": "/admin/accounts/plan/1/change/",
    "new-user": "/admin/accounts/user/add/",
    "password": "/admin/accounts/user/{user}/password/",
    "groups": "/admin/auth/group/",
    "group": "/admin/auth/group/{group}/change/",
    "audit-log": "/admin/accounts/auditentry/",
    "rejections": "/admin/accounts/plan/rejections/",
    "users": "/admin/accounts/user/",
    "links": "/admin/chat/share/",
    "deletion-of-a-key": "/admin/accounts/apikey/{key}/delete/",
    "own-password": "/admin/password_change/",
}


@pytest.mark.timeout(900)  # each page is looked at three times, and examined twice
@pytest.mark.parametrize("pages", [PAGES, FORMS], ids=["pages", "forms"])
def test_pages_are_accessible(open_page, operator, chats, pages):
    faults: dict[str, list[str]] = {}

    def look_at(name):
        for look, (scheme, size) in LOOKS.items():
            page.set_viewport_size(size)
            # The page does this itself when it is opened in a dark browser.
            page.emulate_media(color_scheme=scheme)
            page.evaluate(f"document.documentElement.className = '{scheme}'")
            keep_screenshot(page, f"{name}-{look}")
            width = page.evaluate("document.documentElement.scrollWidth")
            # The phone has the colours and the content of the others.
            found = faults_of(page) if size == DESK else []
            if width > size["width"]:
                found.append(f"{width} pixels wide")
            if found:
                faults[f"{name}-{look}"] = found

    page = open_page("/admin/login/")
    look_at("login")
    page.set_viewport_size(DESK)
    log_in(page)
    key = chats.user.api_keys.get()
    RateLimitConfig.objects.create(api_key=key)
    make_staff_groups()
    ids = {
        "session": chats.pk,
        "user": chats.user_id,
        "key": key.pk,
        "group": Group.objects.earliest("pk").pk,
        "import": ChatImport.objects.create(
            user=chats.user, file_name="conversations.json", state="running", size_bytes=100
        ).pk,
    }
    for name, path in pages.items():
        page.goto(path.format(**ids))
        look_at(name)
    page.goto(PAGES["keys"])
    page.locator("input.action-select").check()
    look_at("selected-key")

    assert faults == {}


def test_the_keyboard_alone_logs_in_searches_and_rotates(open_page, operator, chats):
    key = chats.user.api_keys.get()
    page = open_page("/admin/login/")
    page.get_by_label("E-mail").focus()
    page.keyboard.type("ops@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#nav-sidebar-inner")).to_be_attached()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.keyboard.press("Control+k")
    page.keyboard.type("nothing is called so")
    expect(page.get_by_text("Nothing matched your search")).to_be_visible()
    page.locator("#search-input-command").fill("")
    page.keyboard.type("Laptop")
    expect(page.locator("#command-results-list a", has_text="Laptop (")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/apikey/{key.pk}/change/$"))

    page.goto("/admin/accounts/apikey/")
    page.locator("input.action-select").focus()
    page.keyboard.press("Space")
    actions = page.locator("select[name=action]")
    actions.focus()
    for _ in range(actions.locator("option").count()):
        if "Rotate" not in actions.locator("option:checked").inner_text():
            page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Run").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Yes, I’m sure").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".gw-secret")).to_be_visible()


def test_the_search_works_from_every_page(open_page, operator, chats):
    page = open_page("/admin/")
    log_in(page)

    for term, found in {
        "ada@example.com": "ada@example.com",
        "Laptop": "Laptop (",
        "how fast": "How fast is it?",
    }.items():
        page.get_by_text("Search apps and models").click()
        page.locator("#search-input-command").fill("")
        page.locator("#search-input-command").press_sequentially(term)
        result = page.locator("#command-results-list a", has_text=found).first
        expect(result).to_be_visible()
        result.click()
        expect(page).to_have_url(re.compile(r"/\d+/change/$"))
