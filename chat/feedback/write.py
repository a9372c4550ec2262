"""Verbs on feedback: giving, changing, withdrawing and counting it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.plans.storage import check_storage
from accounts.principals.principal import Principal
from chat.activity import record_chat
from chat.models import ChatMessage, ChatSession, Feedback
from gatewayz.request import deadline


def give_feedback(
    owner: Principal,
    *,
    feedback_type: str,
    session_id: int | None = None,
    message_id: int | None = None,
    model: str | None = None,
    **given: Any,
) -> Feedback:
    """Store feedback of `owner` on a message, on a session, or in general.

    Session and model default to those of the message or session; `given` may hold `rating` (1–5),
    `comment` and `metadata` (JSON).

    A thumb replaces the previous thumb of `owner` on the same message.

    Raises Http404 when `owner` has no such session, or the session no such message.
    """
    check_storage(owner)
    subject = _subject_of(owner, session_id, message_id)
    fields = {
        "session_id": subject.session_id if isinstance(subject, ChatMessage) else session_id,
        "message_id": message_id,
        "feedback_type": feedback_type,
        "model": model or (subject.model if subject else ""),
        **given,
    }
    if isinstance(subject, ChatMessage) and feedback_type in _THUMBS:
        feedback = _give_thumb(owner, subject, fields)
    else:
        feedback = Feedback.objects.create(user_id=owner.user_id, **fields)
    record_chat(
        owner,
        "save_feedback",
        "feedback_saved",
        model=feedback.model,
        feedback_id=feedback.pk,
        feedback_type=feedback_type,
    )
    return feedback


_THUMBS = (Feedback.Type.THUMBS_UP, Feedback.Type.THUMBS_DOWN)


def _give_thumb(owner: Principal, message: ChatMessage, fields: dict[str, Any]) -> Feedback:
    """Replace the previous thumbs of `owner` on `message` by one with `fields`."""
    with transaction.atomic():
        # Concurrent thumbs wait for each other here, and the message must still exist.
        locked = ChatMessage.objects.filter(user_id=owner.user_id, pk=message.pk)
        if not locked.select_for_update(no_key=True).values("pk").first():
            raise Http404
        thumbs = Feedback.objects.owned_by(owner).filter(
            session_id=message.session_id, message_id=message.pk, feedback_type__in=_THUMBS
        )
        latest = thumbs.newest_first().first()
        if latest is None:
            return Feedback.objects.create(user_id=owner.user_id, **fields)
        thumbs.exclude(pk=latest.pk).delete()
        unsaid = {"rating": None, "comment": None, "metadata": None}
        for name, value in {**unsaid, **fields, "updated_at": timezone.now()}.items():
            setattr(latest, name, value)
        latest.save()
        return latest


def _subject_of(
    owner: Principal, session_id: int | None, message_id: int | None
) -> ChatMessage | ChatSession | None:
    """Return the message or session that feedback is about, or None."""
    if message_id is not None:
        messages = ChatMessage.objects.owned_by(owner)
        if session_id is not None:
            messages = messages.filter(session_id=session_id)
        return get_object_or_404(messages, pk=message_id)
    if session_id is not None:
        return get_object_or_404(ChatSession.objects.owned_by(owner).active(), pk=session_id)
    return None


def change_feedback(owner: Principal, feedback_id: int, **given: Any) -> Feedback:
    """Change feedback of `owner`: `feedback_type`, `rating`, `comment`, `metadata`.

    Fields that are None stay unchanged. Raises Http404 when there is no such feedback.
    """
    owned = Feedback.objects.owned_by(owner)
    feedback = owned.filter(pk=feedback_id)
    changed = {name: value for name, value in given.items() if value is not None}
    if changed:
        feedback.update(updated_at=timezone.now(), **changed)
    if changed.get("feedback_type") in _THUMBS:
        # Feedback that becomes a thumb also replaces the previous thumb.
        of_message = feedback.exclude(message_id=None).values("session_id", "message_id")
        for subject in of_message:
            thumbs = owned.filter(feedback_type__in=_THUMBS, **subject)
            thumbs.exclude(pk=feedback_id).delete()
    with deadline.extended():
        found = get_object_or_404(feedback)
        record_chat(
            owner,
            "update_feedback",
            "feedback_updated",
            model=found.model,
            feedback_id=feedback_id,
            changed=sorted(changed),
        )
    return found


def withdraw_feedback(owner: Principal, feedback_id: int) -> None:
    """Delete feedback of `owner`. Raises Http404 when there is no such feedback."""
    # Django's delete opens a transaction anyway.
    with transaction.atomic():
        deleted, _ = Feedback.objects.owned_by(owner).filter(pk=feedback_id).delete()
        if not deleted:
            raise Http404
        record_chat(owner, "delete_feedback", "feedback_deleted", feedback_id=feedback_id)


def feedback_statistics(
    owner: Principal, *, since: datetime, model: str | None = None
) -> dict[str, Any]:
    """Return counts, rates (in percent) and the average rating, overall and by model.

    Without feedback, the rates are 0 and the average is None. One statement.
    """
    feedback = Feedback.objects.owned_by(owner).filter(created_at__gte=since)
    if model:
        feedback = feedback.filter(model=model)
    counted = feedback.order_by("model").values("model")
    annotated = counted.annotate(
        **{kind: Count("id", filter=Q(feedback_type=kind)) for kind in Feedback.Type.values},
        ratings=Count("rating"),
        stars=Sum("rating", default=0),
    )
    by_model: list[dict[str, Any]] = [dict(row) for row in annotated]
    names = (*Feedback.Type.values, "ratings", "stars")
    in_all = {name: sum(row[name] for row in by_model) for name in names}
    return {
        **_figures(in_all),
        "by_model": {row["model"]: _figures(row) for row in by_model},
    }


def _figures(counts: dict[str, Any]) -> dict[str, Any]:
    total = sum(counts[kind] for kind in Feedback.Type.values)
    return {
        "total_feedback": total,
        **{kind: counts[kind] for kind in Feedback.Type.values},
        **{
            f"{kind}_rate": round(100 * counts[kind] / total, 2) if total else 0.0
            for kind in Feedback.Type.values
        },
        "average_rating": (
            round(counts["stars"] / counts["ratings"], 2) if counts["ratings"] else None
        ),
    }
