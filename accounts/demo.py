"""The part of the demo data that belongs to accounts: see `chat.demo`."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from django.utils import timezone
from django_q.models import Task

from accounts import audit
from accounts.activity.events import new_event_id
from accounts.audit.origin import current_origin
from accounts.audit.recording import write_entry
from accounts.keys import create_key
from accounts.limits.store import record_rejection
from accounts.models import (
    ActivityDay,
    ActivityDeadLetter,
    ActivityEvent,
    ApiKey,
    ApiKeyDay,
    Credit,
    Notification,
    NotificationPreferences,
    Plan,
    RateLimitConfig,
    Referral,
    ReferralCode,
    User,
)
from accounts.models.notifications import ApiKeyNetwork

PEOPLE = [
    "ada.lovelace",
    "mei.chen",
    "omar.haddad",
    "priya.nair",
    "kenji.sato",
    "olga.ivanova",
    "noam.levi",
    "jose.garcia",
    "amara.okafor",
    "lena.vogel",
    "linh.tran",
    "siobhan.byrne",
]
MODELS = (
    ("openai/gpt-4o", "openai"),
    ("anthropic/claude-sonnet", "anthropic"),
    ("google/gemini-pro", "google"),
    ("mistral/large", "mistral"),
)
DAYS = 30
FAILED_TASKS = (
    (
        "purge deleted chats",
        "chat.sessions.retention.purge_expired",
        "django.db.utils.OperationalError: canceling statement due to statement timeout",
    ),
    (
        "sweep notifications",
        "accounts.notifications.delivery.sweep",
        "redis.exceptions.ConnectionError: Connection refused",
    ),
)


def make_accounts(user_count: int, now: datetime, chance: random.Random) -> list[User]:
    """Create `user_count` users with keys, their activity, and what went wrong with them."""
    users = [_user(number, chance) for number in range(user_count)]
    keys = [key for number, user in enumerate(users) for key in _keys(number, user, now, chance)]
    _activity(keys, now, chance)
    _referrals(users, now)
    _notifications(users, now, chance)
    _denials(keys, now, chance)
    _failures(users, now)
    return users


def _user(number: int, chance: random.Random) -> User:
    name = PEOPLE[number % len(PEOPLE)]
    suffix = number // len(PEOPLE)
    user = User.objects.create_user(
        f"{name}{suffix or ''}@example.com",
        name=name.replace(".", " ").title(),
        email_verified_at=timezone.now(),
    )
    if number % 4 == 1:
        plan_ids = list(Plan.objects.order_by("pk").values_list("pk", flat=True))
        before = user.plan_id
        user.plan_id = chance.choice([pk for pk in plan_ids if pk != before])
        user.save()
        audit.record(
            "user_changed",
            user_id=user.pk,
            before={"plan": before},
            after={"plan": user.plan_id},
        )
    return user


def _keys(number: int, user: User, now: datetime, chance: random.Random) -> list[ApiKey]:
    """Create one to four keys: some with limits, an allow-list, scopes or an end."""
    more: dict[str, dict[str, Any]] = {
        "Laptop": {},
        "Production server": {
            "ip_allowlist": ["203.0.113.0/24", "2001:db8::/32"],
            "scope_permissions": {"chat": ["read", "write"]},
        },
        "Phone": {"domain_referrers": ["app.example.com"]},
        "CI": {"environment_tag": "test", "expiration_date": now + timedelta(days=20)},
    }
    names = list(more)[: 1 + number % len(more)]
    made = [create_key(user, key_name=name, **more[name])[0] for name in names]
    RateLimitConfig.objects.bulk_create(
        RateLimitConfig(api_key=key, requests_per_minute=120, tokens_per_day=0)
        for key in made
        if key.key_name == "Production server"
    )
    today = now.astimezone(UTC).date()
    ApiKeyNetwork.objects.bulk_create(
        ApiKeyNetwork(
            api_key=key,
            network=f"203.0.{key.pk % 250 + ago}.0/24",
            first_seen_on=today - timedelta(days=3 * ago),
            last_seen_on=today - timedelta(days=ago),
        )
        for key in made
        # Of most keys the last network is an old one.
        for ago in range(0 if key.pk % 9 == 0 else 4, chance.randrange(5, 8))
    )
    return made


def _activity(keys: list[ApiKey], now: datetime, chance: random.Random) -> None:
    """Create events of each key and day, totals of them, and a spike of every 25th key today."""
    uses = [
        use
        for number, key in enumerate(keys)
        for use in _uses(key, now, chance, has_spike=number % 25 == 0)
    ]
    totals: dict[tuple[int, date, str, str], ActivityDay] = {}
    for key, day, requests, event in uses:
        key.requests_used += requests
        key.last_used_at = max(key.last_used_at or event.timestamp, event.timestamp)
        total = totals.setdefault(
            (key.user_id, day, event.model, event.provider),
            ActivityDay(
                user_id=key.user_id,
                day=day,
                model=event.model,
                provider=event.provider,
                requests=0,
                tokens=0,
                spend=Decimal(0),
                logged=0,
            ),
        )
        total.requests += requests
        total.tokens += event.tokens
        total.spend += event.cost
        total.logged += 1
    ApiKey.objects.bulk_update(keys, ["requests_used", "last_used_at"])
    ActivityEvent.objects.bulk_create([use.event for use in uses], batch_size=1_000)
    ActivityDay.objects.bulk_create(totals.values(), batch_size=1_000)
    key_days = (
        ApiKeyDay(api_key=key, day=day, requests=requests, tokens=event.tokens, spend=event.cost)
        for key, day, requests, event in uses
    )
    ApiKeyDay.objects.bulk_create(key_days, batch_size=1_000)


class _Use(NamedTuple):
    """The requests of one key on one day, of which the log shows one event."""

    key: ApiKey
    day: date
    requests: int
    event: ActivityEvent


def _uses(key: ApiKey, now: datetime, chance: random.Random, *, has_spike: bool) -> Iterator[_Use]:
    """Yield the use of a key on most of the last DAYS, and far more of it today in a spike."""
    weight = chance.choice((1, 1, 1, 2, 3, 8))
    model, provider = MODELS[chance.choice((0, 0, 0, 1, 1, 2, 3))]
    for ago in range(DAYS):
        requests = weight * chance.randrange(40)
        if ago == 0 and has_spike:
            requests = 900 + 100 * weight
        if not requests:
            continue
        day = now.astimezone(UTC).date() - timedelta(days=ago)
        event = ActivityEvent(
            event_id=new_event_id(),
            user_id=key.user_id,
            api_key_id=key.pk,
            model=model,
            provider=provider,
            tokens=requests * chance.randrange(50, 900),
            cost=Decimal(requests) / 500,
            timestamp=max(
                now - timedelta(days=ago, seconds=chance.randrange(3600)),
                datetime.combine(day, time.min, UTC),
            ),
            finish_reason=chance.choice(("session_created", "messages_appended")),
            app="chat",
        )
        yield _Use(key, day, requests, event)


def _referrals(users: list[User], now: datetime) -> None:
    """Let every sixth user bring two others, one of whom has earned the bonus of both."""
    for number, referrer in enumerate(users[:-2:6]):
        ReferralCode.objects.create(user=referrer, code=f"DEMO{number:04}", max_uses=10)
        for friend, is_complete in zip(users[6 * number + 1 :][:2], (True, False), strict=True):
            earned_at = now - timedelta(days=number % 20)
            referral = Referral.objects.create(
                referrer=referrer,
                referred_user=friend,
                bonus=Decimal(5),
                created_at=earned_at - timedelta(days=9),
                completed_at=earned_at if is_complete else None,
            )
            if is_complete:
                Credit.objects.bulk_create(
                    Credit(
                        user=user,
                        amount=referral.bonus,
                        reason=reason,
                        cause=f"referral:{referral.pk}",
                        created_at=earned_at,
                    )
                    for user, reason in ((referrer, "referral_made"), (friend, "referral_used"))
                )


def _notifications(users: list[User], now: datetime, chance: random.Random) -> None:
    """Create one notification for each user, of which a third failed, and some preferences."""
    Notification.objects.bulk_create(
        Notification(
            user=user,
            kind=chance.choice((Notification.Kind.QUOTA_WARNING, Notification.Kind.KEY_EXPIRING)),
            cause=f"demo {number}",
            channel=chance.choice(Notification.Channel.values),
            details={"percent": 80},
            status=Notification.Status.FAILED if number % 3 == 0 else Notification.Status.SENT,
            error="HTTP 503" if number % 3 == 0 else "",
            attempts=5 if number % 3 == 0 else 1,
            created_at=now - timedelta(hours=number),
            finished_at=now - timedelta(hours=number),
        )
        # The newest is created last.
        for number, user in reversed(list(enumerate(users)))
    )
    NotificationPreferences.objects.bulk_create(
        NotificationPreferences(user=user, webhook_url="https://hooks.example.com/gatewayz")
        for user in users[::5]
    )


def _denials(keys: list[ApiKey], now: datetime, chance: random.Random) -> None:
    """Deny every ninth key in the last day, and reject every eleventh by limits today."""
    origin = current_origin()
    hours = sorted(chance.choice((1, 2, 3, 8, 15, 23)) for _ in keys[::9])
    for key, ago in zip(keys[::9], reversed(hours), strict=True):
        reason = chance.choice(("expired_key", "ip_not_allowed", "inactive_key"))
        at = replace(origin, at=now - timedelta(hours=ago))
        write_entry(at, f"refused_{reason}", key.user_id, audit.key_target(key.pk))
    for key in keys[::11]:
        code = chance.choice(("requests_per_minute", "tokens_per_day", "concurrent_requests"))
        for _ in range(chance.randrange(1, 20)):
            record_rejection(key.user_id, key.pk, code)


def _failures(users: list[User], now: datetime) -> None:
    """Set some events aside, and let some tasks of the worker fail."""
    ActivityDeadLetter.objects.bulk_create(
        ActivityDeadLetter(
            digest=sha256(str(user.pk).encode()).hexdigest(),
            event=f'{{"user_id": {user.pk}, "tokens": -1}}'.encode(),
            error="ValueError: tokens must not be negative",
            set_aside_at=now - timedelta(hours=number),
        )
        for number, user in enumerate(users[:3])
    )
    Task.objects.bulk_create(
        Task(
            id=f"{number:032}",
            name=name,
            func=func,
            started=now - timedelta(hours=number, seconds=9),
            stopped=now - timedelta(hours=number),
            success=False,
            attempt_count=1,
            result=f"{error} : Traceback (most recent call last):\n  …\n{error}",
        )
        for number, (name, func, error) in enumerate(FAILED_TASKS)
    )
