"""The admin's appearance, as settings of django-unfold: colours and the sidebar."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse, reverse_lazy


def _may_view(model: str) -> Callable[[HttpRequest], bool]:
    app, name = model.split(".")
    return lambda request: request.user.has_perm(f"{app}.view_{name}")


def _page(title: str, icon: str, name: str, model: str, query: str = "") -> dict[str, Any]:
    """A link of the sidebar to the admin's page `name`, for staff who may view `model`."""

    def link(request: HttpRequest | None) -> str:
        return reverse(f"admin:{name}") + query

    return {
        "title": title,
        "icon": icon,
        "link": link,
        "permission": _may_view(model),
        "active": lambda request: link(request) == _open_link(request),
    }


def _list(title: str, icon: str, model: str) -> dict[str, Any]:
    return _page(title, icon, f"{model.replace('.', '_')}_changelist", model)


def _group(title: str, *pages: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(pages)}


def _open_link(request: HttpRequest) -> str:
    """Return the link of the sidebar that is marked: the longest one that the address begins with.

    Unfold marks all links whose path is part of the address, which are two on some pages.
    """
    address, links = request.get_full_path(), _links(get_script_prefix())
    return max((link for link in links if address.startswith(link)), key=len, default="")


@cache
def _links(script_prefix: str) -> list[str]:
    # Cached, because every link of the sidebar is compared with all of them.
    return [
        str(item["link"](None))
        for group in UNFOLD["SIDEBAR"]["navigation"]
        for item in group["items"]
        if callable(item["link"])
    ]


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Gatewayz",
    "SITE_HEADER": "Gatewayz",
    "SITE_SUBHEADER": "Operations",
    "SITE_SYMBOL": "forum",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("gatewayz/icon.svg"),
        },
    ],
    "STYLES": [lambda request: static("gatewayz/admin.css")],
    "SCRIPTS": [lambda request: static("gatewayz/admin.js")],
    "DASHBOARD_CALLBACK": "chat.admin.start_page.start_page",
    "BORDER_RADIUS": "6px",
    "COLORS": {
        # Tailwind's indigo; its 600 is dark enough behind white text.
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        },
        # Darker than unfold's defaults, so that small print is readable.
        "font": {
            "subtle-light": "var(--color-base-600)",
            "subtle-dark": "var(--color-base-300)",
            "default-light": "var(--color-base-700)",
            "default-dark": "var(--color-base-200)",
            "important-light": "var(--color-base-900)",
            "important-dark": "var(--color-base-100)",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {
                "items": [
                    {
                        "title": "Start",
                        "icon": "monitoring",
                        "link": reverse_lazy("admin:index"),
                    }
                ],
            },
            _group(
                "Look up",
                _page(
                    "Rejected requests",
                    "block",
                    "accounts_rejected_requests",
                    "accounts.auditentry",
                ),
                _page("Keys to check", "gpp_maybe", "accounts_keys_to_check", "accounts.apikey"),
                _page("Most used", "bar_chart", "chat_usage", "accounts.activityevent"),
                _page(
                    "Failed deliveries",
                    "unsubscribe",
                    "accounts_notification_changelist",
                    "accounts.notification",
                    "?status__exact=failed",
                ),
                _list("Failed tasks", "error", "django_q.failure"),
            ),
            _group(
                "Chats",
                _list("Sessions", "forum", "chat.chatsession"),
                _list("Feedback", "thumbs_up_down", "chat.feedback"),
                _list("Share links", "share", "chat.share"),
                _list("Imports", "upload_file", "chat.chatimport"),
            ),
            _group(
                "Accounts",
                _list("Users", "person", "accounts.user"),
                _list("API keys", "key", "accounts.apikey"),
                _list("Plans", "sell", "accounts.plan"),
                _list("Rate limits", "speed", "accounts.ratelimitconfig"),
                _list("Notifications", "notifications", "accounts.notification"),
                _list("Preferences", "tune", "accounts.notificationpreferences"),
                _list("Staff groups", "group", "auth.group"),
            ),
            _group(
                "Records",
                _list("Activity", "timeline", "accounts.activityevent"),
                _list("Dead letters", "mail_off", "accounts.activitydeadletter"),
                _list("Audit log", "policy", "accounts.auditentry"),
                _list("Schedules", "schedule", "django_q.schedule"),
            ),
            _group(
                "Referrals",
                _list("Codes", "qr_code", "accounts.referralcode"),
                _list("Referrals", "group_add", "accounts.referral"),
                _list("Credits", "payments", "accounts.credit"),
            ),
        ],
    },
}
