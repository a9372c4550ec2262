"""Believable data for screenshots, tests and trying the admin: `manage.py seed_demo --big`."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.activity.events import new_event_id
from accounts.keys import create_key
from accounts.limits.store import record_rejection
from accounts.models import (
    ActivityDay,
    ActivityEvent,
    ApiKey,
    ApiKeyDay,
    Notification,
    Plan,
    User,
)
from accounts.models.notifications import ApiKeyNetwork
from chat.models import ChatDay, ChatMessage, ChatSession, Feedback, Share

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
MODELS = (("openai/gpt-4o", "openai"), ("anthropic/claude-sonnet", "anthropic"))
# Title, question and answer, in scripts that run left to right and right to left.
TALKS = (
    ("Quarterly report", "Summarise the **report**.", "1. Revenue grew\n2. Costs fell\n\nGood."),
    ("Bug in the parser", "Why does `parse` fail?", "```python\nparse(text.strip())\n```"),
    (
        "旅行の計画",
        "京都で三日間の予定を立ててください。",
        "一日目は**伏見稲荷**、二日目は嵐山です。",
    ),
    ("خطة السفر", "ما أفضل وقت لزيارة القاهرة؟", "أفضل وقت من **نوفمبر** إلى فبراير."),
    ("מתכון לחלה", "איך אופים חלה?", "מערבבים, לשים ומחכים **שעה**."),
    ("Рецепт борща", "Как приготовить борщ?", "Сначала сварите бульон, потом добавьте свёклу."),
    ("बजट", "मेरा बजट बनाओ", "आय से **बचत** घटाइए।"),
    (
        "Birthday party 🎉",
        "Ideas for a party of ten?",
        "| Time | What |\n|---|---|\n| 15:00 | Cake |",
    ),
)
DAYS = 30


def make_demo_data(user_count: int) -> None:
    """Create `user_count` users with keys, chats, activity, rejections and failed deliveries.

    Writes in bulk. May be run once per database.
    """
    chance = random.Random(7)  # noqa: S311, the same data each time
    now = timezone.now()
    with transaction.atomic():
        users = [_user(number, chance) for number in range(user_count)]
        keys = [key for number, user in enumerate(users) for key in _keys(number, user, chance)]
        _chats(users, now, chance)
        _activity(keys, now, chance)
        _troubles(users, keys, now, chance)


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
        user.plan_id = chance.choice(plan_ids)
        user.save()
        audit.record(
            "user_changed",
            user_id=user.pk,
            target=audit.user_target(user.pk),
            before={"plan": before},
            after={"plan": user.plan_id},
        )
    return user


def _keys(number: int, user: User, chance: random.Random) -> list[ApiKey]:
    names = ("Laptop", "Production server", "Phone", "CI")[: 1 + number % 4]
    made = [create_key(user, key_name=name)[0] for name in names]
    ApiKeyNetwork.objects.bulk_create(
        ApiKeyNetwork(
            api_key=key,
            network=f"203.0.{key.pk % 250 + ago}.0/24",
            first_seen_on=timezone.now().date() - timedelta(days=3 * ago),
            last_seen_on=timezone.now().date() - timedelta(days=ago),
        )
        for key in made
        for ago in range(chance.randrange(1, 4))
    )
    return made


def _chats(users: list[User], now: datetime, chance: random.Random) -> None:
    sessions = []
    for user in users:
        for _ in range(chance.randrange(2, 14)):
            title, _, _ = chance.choice(TALKS)
            at = now - timedelta(minutes=chance.randrange(DAYS * 1440))
            model, _ = chance.choice(MODELS)
            is_deleted = chance.random() < 0.1
            sessions.append(
                ChatSession(
                    user=user,
                    title=title,
                    model=model,
                    created_at=at,
                    updated_at=at,
                    is_active=not is_deleted,
                )
            )
    ChatSession.objects.bulk_create(sessions)
    talks = {title: (question, answer) for title, question, answer in TALKS}
    ChatMessage.objects.bulk_create(
        (
            ChatMessage(
                session=session,
                role=("user", "assistant")[turn % 2],
                content=talks[session.title][turn % 2],
                tokens=chance.randrange(5, 400),
                created_at=session.created_at + timedelta(seconds=20 * turn),
            )
            for session in sessions
            for turn in range(2 * chance.randrange(1, 5))
        ),
        batch_size=1_000,
    )
    Share.objects.bulk_create(
        Share(user=session.user, session=session, token=f"demo{session.pk:028}")
        for session in sessions[::20]
    )
    Feedback.objects.bulk_create(
        Feedback(
            user=session.user,
            session=session,
            feedback_type=chance.choice(Feedback.Type.values),
            comment=chance.choice(("Just what I needed.", "The second step is wrong.", None)),
            model=session.model,
        )
        for session in sessions[::7]
    )
    ChatDay.objects.bulk_create(
        (
            ChatDay(
                day=now.astimezone(UTC).date() - timedelta(days=ago),
                sessions=len(users) * 3 + chance.randrange(len(users) + 1),
                messages=len(users) * 20 + chance.randrange(len(users) + 1),
            )
            for ago in range(1, DAYS + 1)
        ),
        ignore_conflicts=True,
    )


def _activity(keys: list[ApiKey], now: datetime, chance: random.Random) -> None:
    events = []
    days: dict[tuple[int, date], tuple[int, int, Decimal]] = {}
    for key in keys:
        for ago in range(DAYS):
            requests = chance.randrange(40)
            if not requests:
                continue
            at = now - timedelta(days=ago, seconds=chance.randrange(3600))
            model, provider = chance.choice(MODELS)
            tokens, spend = requests * chance.randrange(50, 900), Decimal(requests) / 500
            events.append(
                ActivityEvent(
                    event_id=new_event_id(),
                    user_id=key.user_id,
                    api_key_id=key.pk,
                    timestamp=at,
                    model=model,
                    provider=provider,
                    tokens=tokens,
                    cost=spend,
                    finish_reason=chance.choice(("session_created", "messages_appended")),
                    app="chat",
                )
            )
            days.setdefault((key.pk, at.astimezone(UTC).date()), (requests, tokens, spend))
    ActivityEvent.objects.bulk_create(events, batch_size=1_000)
    ApiKeyDay.objects.bulk_create(
        ApiKeyDay(api_key_id=key_id, day=day, requests=requests, tokens=tokens, spend=spend)
        for (key_id, day), (requests, tokens, spend) in days.items()
    )
    owners = {key.pk: key.user_id for key in keys}
    totals: dict[tuple[int, date], list] = {}
    for (key_id, day), figures in days.items():
        total = totals.setdefault((owners[key_id], day), [0, 0, Decimal(0)])
        for place, figure in enumerate(figures):
            total[place] += figure
    model, provider = MODELS[0]
    ActivityDay.objects.bulk_create(
        ActivityDay(
            user_id=user_id,
            day=day,
            model=model,
            provider=provider,
            requests=requests,
            tokens=tokens,
            spend=spend,
            logged=1,
        )
        for (user_id, day), (requests, tokens, spend) in totals.items()
    )


def _troubles(users: list[User], keys: list[ApiKey], now: datetime, chance: random.Random) -> None:
    """Failed deliveries, denied keys, and keys that run into limits."""
    Notification.objects.bulk_create(
        Notification(
            user=user,
            kind=Notification.Kind.QUOTA_WARNING,
            cause=f"demo {number}",
            channel=chance.choice(Notification.Channel.values),
            details={"percent": 80},
            status=Notification.Status.FAILED if number % 3 == 0 else Notification.Status.SENT,
            error="HTTP 503" if number % 3 == 0 else "",
            attempts=5 if number % 3 == 0 else 1,
            created_at=now - timedelta(hours=number),
            finished_at=now - timedelta(hours=number),
        )
        for number, user in enumerate(users)
    )
    for key in keys[::9]:
        audit.record("refused_expired_key", user_id=key.user_id, target=audit.key_target(key.pk))
    for key in keys[::11]:
        for _ in range(chance.randrange(1, 20)):
            record_rejection(key.user_id, key.pk, "requests_per_minute")
