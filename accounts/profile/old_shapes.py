"""Fields that clients of the old service expect in the profile. See gatewayz.api.old_shapes."""

from typing import Any

from django.db.models import Subquery, Sum
from django.utils import timezone

from accounts.models import Credit, Plan, User
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.old_shapes import OldShape, status

_TIERS = {Plan.Type.FREE: "basic", Plan.Type.ENTERPRISE: "max"}


def shown_key(request: AuthenticatedRequest) -> str:
    """The beginning of the caller's own key."""
    return f"{str(request.META.get('HTTP_AUTHORIZATION', ''))[len('Bearer ') :][:10]}..."


def balance_of(user_id: int) -> float:
    """The user's balance in US dollars."""
    return float(Credit.objects.filter(user_id=user_id).balance())


def profile(request: AuthenticatedRequest, user: User) -> OldShape:
    """The profile of `user`, flat, with the balance and the plan. One statement."""

    def shape(data: Any) -> dict[str, Any]:
        ledger = Credit.objects.filter(user_id=user.pk).order_by()
        sums = ledger.values("user_id").annotate(sum=Sum("amount")).values("sum")
        plan = Plan.objects.filter(users=user.pk).annotate(balance=Subquery(sums)).get()
        return flat_profile(user, plan, float(plan.balance or 0), shown_key(request))

    return shape


def flat_profile(user: User, plan: Plan, balance: float, api_key: str) -> dict[str, Any]:
    """A profile with three names for the balance, and the plan as a tier."""
    return {
        **status(),
        "user_id": user.pk,
        "api_key": api_key,
        "username": user.username,
        "name": user.name or user.username,
        # Clients call string methods on it.
        "email": user.email or "",
        "credits": balance,
        "subscription_allowance": 0.0,
        "purchased_credits": balance,
        "total_credits": balance,
        "allowance_reset_date": None,
        "auth_method": "wallet" if user.email is None else "email",
        "subscription_status": "inactive" if plan.plan_type == Plan.Type.FREE else "active",
        "subscription_end_date": None,
        "tier": _TIERS.get(Plan.Type(plan.plan_type), "pro"),
        "tier_display_name": plan.name,
        "trial_expires_at": None,
        "is_active": user.is_active,
        "registration_date": user.created_at,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "settings": user.settings,
        "preferences": user.preferences,
    }


def erased(user_id: int) -> OldShape:
    """The answer of erasing an account."""
    now = timezone.now()
    return lambda data: {**status(), "user_id": str(user_id), "timestamp": now}
