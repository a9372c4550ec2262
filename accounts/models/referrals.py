"""Referral codes, referrals and the ledger of credits."""

from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Sum
from django.utils import timezone

from accounts.principals.principal import Principal
from gatewayz.templatetags.words import in_words


class ReferralCode(models.Model):
    """The code that one user passes on to others."""

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
        """Referrals by one user's code (idx_referrals_referrer_id)."""
        return self.filter(referrer_id=owner.user_id)

    def pending(self) -> Self:
        """Referrals whose bonus is not earned yet (idx_referrals_pending)."""
        return self.filter(completed_at=None)

    def completed(self) -> Self:
        return self.exclude(completed_at=None)

    def newest_first(self) -> Self:
        return self.order_by("-id")


class Referral(models.Model):
    """A user signed up with the code of another. Completing it credits the bonus.

    The row stays when one of the two is erased: erasing an account must neither let the user be
    referred again nor free a use of the code.
    """

    referrer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="referrals_made",
        # Served by idx_referrals_referrer_id.
        db_index=False,
    )
    # One to one, because a user applies one code, once.
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
        return f"{self.referred_user or 'Erased user'} by {self.referrer or 'erased user'}"


class CreditQuerySet(models.QuerySet["Credit"]):
    def owned_by(self, owner: Principal) -> Self:
        return self.filter(user_id=owner.user_id)

    def balance(self) -> Decimal:
        """Return the sum of these entries in US dollars."""
        total: Decimal = self.aggregate(total=Sum("amount", default=Decimal(0)))["total"]
        return total


class Credit(models.Model):
    """An entry of the ledger; the database rejects changing or deleting it.

    A balance is the sum of its owner's entries; debits are negative.
    """

    # Outlives the user, so there is no constraint; it then belongs to nobody.
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
            # Covers a balance: it is read from this index alone.
            models.UniqueConstraint(
                fields=["user", "cause"], include=["amount"], name="uniq_credits_user_cause"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {in_words(self.reason).lower()}"
