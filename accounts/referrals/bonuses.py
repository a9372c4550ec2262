"""Bonuses of referrals: entries of the ledger, made by the worker once they are earned."""

from django.db import connection

# A user who was brought has earned the bonus, for both, by this much activity.
QUALIFYING_REQUESTS = 10

_BATCH_ROWS = 1_000

# One statement: a referral is completed exactly when both of its credits are in the ledger.
_COMPLETE = """
WITH earned AS (
    SELECT id FROM referrals AS pending
    WHERE completed_at IS NULL AND (
        SELECT sum(usage.requests) FROM activity_daily AS usage
        WHERE usage.user_id = pending.referred_user_id
            AND usage.day >= (pending.created_at AT TIME ZONE 'UTC')::date
    ) >= %(requests)s
    ORDER BY id
    LIMIT %(rows)s
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

    One is earned when the user who was brought has been active QUALIFYING_REQUESTS times since
    the day (UTC) on which the code was applied.

    Raises django.db.Error; then nothing is credited.
    """
    completed: int = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_COMPLETE, {"requests": QUALIFYING_REQUESTS, "rows": _BATCH_ROWS})
            (batch,) = cursor.fetchone()
        completed += batch
        if batch < _BATCH_ROWS:
            return completed
