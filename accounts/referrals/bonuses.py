"""Referral bonuses: the worker adds them to the ledger once they are earned."""

from collections.abc import Sequence

from django.db import connection

from accounts.background import failed_rows
from accounts.models import Referral
from gatewayz.database.bad_rows import skipping_bad_rows

# The referred user's activity that earns the bonus for both.
QUALIFYING_REQUESTS = 10

_BATCH_ROWS = 1_000

# One statement, so that a referral is completed exactly when both credits are in the ledger.
_COMPLETE = """
WITH earned AS (
    SELECT id FROM referrals AS pending
    WHERE id = ANY (%(ids)s) AND completed_at IS NULL AND (
        SELECT sum(usage.requests) FROM activity_daily AS usage
        WHERE usage.user_id = pending.referred_user_id
            AND usage.day >= (pending.created_at AT TIME ZONE 'UTC')::date
    ) >= %(requests)s
    ORDER BY id
    FOR UPDATE SKIP LOCKED
), completed AS (
    UPDATE referrals SET completed_at = now()
    FROM earned
    WHERE referrals.id = earned.id
    RETURNING referrals.id, referrer_id, referred_user_id, bonus
), credited AS (
    INSERT INTO credits (user_id, amount, reason, cause, created_at)
    SELECT entry.user_id, completed.bonus, entry.reason, 'referral:' || completed.id, now()
    FROM completed CROSS JOIN LATERAL (VALUES
        (referrer_id, 'referral_made'),
        (referred_user_id, 'referral_applied')
    ) AS entry (user_id, reason)
    WHERE entry.user_id IS NOT NULL
)
SELECT count(*) FROM completed
"""


def complete_referrals() -> int:
    """Credit the bonuses that are earned; runs every 5 minutes. Returns how many referrals.

    A bonus is earned when the referred user has made QUALIFYING_REQUESTS requests since the day
    (UTC) on which the code was applied. A referral that fails is recorded, and the others are
    credited.

    Raises django.db.Error; bonuses credited by then stay credited.
    """
    completed, after = 0, 0
    pending = Referral.objects.pending().order_by("pk").values_list("pk", flat=True)
    while True:
        page = list(pending.filter(pk__gt=after)[:_BATCH_ROWS])
        completed += skipping_bad_rows(page, _complete, _note)
        if len(page) < _BATCH_ROWS:
            return completed
        after = page[-1]


def _note(referral_id: int, error: Exception) -> None:
    failed_rows.record("referral_bonuses", f"referral {referral_id}", error)


def _complete(referral_ids: Sequence[int]) -> int:
    """Complete the earned ones among these referrals. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETE, {"ids": list(referral_ids), "requests": QUALIFYING_REQUESTS})
        (completed,) = cursor.fetchone()
    return int(completed)
