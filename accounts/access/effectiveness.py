"""The daily line about the key cache in the worker's log."""

import logging

from gatewayz.telemetry.metrics.distributions import distributions

logger = logging.getLogger(__name__)

_LOOKUP = "http_user_lookup_duration_ms"


def report() -> float | None:
    """Log how many look-ups of keys needed no database since the web processes of this host began.

    Returns the share in percent; None when there was no look-up.
    """
    known = distributions([_LOOKUP])
    counts = {
        name: found.total if (found := known.get((_LOOKUP, name))) else 0
        for name in ("true", "false")
    }
    total = sum(counts.values())
    if not total:
        logger.info("Key cache effectiveness: no look-up yet on this host")
        return None
    percent = 100 * counts["true"] / total
    logger.info(
        "Key cache effectiveness: %.1f %% of %d look-ups needed no database (target: 85 %%)",
        percent,
        total,
    )
    return percent
