"""Statistics of a user's referral code."""

from typing import Any

from django.db.models import Count, Q

from accounts.models import Credit, Referral, ReferralCode
from accounts.principals.principal import Principal


def referral_statistics(owner: Principal, code: ReferralCode) -> dict[str, Any]:
    """Return the statistics of `owner`, whose code is `code`, by the contract's names.

    Three statements. Bonuses are counted, `balance` is in US dollars, and `referred_by_code` is
    the code that `owner` applied.
    """
    counts = Referral.objects.made_by(owner).aggregate(
        total=Count("id"), completed=Count("id", filter=Q(completed_at__isnull=False))
    )
    ledger = Credit.objects.owned_by(owner)
    came_by = ReferralCode.objects.filter(user__referrals_made__referred_user_id=owner.user_id)
    return {
        "referral_code": code.code,
        "total_uses": counts["total"],
        "max_uses": code.max_uses,
        "remaining_uses": max(0, code.max_uses - counts["total"]),
        "completed_bonuses": counts["completed"],
        "pending_bonuses": counts["total"] - counts["completed"],
        "balance": float(ledger.balance()),
        "referred_by_code": came_by.values_list("code", flat=True).first(),
    }
