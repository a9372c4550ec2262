"""Signing in, the user's account, plans, notifications and referrals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gatewayz_client.calls import Calls, Null
from gatewayz_client.pages import Page
from gatewayz_client.types import (
    AccountExportFormat,
    AppliedCode,
    ChangedPreferences,
    CheckedCode,
    Code,
    EndedKeys,
    Entitlements,
    EnvironmentUsage,
    Notification,
    NotificationStatus,
    Plan,
    PlanUsage,
    Preferences,
    Profile,
    ReferralFigures,
    SignedIn,
)


class Account:
    """`client.account`. Each method is an operation of the API; see its reference for details."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def sign_in(
        self,
        *,
        token: str | None = None,
        email: str | None = None,
        password: str | None = None,
    ) -> SignedIn:
        """Get a new key for a Privy token, or for an e-mail address and its password."""
        answer = self._calls.post("/v1/auth", token=token, email=email, password=password)
        signed_in: SignedIn = answer["data"]
        return signed_in

    def sign_up(self, email: str, password: str | None = None) -> SignedIn | None:
        """Create a user and a key. `None` when a link is sent that asks for the password."""
        answer = self._calls.post("/v1/auth/register", email=email, password=password)
        signed_in: SignedIn | None = answer["data"]
        return signed_in

    def request_password_reset(self, email: str) -> None:
        """Request an e-mail with a link to choose another password."""
        self._calls.post("/v1/auth/password-reset", email=email)

    def reset_password(self, token: str, new_password: str) -> None:
        """Choose a password with the token of such a link, or of a link for a sign-up."""
        self._calls.post("/v1/auth/reset-password", token=token, new_password=new_password)

    def change_password(self, current_password: str, new_password: str) -> EndedKeys:
        """Change the password, and end the user's other sessions."""
        answer = self._calls.post(
            "/v1/user/password", current_password=current_password, new_password=new_password
        )
        ended: EndedKeys = answer["data"]
        return ended

    # --- Profile -------------------------------------------------------------------------------

    def get_profile(self) -> Profile:
        """Return the user of this key."""
        profile: Profile = self._calls.get("/v1/user/profile")["data"]
        return profile

    def patch_profile(
        self,
        *,
        username: str | None = None,
        name: str | None = None,
        email: str | None = None,
        settings: Mapping[str, Any] | None = None,
        preferences: Mapping[str, Any] | None = None,
        chat_retention_days: int | Null | None = None,
        delete_chats_after_days: int | Null | None = None,
    ) -> Profile:
        """Change the profile.

        `NULL` means the service's own number of days in the trash, and that chats are never
        deleted by their age.

        A new `email` is sent a link, and is the user's once the link was opened.
        """
        answer = self._calls.patch(
            "/v1/user/profile",
            username=username,
            name=name,
            email=email,
            settings=settings,
            preferences=preferences,
            chat_retention_days=chat_retention_days,
            delete_chats_after_days=delete_chats_after_days,
        )
        profile: Profile = answer["data"]
        return profile

    def export_account(self, *, format: AccountExportFormat | None = None) -> Iterator[bytes]:  # noqa: A002
        """Export everything that the account owns, in pieces."""
        with self._calls.download("/v1/user/export", format=format) as response:
            yield from response.iter_bytes()

    # --- Plans ---------------------------------------------------------------------------------

    def list_plans(self, *, limit: int | None = None, offset: int | None = None) -> Page[Plan]:
        """List the available plans; needs no key."""
        return Page.of(self._calls.get("/v1/plans", limit=limit, offset=offset))

    def get_plan(self, plan_id: int) -> Plan:
        """Return a plan; needs no key."""
        plan: Plan = self._calls.get(f"/v1/plans/{plan_id}")["data"]
        return plan

    def get_user_plan(self) -> Plan:
        """Return the user's plan."""
        plan: Plan = self._calls.get("/v1/user/plan")["data"]
        return plan

    def get_plan_usage(self) -> PlanUsage:
        """Return how much of the plan is used."""
        usage: PlanUsage = self._calls.get("/v1/user/plan/usage")["data"]
        return usage

    def get_entitlements(self, *, feature: str | None = None) -> Entitlements:
        """Return what the plan includes, and whether `feature` is part of it."""
        answer = self._calls.get("/v1/user/plan/entitlements", feature=feature)
        entitlements: Entitlements = answer["data"]
        return entitlements

    def get_environment_usage(self) -> dict[str, EnvironmentUsage]:
        """Return the usage of the keys in each environment."""
        usage: dict[str, EnvironmentUsage] = self._calls.get("/v1/user/environment-usage")["data"]
        return usage

    # --- Notifications -------------------------------------------------------------------------

    def list_notifications(
        self,
        *,
        status: NotificationStatus | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Page[Notification]:
        """List the user's notifications, newest first."""
        return Page.of(
            self._calls.get("/v1/user/notifications", status=status, limit=limit, offset=offset)
        )

    def read_notification_preferences(self) -> Preferences:
        """Return the user's notification preferences."""
        preferences: Preferences = self._calls.get("/v1/user/notifications/preferences")["data"]
        return preferences

    def change_notification_preferences(
        self,
        *,
        email_notifications: bool | None = None,
        low_balance_threshold: float | None = None,
        plan_expiry_reminder_days: int | None = None,
        usage_alerts: bool | None = None,
        webhook_url: str | Null | None = None,
    ) -> ChangedPreferences:
        """Change the preferences; `NULL` removes the webhook."""
        changed: ChangedPreferences = self._calls.put(
            "/v1/user/notifications/preferences",
            email_notifications=email_notifications,
            low_balance_threshold=low_balance_threshold,
            plan_expiry_reminder_days=plan_expiry_reminder_days,
            usage_alerts=usage_alerts,
            webhook_url=webhook_url,
        )
        return changed

    def send_test_notification(self) -> Page[Notification]:
        """Send a test notification, at most once a minute."""
        return Page.of(self._calls.post("/v1/user/notifications/test"))

    def send_usage_report(self, *, days: int | None = None) -> Page[Notification]:
        """Send a report of the usage of the last days, at most once a minute."""
        return Page.of(self._calls.post("/v1/user/notifications/send-usage-report", days=days))

    # --- Referrals -----------------------------------------------------------------------------

    def generate_referral_code(self) -> Code:
        """Return the user's code; create it if there is none."""
        code: Code = self._calls.post("/v1/referral/generate")["data"]
        return code

    def read_referral_code(self) -> Code:
        """Return the user's code."""
        code: Code = self._calls.get("/v1/referral/code")["data"]
        return code

    def validate_referral_code(self, referral_code: str) -> CheckedCode:
        """Check whether a code can be applied."""
        answer = self._calls.post("/v1/referral/validate", referral_code=referral_code)
        checked: CheckedCode = answer["data"]
        return checked

    def apply_referral_code(self, referral_code: str) -> AppliedCode:
        """Apply another user's code; possible once."""
        answer = self._calls.post("/v1/referral/apply", referral_code=referral_code)
        applied: AppliedCode = answer["data"]
        return applied

    def read_referral_stats(
        self, *, limit: int | None = None, offset: int | None = None
    ) -> ReferralFigures:
        """List the users who applied the code, and the bonuses."""
        figures: ReferralFigures = self._calls.get(
            "/v1/referral/stats", limit=limit, offset=offset
        )["data"]
        return figures
