"""Realistic data for screenshots, tests and trying the admin: `manage.py seed_demo --big`."""

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.demo import DAYS, MODELS, make_accounts
from accounts.models import User
from chat.daily_counts import count_days
from chat.models import ChatDay, ChatMessage, ChatSession, Feedback, Share

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


# Calls of tools that some assistants make before they answer, and the results.
TOOL_CALLS = [
    {
        "id": "call_1",
        "type": "function",
        "function": {"name": "search_web", "arguments": '{"query": "opening hours"}'},
    }
]
TOOL_ANSWER = '{"results": [{"title": "Opening hours", "text": "Daily from 9 to 17."}]}'


def make_demo_data(user_count: int) -> None:
    """Create `user_count` users with keys, chats, activity, rejections and failed deliveries.

    Writes in bulk. May be run once per database.
    """
    chance = random.Random(7)  # noqa: S311, the same data each time
    now = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # PostgreSQL has no statistics of an empty table yet, so placing messages is slow.
            cursor.execute("SET LOCAL statement_timeout = 0")
        users = make_accounts(user_count, now, chance)
        sessions = _sessions(users, now, chance)
        ChatMessage.objects.bulk_create(
            (message for session in sessions for message in _talk(session, chance)),
            batch_size=1_000,
        )
        _feedback_and_links(sessions, chance)
        # A worker may have counted the days when they had no chats.
        ChatDay.objects.all().delete()
        count_days()


def _sessions(users: list[User], now: datetime, chance: random.Random) -> list[ChatSession]:
    """Create the chats of the last DAYS days, more of them lately; some are deleted."""
    sessions = []
    for user in users:
        for _ in range(chance.randrange(2, 24)):
            title, _, _ = chance.choice(TALKS)
            at = now - timedelta(minutes=int(DAYS * 1440 * chance.random() ** 1.5))
            deleted_at = None if chance.random() > 0.1 else at + (now - at) / 2
            sessions.append(
                ChatSession(
                    user=user,
                    title=title,
                    model=chance.choice(MODELS)[0],
                    created_at=at,
                    updated_at=deleted_at or at,
                    deleted_at=deleted_at,
                    is_active=deleted_at is None,
                )
            )
    sessions.sort(key=lambda session: session.created_at)
    return ChatSession.objects.bulk_create(sessions)


def _talk(session: ChatSession, chance: random.Random) -> list[ChatMessage]:
    """Return the messages of a session, one in five of which calls a tool."""
    question, answer = next((q, a) for title, q, a in TALKS if title == session.title)
    turns: list[tuple[str, str, dict[str, Any] | None]] = []
    for _ in range(chance.randrange(1, 5)):
        turns.append(("user", question, None))
        if chance.random() < 0.2:
            turns.append(("assistant", "", {"tool_calls": TOOL_CALLS}))
            turns.append(("tool", TOOL_ANSWER, {"tool_call_id": "call_1"}))
        turns.append(("assistant", answer, None))
    return [
        ChatMessage(
            session=session,
            role=role,
            content=content,
            extra=extra,
            model=session.model if role == "assistant" else "",
            tokens=chance.randrange(5, 400),
            created_at=session.created_at + timedelta(seconds=20 * place),
        )
        for place, (role, content, extra) in enumerate(turns)
    ]


def _feedback_and_links(sessions: list[ChatSession], chance: random.Random) -> None:
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
