"""Types of requests and answers, named as in the service's OpenAPI description.

Times are ISO 8601 with an offset. An answer has every field that is not marked.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Literal

if sys.version_info >= (3, 11):  # noqa: UP036, Python 3.10 is supported here
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict  # noqa: UP035

Content = str | list[dict[str, Any]] | None
Level = Literal["read", "write", "admin"]
Branches = Literal["current", "all"]
SessionOrder = Literal["updated", "created"]
ExportFormat = Literal["json", "ndjson", "zip", "markdown", "html", "openai"]
AccountExportFormat = Literal["ndjson", "zip", "json", "markdown", "html"]
Window = Literal["minute", "hour", "day"]
Channel = Literal["api", "admin", "public", "command"]
Environment = Literal["live", "test", "staging", "development"]
FeedbackType = Literal["thumbs_up", "thumbs_down", "regenerate"]
NotificationKind = Literal[
    "key_created",
    "key_expiring",
    "key_new_network",
    "quota_warning",
    "quota_reached",
    "usage_report",
    "test",
]
NotificationChannel = Literal["email", "webhook"]
PlanType = Literal["free", "pro", "enterprise", "custom"]
MessageStatus = Literal["in_progress", "completed", "incomplete", "failed"]
Role = Literal["user", "assistant", "system", "developer", "tool", "function"]
NotificationStatus = Literal["pending", "sent", "failed", "delivered"]


class ActivityDaySums(TypedDict):
    date: str
    spend: float
    tokens: int
    requests: int


class ActivityEvent(TypedDict):
    id: int
    user_id: int
    timestamp: str
    model: str
    provider: str
    tokens: int
    cost: float
    speed: float
    finish_reason: str
    app: str
    metadata: Any


class ActivitySums(TypedDict):
    requests: int
    tokens: int
    cost: float


class ActivityStats(TypedDict):
    total_requests: int
    total_tokens: int
    total_spend: float
    daily_stats: list[ActivityDaySums]
    by_model: dict[str, ActivitySums]
    by_provider: dict[str, ActivitySums]


class ApiKey(TypedDict):
    id: int
    api_key: str
    key_name: str
    environment_tag: Environment
    scope_permissions: Any
    is_active: bool
    is_primary: bool
    expiration_date: str | None
    days_remaining: int | None
    max_requests: int | None
    requests_used: int
    requests_remaining: int | None
    usage_percentage: float | None
    ip_allowlist: Any
    domain_referrers: Any
    previous_key_expires_at: str | None
    created_at: str
    updated_at: str
    last_used_at: str | None


class AppliedCode(TypedDict):
    bonus_amount: float
    status: str
    created_at: str


class AuditEntry(TypedDict):
    id: int
    user_id: int
    timestamp: str
    action: str
    api_key_id: int | None
    target: str
    details: dict[str, Any]
    channel: Channel
    ip_address: str
    request_id: str


class CheckedCode(TypedDict):
    valid: bool
    message: str
    referrer_username: str | None


class Code(TypedDict):
    referral_code: str
    invite_link: str
    share_message: str


class DeletedCount(TypedDict):
    deleted_count: int


class DeletedMessageCount(TypedDict):
    deleted_count: int


class EndedKeys(TypedDict):
    ended_keys: int


class Entitlements(TypedDict):
    has_plan: bool
    plan_name: str
    daily_request_limit: int | None
    monthly_request_limit: int | None
    daily_token_limit: int | None
    monthly_token_limit: int | None
    features: list[str]
    can_access_feature: bool


class EnvironmentUsage(TypedDict):
    key_count: int
    total_requests: int
    total_max_requests: int
    monthly_requests: int
    monthly_tokens: int
    monthly_cost: float


class FolderCount(TypedDict):
    folder: str
    count: int


class Feedback(TypedDict):
    id: int
    user_id: int
    session_id: int | None
    message_id: int | None
    feedback_type: FeedbackType
    rating: int | None
    comment: str | None
    model: str
    metadata: Any
    created_at: str
    updated_at: str


class FeedbackFigures(TypedDict):
    total_feedback: int
    thumbs_up: int
    thumbs_down: int
    regenerate: int
    thumbs_up_rate: float
    thumbs_down_rate: float
    regenerate_rate: float
    average_rating: float | None


class FeedbackStatistics(TypedDict):
    total_feedback: int
    thumbs_up: int
    thumbs_down: int
    regenerate: int
    thumbs_up_rate: float
    thumbs_down_rate: float
    regenerate_rate: float
    average_rating: float | None
    days: int
    by_model: dict[str, FeedbackFigures]


class KeyRateLimits(TypedDict):
    key_id: int
    api_key: str
    key_name: str
    environment_tag: str
    is_configured: bool
    rate_limit_config: RateLimits
    usage_stats: LimitUsage
    current_status: LimitStatus


class KeyUsage(TypedDict):
    id: int
    api_key: str
    key_name: str
    environment_tag: Environment
    is_active: bool
    requests: int
    tokens: int
    cost: float
    requests_today: int
    tokens_today: int
    cost_today: float
    last_used_at: str | None
    max_requests: int | None
    requests_remaining: int | None
    usage_percentage: float | None


class LimitStatus(TypedDict):
    requests_remaining_minute: int | None
    requests_remaining_hour: int | None
    requests_remaining_day: int | None
    tokens_remaining_minute: int | None
    tokens_remaining_hour: int | None
    tokens_remaining_day: int | None
    concurrent_remaining: int | None


class LimitUsage(TypedDict):
    minute: LimitWindowUsage
    hour: LimitWindowUsage
    day: LimitWindowUsage
    concurrent_requests: int


class LimitWindowUsage(TypedDict):
    total_requests: int
    total_tokens: int


class Match(TypedDict):
    id: int
    user_id: int
    title: str
    model: str
    is_active: bool
    is_pinned: bool
    is_archived: bool
    created_at: str
    updated_at: str
    external_id: str | None
    end_user_id: str | None
    metadata: Any
    tags: list[str]
    folder: str | None
    deleted_at: str | None
    expires_at: str | None
    message_id: int | None
    rank: float
    snippet: str


class Message(TypedDict):
    id: int
    session_id: int
    role: Role
    content: Content
    model: str
    tokens: int
    reasoning: str | None
    metadata: Any
    created_at: str
    client_id: str | None
    parent_id: int | None
    position: int
    status: MessageStatus
    revision: int
    edited: bool
    updated_at: str | None
    name: NotRequired[Any]
    tool_calls: NotRequired[Any]
    tool_call_id: NotRequired[Any]
    refusal: NotRequired[Any]
    annotations: NotRequired[Any]
    usage: NotRequired[Any]
    finish_reason: NotRequired[Any]


class Notification(TypedDict):
    id: int
    kind: NotificationKind
    channel: NotificationChannel
    details: Any
    status: NotificationStatus
    error: str
    attempts: int
    created_at: str
    finished_at: str | None


class Plan(TypedDict):
    id: int
    name: str
    description: str
    plan_type: PlanType
    requests_per_minute: int | None
    requests_per_hour: int | None
    daily_request_limit: int | None
    monthly_request_limit: int | None
    tokens_per_minute: int | None
    tokens_per_hour: int | None
    daily_token_limit: int | None
    monthly_token_limit: int | None
    price_per_month: float
    yearly_price: float | None
    price_per_token: float | None
    is_pay_as_you_go: bool
    max_concurrent_requests: int | None
    max_storage_bytes: int | None
    features: list[str]
    is_active: bool


class PlanUsage(TypedDict):
    plan_name: str
    usage: Numbers
    limits: Numbers
    remaining: Numbers
    at_limit: AtLimit
    storage: Storage


class Preferences(TypedDict):
    email_notifications: bool
    low_balance_threshold: float
    plan_expiry_reminder_days: int
    usage_alerts: bool
    webhook_url: str | None


class Profile(TypedDict):
    id: int
    user_id: int
    username: str
    name: str
    email: str | None
    email_verified_at: str | None
    privy_user_id: str | None
    settings: Mapping[str, Any]
    preferences: Mapping[str, Any]
    chat_retention_days: int | None
    delete_chats_after_days: int | None
    is_active: bool
    created_at: str
    updated_at: str


class RateLimits(TypedDict):
    requests_per_minute: int
    requests_per_hour: int
    requests_per_day: int
    tokens_per_minute: int
    tokens_per_hour: int
    tokens_per_day: int
    concurrency_limit: int


class Referral(TypedDict):
    id: int
    username: str | None
    status: str
    bonus_amount: float
    created_at: str
    completed_at: str | None


class ReferralFigures(TypedDict):
    referral_code: str
    total_uses: int
    max_uses: int
    remaining_uses: int
    completed_bonuses: int
    pending_bonuses: int
    balance: float
    referred_by_code: str | None
    referrals: list[Referral]


class SavedMessage(TypedDict):
    success: bool
    message_id: int
    data: Message


class SavedMessages(TypedDict):
    saved: list[SavedMessage]
    failed: list[Any]
    total: int
    success_count: int
    failure_count: int


class Session(TypedDict):
    id: int
    user_id: int
    title: str
    model: str
    is_active: bool
    is_pinned: bool
    is_archived: bool
    created_at: str
    updated_at: str
    external_id: str | None
    end_user_id: str | None
    metadata: Any
    tags: list[str]
    folder: str | None
    deleted_at: str | None
    expires_at: str | None


class SessionDetail(TypedDict):
    id: int
    user_id: int
    title: str
    model: str
    is_active: bool
    is_pinned: bool
    is_archived: bool
    created_at: str
    updated_at: str
    external_id: str | None
    end_user_id: str | None
    metadata: Any
    tags: list[str]
    folder: str | None
    deleted_at: str | None
    expires_at: str | None
    current_message_id: int | None
    messages: list[Message]
    has_more_messages: bool


class SetRateLimits(TypedDict):
    requests_per_minute: int
    requests_per_hour: int
    requests_per_day: int
    tokens_per_minute: int
    tokens_per_hour: int
    tokens_per_day: int
    concurrency_limit: NotRequired[int]


class Share(TypedDict):
    id: int
    session_id: int
    created_by_user_id: int
    token: str
    share_token: str
    share_url: str
    is_active: bool
    view_count: int
    last_viewed_at: str | None
    expires_at: str | None
    created_at: str
    include_system: bool


class SharedMessage(TypedDict):
    id: int
    role: Role
    content: Content
    model: str
    reasoning: str | None
    created_at: str


class SharedSession(TypedDict):
    title: str
    model: str
    created_at: str
    updated_at: str
    messages: list[SharedMessage]
    has_more_messages: bool
    view_count: int
    expires_at: str | None


class SignedIn(TypedDict):
    user: Profile
    api_key: str
    key_id: int
    expiration_date: str
    is_new_user: bool


class Statistics(TypedDict):
    total_sessions: int
    active_sessions: int
    total_messages: int
    total_tokens: int
    average_messages_per_session: float


class TagCount(TypedDict):
    tag: str
    count: int


class AtLimit(TypedDict):
    daily_requests: bool
    daily_tokens: bool
    monthly_requests: bool
    monthly_tokens: bool


class Numbers(TypedDict):
    daily_requests: int | None
    daily_tokens: int | None
    monthly_requests: int | None
    monthly_tokens: int | None


class Storage(TypedDict):
    used_bytes: int
    limit_bytes: int | None
    remaining_bytes: int | None
    at_limit: bool


class SessionInput(TypedDict):
    title: NotRequired[str | None]
    model: NotRequired[str | None]
    external_id: NotRequired[str | None]
    end_user_id: NotRequired[str | None]
    metadata: NotRequired[Any]
    tags: NotRequired[list[str] | None]
    folder: NotRequired[str | None]
    expires_at: NotRequired[str | None]


class MessageInput(TypedDict):
    """Fields that are not named here are kept too."""

    role: Role
    content: NotRequired[Content]
    model: NotRequired[str | None]
    tokens: NotRequired[int | None]
    reasoning: NotRequired[str | None]
    metadata: NotRequired[Any]
    created_at: NotRequired[str | None]
    client_id: NotRequired[str | None]
    parent_id: NotRequired[int | None]
    status: NotRequired[MessageStatus | None]
    revision: NotRequired[int | None]
    name: NotRequired[Any]
    tool_calls: NotRequired[Any]
    tool_call_id: NotRequired[Any]
    refusal: NotRequired[Any]
    annotations: NotRequired[Any]
    usage: NotRequired[Any]
    finish_reason: NotRequired[Any]


class ImportedMessageInput(TypedDict):
    """As MessageInput, except that ids are those of the import."""

    id: NotRequired[int | str | None]
    role: Role
    content: NotRequired[Content]
    model: NotRequired[str | None]
    tokens: NotRequired[int | None]
    reasoning: NotRequired[str | None]
    metadata: NotRequired[Any]
    created_at: NotRequired[str | None]
    client_id: NotRequired[str | None]
    parent_id: NotRequired[int | str | None]
    status: NotRequired[MessageStatus | None]
    revision: NotRequired[int | None]
    updated_at: NotRequired[str | None]
    edited: NotRequired[bool | None]
    name: NotRequired[Any]
    tool_calls: NotRequired[Any]
    tool_call_id: NotRequired[Any]
    refusal: NotRequired[Any]
    annotations: NotRequired[Any]
    usage: NotRequired[Any]
    finish_reason: NotRequired[Any]


class NewApiKey(TypedDict):
    """A key with its secret, which is shown this once."""

    data: ApiKey
    api_key: str


class ChangedPreferences(TypedDict):
    """Preferences, and the secret that signs webhooks."""

    data: Preferences
    webhook_secret: str | None
