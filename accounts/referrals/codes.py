"""Referral codes: creating, checking and applying them."""

import re
import secrets
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef
from rest_framework.exceptions import NotFound

from accounts import limits
from accounts.models import Referral, ReferralCode, User
from accounts.principals.principal import Principal
from gatewayz.errors import Conflict

# Without 0, O, 1, I and L, which people confuse.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
# 31^10 codes: with a million in use, one guess in 800 million succeeds.
_CODE_CHARS = 10
_TRIES = 5

_MADE_OF_ADDRESS = re.compile(r"-[0-9a-f]{16}$")

# Limits guessing; nobody applies that many codes in good faith.
_ATTEMPTS_PER_HOUR = 20


class CodeRejected(Conflict):
    """409: the code exists, but this user may not apply it."""

    default_code = "code_refused"


def code_of(owner: Principal) -> tuple[ReferralCode, bool]:
    """Return the code of `owner`, and whether it was created just now. Each user has one."""
    for _ in range(_TRIES):
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
        try:
            # get_or_create returns the code that a concurrent request has created.
            return ReferralCode.objects.get_or_create(
                user_id=owner.user_id,
                defaults={"code": code, "max_uses": settings.REFERRAL_MAX_USES},
            )
        except IntegrityError:
            # Another user already has this code.
            continue
    raise RuntimeError(f"{_TRIES} random referral codes were all taken")


def check_code(owner: Principal, text: str) -> dict[str, Any]:
    """Return whether `owner` may apply the code, in the contract's form; one statement.

    Raises LimitExceeded (429) after too many attempts.
    """
    _count_attempt(owner)
    try:
        code = _usable_code(owner, text)
    except (NotFound, CodeRejected) as error:
        return {"valid": False, "message": str(error.detail), "referrer_username": None}
    return {
        "valid": True,
        "message": "This referral code is valid.",
        "referrer_username": shown_name(code.user),
    }


def apply_code(owner: Principal, text: str) -> Referral:
    """Record that `owner` was referred by another user's code. The bonus is then pending.

    Raises NotFound when there is no such code; CodeRejected when the code is `owner`'s own or used
    up, when `owner` has applied one before, or when the two would have referred each other; and
    LimitExceeded (429) after too many attempts.
    """
    _count_attempt(owner)
    with transaction.atomic():
        referrer_id = _usable_code(owner, text).user_id
        # Locks both users in a fixed order, so that two users who apply each other's codes, or
        # many who apply the last use of one, are handled one after the other.
        both = User.objects.filter(pk__in=[owner.user_id, referrer_id]).order_by("pk")
        list(both.select_for_update(no_key=True).values_list("pk"))
        code = _usable_code(owner, text)
        return Referral.objects.create(
            referrer=code.user,
            referred_user_id=owner.user_id,
            bonus=settings.REFERRAL_BONUS_DOLLARS,
        )


def shown_name(user: User) -> str:
    """Return a user's name as others may see it; only its first letter if it reveals the address.

    Users may be named by their address or by the part before its @, as in the old service, or, in
    an earlier release, by that part and 16 hexadecimal digits.
    """
    name = user.username
    local = (user.email or "").partition("@")[0].lower()
    tells = "@" in name or (local and local in name.lower()) or _MADE_OF_ADDRESS.search(name)
    return f"{name[:1]}…" if tells else name


def _count_attempt(owner: Principal) -> None:
    """Count one attempt, in one round trip; with Redis down, RATE_LIMITS_FAIL_OPEN decides."""
    decision = limits.hit(
        "referral-codes", str(owner.user_id), limit=_ATTEMPTS_PER_HOUR, window_seconds=3600
    )
    if not decision.allowed:
        raise limits.LimitExceeded(decision)


def _usable_code(owner: Principal, text: str) -> Any:
    """Return the code that a user typed as `text`, with its user.

    Raises what `apply_code` raises.
    """
    code = (
        ReferralCode.objects.filter(code=normalised(text), user__is_active=True)
        .select_related("user")
        .annotate(
            uses=Count("user__referrals_made"),
            owner_has_applied=Exists(Referral.objects.filter(referred_user_id=owner.user_id)),
            is_brought_by_owner=Exists(
                Referral.objects.filter(
                    referrer_id=owner.user_id, referred_user_id=OuterRef("user_id")
                )
            ),
        )
        .first()
    )
    if code is None:
        raise NotFound("There is no such referral code.", code="unknown_code")
    if code.user_id == owner.user_id:
        raise CodeRejected("This is your own referral code.", code="own_code")
    if code.owner_has_applied:
        raise CodeRejected("You have already applied a referral code.", code="already_referred")
    if code.is_brought_by_owner:
        raise CodeRejected("You referred this user yourself.", code="circular_referral")
    if code.uses >= code.max_uses:
        raise CodeRejected("This referral code has been used up.", code="code_used_up")
    return code


def normalised(text: str) -> str:
    """A code as it is stored, however a person wrote it."""
    return text.replace("-", "").replace(" ", "").upper()
