"""Who brought whom, and the credits that came of it."""

from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Sum
from django.utils import timezone

from accounts.principals.principal import Principal


class ReferralCode(models.Model):
    """What one user passes on to others."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="referral_code",
    )
    code = models.CharField(max_length=16, editable=False)
    max_uses = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "referral_codes"
        constraints = [
            models.UniqueConstraint(fields=["code"], name="uniq_referral_codes_code"),
        ]

    def __str__(self) -> str:
        return self.code


class ReferralQuerySet(models.QuerySet["Referral"]):
    def made_by(self, owner: Principal) -> Self:
        """Those whom one user brought (idx_referrals_referrer_id)."""
        return self.filter(referrer_id=owner.user_id)

    def pending(self) -> Self:
        """Those whose bonus waits (idx_referrals_pending)."""
        return self.filter(completed_at=None)

    def completed(self) -> Self:
        return self.exclude(completed_at=None)

    def newest_first(self) -> Self:
        return self.order_by("-id")


class Referral(models.Model):
    """One user came by the code of another. The bonus is due once it is completed.

    It stays when one of them is erased: whoever erases an account must not be brought again, nor
    get a use of the code back.
    """

    referrer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="referrals_made",
        # idx_referrals_referrer_id serves it.
        db_index=False,
    )
    # One to one: a user applies one code, once.
    referred_user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="referral",
    )
    bonus = models.DecimalField(
        max_digits=12, decimal_places=2, help_text="US dollars, for each of the two"
    )
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Referral"]] = ReferralQuerySet.as_manager()

    class Meta:
        db_table = "referrals"
        indexes = [
            models.Index(fields=["referrer", "-id"], name="idx_referrals_referrer_id"),
            models.Index(
                fields=["id"],
                name="idx_referrals_pending",
                condition=models.Q(completed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"User {self.referred_user_id} by user {self.referrer_id}"


class CreditQuerySet(models.QuerySet["Credit"]):
    def owned_by(self, owner: Principal) -> Self:
        return self.filter(user_id=owner.user_id)

    def balance(self) -> Decimal:
        """The sum of these entries, in US dollars."""
        total: Decimal = self.aggregate(total=Sum("amount", default=Decimal(0)))["total"]
        return total


class Credit(models.Model):
    """An entry of the ledger: never changed nor deleted, which the database sees to.

    A balance is the sum of its owner's entries; what takes from it is negative.
    """

    # Outlives the user: no constraint, and without the user it is nobody's.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="credits",
        db_constraint=False,
        db_index=False,
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2, help_text="US dollars")
    reason = models.CharField(max_length=64)
    cause = models.CharField(max_length=100, help_text="Credited once")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Credit"]] = CreditQuerySet.as_manager()

    class Meta:
        db_table = "credits"
        constraints = [
            # A balance is read from this index alone.
            models.UniqueConstraint(
                fields=["user", "cause"], include=["amount"], name="uniq_credits_user_cause"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.reason}"
