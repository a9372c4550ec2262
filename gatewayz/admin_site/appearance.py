"""The admin's appearance, as settings of django-unfold: colours and the sidebar."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy


def _may_view(model: str) -> Callable[[HttpRequest], bool]:
    app, name = model.split(".")
    return lambda request: request.user.has_perm(f"{app}.view_{name}")


def _group(title: str, *lists: tuple[str, str, str]) -> dict[str, Any]:
    """A section of the sidebar: lists, each as title, icon and model, shown to who may view it."""
    return {
        "title": title,
        "separator": True,
        "items": [
            {
                "title": name,
                "icon": icon,
                "link": reverse_lazy(f"admin:{model.replace('.', '_')}_changelist"),
                "permission": _may_view(model),
            }
            for name, icon, model in lists
        ],
    }


UNFOLD = {
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
                "Chats",
                ("Sessions", "forum", "chat.chatsession"),
                ("Feedback", "thumbs_up_down", "chat.feedback"),
                ("Share links", "share", "chat.share"),
                ("Imports", "upload_file", "chat.chatimport"),
            ),
            _group(
                "Accounts",
                ("Users", "person", "accounts.user"),
                ("API keys", "key", "accounts.apikey"),
                ("Plans", "sell", "accounts.plan"),
                ("Rate limits", "speed", "accounts.ratelimitconfig"),
                ("Notifications", "notifications", "accounts.notification"),
                ("Preferences", "tune", "accounts.notificationpreferences"),
                ("Staff groups", "group", "auth.group"),
            ),
            _group(
                "Referrals",
                ("Codes", "qr_code", "accounts.referralcode"),
                ("Referrals", "group_add", "accounts.referral"),
                ("Credits", "payments", "accounts.credit"),
            ),
            _group(
                "Records",
                ("Activity", "timeline", "accounts.activityevent"),
                ("Dead letters", "mail_off", "accounts.activitydeadletter"),
                ("Audit log", "policy", "accounts.auditentry"),
            ),
            {
                "items": [
                    {
                        "title": "Rejected requests",
                        "icon": "block",
                        "link": reverse_lazy("admin:accounts_rejected_requests"),
                        "permission": _may_view("accounts.auditentry"),
                    },
                    {
                        "title": "Keys to check",
                        "icon": "key_alert",
                        "link": reverse_lazy("admin:accounts_keys_to_check"),
                        "permission": _may_view("accounts.apikey"),
                    },
                    {
                        "title": "Most used",
                        "icon": "bar_chart",
                        "link": reverse_lazy("admin:chat_usage"),
                        "permission": _may_view("accounts.activityevent"),
                    },
                    {
                        "title": "Failed deliveries",
                        "icon": "unsubscribe",
                        "link": lambda request: (
                            f"{reverse('admin:accounts_notification_changelist')}"
                            "?status__exact=failed"
                        ),
                        "permission": _may_view("accounts.notification"),
                    },
                ],
            },
            _group(
                "Background",
                ("Failed tasks", "error", "django_q.failure"),
                ("Schedules", "schedule", "django_q.schedule"),
            ),
        ],
    },
}
