"""API keys, their limits, and their activity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from gatewayz_client.calls import Calls
from gatewayz_client.pages import Page
from gatewayz_client.types import (
    ActivityEvent,
    ActivityStats,
    ApiKey,
    AuditEntry,
    Environment,
    KeyRateLimits,
    KeyUsage,
    Level,
    NewApiKey,
    SetRateLimits,
    Window,
)

Scopes = Mapping[str, Sequence[Level]]


class Keys:
    """`client.keys`. Each method is an operation of the API; see its reference for details."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def create_api_key(
        self,
        key_name: str,
        *,
        environment_tag: Environment | None = None,
        scope_permissions: Scopes | None = None,
        expiration_days: int | None = None,
        max_requests: int | None = None,
        ip_allowlist: Sequence[str] | None = None,
        domain_referrers: Sequence[str] | None = None,
    ) -> NewApiKey:
        """Create a key. `api_key` beside `data` is the secret, shown only once."""
        created: NewApiKey = self._calls.post(
            "/v1/user/api-keys",
            key_name=key_name,
            environment_tag=environment_tag,
            scope_permissions=scope_permissions,
            expiration_days=expiration_days,
            max_requests=max_requests,
            ip_allowlist=ip_allowlist,
            domain_referrers=domain_referrers,
        )
        return created

    def list_api_keys(
        self,
        *,
        environment_tag: Environment | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Page[ApiKey]:
        """List the keys, masked."""
        return Page.of(
            self._calls.get(
                "/v1/user/api-keys", environment_tag=environment_tag, limit=limit, offset=offset
            )
        )

    def read_api_key(self, key_id: int) -> ApiKey:
        """Return a key, masked."""
        key: ApiKey = self._calls.get(f"/v1/user/api-keys/{key_id}")["data"]
        return key

    def change_api_key(
        self,
        key_id: int,
        *,
        key_name: str | None = None,
        environment_tag: Environment | None = None,
        scope_permissions: Scopes | None = None,
        expiration_days: int | None = None,
        max_requests: int | None = None,
        ip_allowlist: Sequence[str] | None = None,
        domain_referrers: Sequence[str] | None = None,
        is_active: bool | None = None,
        is_primary: bool | None = None,
        confirm_last_key: bool | None = None,
    ) -> ApiKey:
        """Change a key. 0 for `expiration_days` or `max_requests` removes that limit."""
        answer = self._calls.put(
            f"/v1/user/api-keys/{key_id}",
            key_name=key_name,
            environment_tag=environment_tag,
            scope_permissions=scope_permissions,
            expiration_days=expiration_days,
            max_requests=max_requests,
            ip_allowlist=ip_allowlist,
            domain_referrers=domain_referrers,
            is_active=is_active,
            is_primary=is_primary,
            confirm_last_key=confirm_last_key,
        )
        key: ApiKey = answer["data"]
        return key

    def rotate_api_key(self, key_id: int, *, grace_seconds: int | None = None) -> NewApiKey:
        """Give a key another secret; the old one keeps working for `grace_seconds`."""
        rotated: NewApiKey = self._calls.post(
            f"/v1/user/api-keys/{key_id}/rotate", grace_seconds=grace_seconds
        )
        return rotated

    def delete_api_key(self, key_id: int, *, confirm_last_key: bool = False) -> None:
        """Delete a key; the last one that can manage keys needs `confirm_last_key`."""
        self._calls.delete(
            f"/v1/user/api-keys/{key_id}",
            confirmation="DELETE_KEY",
            confirm_last_key=confirm_last_key,
        )

    def api_key_usage(
        self,
        *,
        environment_tag: Environment | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Page[KeyUsage]:
        """Return requests, tokens and cost of each key, in all and today."""
        return Page.of(
            self._calls.get(
                "/v1/user/api-keys/usage",
                environment_tag=environment_tag,
                limit=limit,
                offset=offset,
            )
        )

    def list_audit_log(
        self,
        *,
        key_id: int | None = None,
        action: str | None = None,
        start_date: datetime | str | None = None,
        end_date: datetime | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Page[AuditEntry]:
        """List who changed what, newest first."""
        return Page.of(
            self._calls.get(
                "/v1/user/api-keys/audit-logs",
                key_id=key_id,
                action=action,
                start_date=start_date,
                end_date=end_date,
                limit=limit,
                offset=offset,
            )
        )

    def activity_log(
        self,
        *,
        model: str | None = None,
        provider: str | None = None,
        from_: date | str | None = None,
        to: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        page: int | None = None,
    ) -> Page[ActivityEvent]:
        """List the keys' activity, newest first."""
        return Page.of(
            self._calls.get(
                "/v1/activity/log",
                model=model,
                provider=provider,
                **{"from": from_},
                to=to,
                limit=limit,
                offset=offset,
                page=page,
            )
        )

    def activity_stats(
        self,
        *,
        days: int | None = None,
        from_: date | str | None = None,
        to: date | str | None = None,
        tz: str | None = None,
        timezone: str | None = None,
    ) -> ActivityStats:
        """Summarise the activity by day, model and provider; the days are those of `tz`."""
        answer = self._calls.get(
            "/v1/activity/stats", days=days, **{"from": from_}, to=to, tz=tz, timezone=timezone
        )
        stats: ActivityStats = answer["data"]
        return stats

    # --- Limits --------------------------------------------------------------------------------

    def list_rate_limits(
        self, *, limit: int | None = None, offset: int | None = None
    ) -> Page[KeyRateLimits]:
        """Return the limits of each key, and how much of them is used."""
        return Page.of(self._calls.get("/v1/user/rate-limits", limit=limit, offset=offset))

    def get_rate_limit_usage(
        self, key_id: int, *, time_window: Window | None = None
    ) -> KeyRateLimits:
        """Return the limits of one key, and how much of them is used."""
        answer = self._calls.get(f"/v1/user/rate-limits/usage/{key_id}", time_window=time_window)
        limits: KeyRateLimits = answer["data"]
        return limits

    def set_rate_limits(
        self,
        key_id: int,
        *,
        requests_per_minute: int,
        requests_per_hour: int,
        requests_per_day: int,
        tokens_per_minute: int,
        tokens_per_hour: int,
        tokens_per_day: int,
        concurrency_limit: int | None = None,
    ) -> SetRateLimits:
        """Set limits of a key within its user's plan; 0 means the plan's limit."""
        answer = self._calls.put(
            f"/v1/user/rate-limits/{key_id}",
            requests_per_minute=requests_per_minute,
            requests_per_hour=requests_per_hour,
            requests_per_day=requests_per_day,
            tokens_per_minute=tokens_per_minute,
            tokens_per_hour=tokens_per_hour,
            tokens_per_day=tokens_per_day,
            concurrency_limit=concurrency_limit,
        )
        limits: SetRateLimits = answer["data"]
        return limits

    def set_all_rate_limits(
        self,
        *,
        requests_per_minute: int,
        requests_per_hour: int,
        requests_per_day: int,
        tokens_per_minute: int,
        tokens_per_hour: int,
        tokens_per_day: int,
        concurrency_limit: int | None = None,
    ) -> SetRateLimits:
        """Set the limits of every key of the user."""
        answer = self._calls.post(
            "/v1/user/rate-limits/bulk-update",
            requests_per_minute=requests_per_minute,
            requests_per_hour=requests_per_hour,
            requests_per_day=requests_per_day,
            tokens_per_minute=tokens_per_minute,
            tokens_per_hour=tokens_per_hour,
            tokens_per_day=tokens_per_day,
            concurrency_limit=concurrency_limit,
        )
        limits: SetRateLimits = answer["data"]
        return limits
