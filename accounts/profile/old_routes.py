"""Paths below /user that only clients of the old service call. See gatewayz.api.old_shapes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import path
from rest_framework import serializers

from accounts.activity.totals import activity_totals
from accounts.key_limits.status import limits_of_key
from accounts.models import Credit
from accounts.principals.principal import AuthenticatedRequest
from accounts.profile.old_shapes import balance_of, shown_key
from accounts.profile.views import ProfileView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import flat
from gatewayz.api.paging import PageInput, page_of
from gatewayz.api.serializing import validated
from gatewayz.api.view import ApiView

# The old service counted from the beginning; the daily totals begin with the service.
_ALL_DAYS = timedelta(days=3_650)


class AccountView(ApiView):
    """`DELETE /user/account`, which is `DELETE /user/profile` today."""

    scope_resource = "profile"
    scope_level = "admin"

    def delete(self, request: AuthenticatedRequest) -> JSONResponse:
        return ProfileView().delete(request)


class OwnFiguresView(ApiView):
    scope_resource = "plan"


class BalanceView(OwnFiguresView):
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        return success(
            {
                "user_id": request.user.user_id,
                "api_key": shown_key(request),
                "credits": balance_of(request.user.user_id),
            },
            old=lambda data: {**flat(data), "status": "active"},
        )


class MonitorView(OwnFiguresView):
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        today = datetime.now(UTC).date()
        ever = activity_totals(request.user, today - _ALL_DAYS, today)
        month = activity_totals(request.user, today.replace(day=1), today)
        day = activity_totals(request.user, today, today)
        metrics: dict[str, Any] = {
            f"{old}{suffix}": totals[new]
            for totals, prefix, suffix in (
                (ever, "total_", ""),
                (day, "", "_today"),
                (month, "", "_this_month"),
            )
            for old, new in (
                (f"{prefix}requests", "total_requests"),
                (f"{prefix}tokens", "total_tokens"),
                (f"{prefix}cost", "total_spend"),
            )
        }
        requests = ever["total_requests"]
        metrics["average_tokens_per_request"] = (
            round(ever["total_tokens"] / requests, 2) if requests else 0.0
        )
        metrics["most_used_model"] = next(iter(ever["by_model"]), "No models used")
        metrics["last_request_time"] = None
        return success(
            {
                "user_id": request.user.user_id,
                "api_key": shown_key(request),
                "current_credits": balance_of(request.user.user_id),
                "usage_metrics": metrics,
                "rate_limits": limits_of_key(request.user),
            },
            old=flat,
        )


class LimitView(OwnFiguresView):
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        now = datetime.now(UTC)
        minute = now.replace(second=0, microsecond=0)
        hour = minute.replace(minute=0)
        return success(
            {
                "api_key": shown_key(request),
                "current_limits": limits_of_key(request.user),
                # A caller at a limit gets 429 here too.
                "current_usage": {"allowed": True, "reason": "Within limits"},
                "reset_times": {
                    "minute": minute + timedelta(minutes=1),
                    "hour": hour + timedelta(hours=1),
                    "day": hour.replace(hour=0) + timedelta(days=1),
                },
            },
            old=flat,
        )


class TransactionsInput(PageInput):
    transaction_type = serializers.CharField(max_length=64, required=False)


class CreditTransactionsView(OwnFiguresView):
    """The ledger of credits, newest first, with the balance before and after each entry."""

    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(TransactionsInput, request.query_params)
        owned = Credit.objects.owned_by(request.user)
        earlier = Credit.objects.filter(user_id=OuterRef("user_id"), id__lte=OuterRef("id"))
        total = earlier.order_by().values("user_id").annotate(sum=Sum("amount")).values("sum")
        entries = owned.annotate(balance_after=Subquery(total)).order_by("-id")
        if "transaction_type" in given:
            entries = entries.filter(reason=given["transaction_type"])
        found, count = page_of(entries, limit=given["limit"], offset=given["offset"])
        rows: list[Any] = list(found)
        data = {
            "transactions": [_transaction(entry, entry.balance_after) for entry in rows],
            "summary": _summary(owned),
            "total": count,
            "limit": given["limit"],
            "offset": given["offset"],
        }
        return success(data, old=flat)


class TrialStatusView(OwnFiguresView):
    """There are no trials: every user has a plan."""

    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        trial = {
            "is_trial": False,
            "is_valid": True,
            "is_expired": False,
            "trial_end_date": None,
            "remaining_tokens": 0,
            "remaining_requests": 0,
            "remaining_credits": 0.0,
        }
        return success(
            trial,
            message="Trial status retrieved successfully",
            old=lambda data: {"trial_status": data},
        )


def _transaction(entry: Credit, balance: Decimal) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "amount": float(entry.amount),
        "transaction_type": entry.reason,
        "description": entry.reason.replace("_", " "),
        "balance_before": float(balance - entry.amount),
        "balance_after": float(balance),
        "created_at": entry.created_at,
        "metadata": {},
    }


def _summary(entries: QuerySet[Credit]) -> dict[str, Any]:
    zero = Decimal(0)
    sums = entries.aggregate(
        added=Coalesce(Sum("amount", filter=Q(amount__gt=0)), zero),
        used=Coalesce(Sum("amount", filter=Q(amount__lt=0)), zero),
        credits=Count("id", filter=Q(amount__gt=0)),
        entries=Count("id"),
    )
    change = float(sums["added"] + sums["used"])
    return {
        "total_transactions": sums["entries"],
        "total_credits_added": float(sums["added"]),
        "total_credits_used": -float(sums["used"]),
        "net_change": change,
        "average_transaction": change / sums["entries"] if sums["entries"] else 0.0,
        "transaction_count_by_direction": {
            "credits": sums["credits"],
            "charges": sums["entries"] - sums["credits"],
        },
    }


urlpatterns = [
    path("trial/status", TrialStatusView.as_view()),
    path("user/account", AccountView.as_view()),
    path("user/balance", BalanceView.as_view()),
    path("user/credit-transactions", CreditTransactionsView.as_view()),
    path("user/limit", LimitView.as_view()),
    path("user/monitor", MonitorView.as_view()),
]
