"""Notifying users of networks from which a key was not used before."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from accounts.models import ApiKey, ApiKeyNetwork, Notification
from accounts.notifications.notices import Notice, notify

# A key with more networks than this, such as a phone's, is used from anywhere: a further network
# means nothing, and is neither stored nor notified.
MAX_NETWORKS = 20
REMEMBERED_DAYS = 90


class KeyUse(NamedTuple):
    """The use of a key from a network (CIDR)."""

    key_id: int
    network: str


# Skips networks that have already been seen today.
_UNSEEN_TODAY = """
SELECT used.key_id, used.network
FROM unnest(%(keys)s::bigint[], %(networks)s::text[]) WITH ORDINALITY
    AS used (key_id, network, position)
LEFT JOIN api_key_networks AS known
    ON known.api_key_id = used.key_id AND known.network = used.network
WHERE known.last_seen_on IS NULL OR known.last_seen_on < %(today)s
ORDER BY used.position
"""


def remember_networks(uses: Collection[KeyUse]) -> int:
    """Store the networks that keys are used from, and notify owners of new ones.

    The first network of a key is not notified. `uses` must be distinct and in time order. One
    statement if nothing is new, which is nearly always so. May be called again. Returns how many
    notifications were created.

    Raises django.db.Error; what is stored by then stays stored.
    """
    today = datetime.now(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(
            _UNSEEN_TODAY,
            {
                "keys": [use.key_id for use in uses],
                "networks": [use.network for use in uses],
                "today": today,
            },
        )
        unseen = [KeyUse(*row) for row in cursor.fetchall()]
    return sum(
        _remember(key_id, [use.network for use in unseen if use.key_id == key_id])
        for key_id in sorted({use.key_id for use in unseen})
    )


def _remember(key_id: int, networks: list[str]) -> int:
    """Do so for one key, which another worker may be handling at the same time."""
    today = datetime.now(UTC).date()
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(no_key=True).filter(pk=key_id).first()
        if key is None:
            return 0
        known = ApiKeyNetwork.objects.filter(api_key=key)
        known.filter(last_seen_on__lt=today - timedelta(days=REMEMBERED_DAYS)).delete()
        before = set(known.values_list("network", flat=True))
        known.filter(network__in=networks).update(last_seen_on=today)
        room = max(0, MAX_NETWORKS - len(before))
        new = [network for network in networks if network not in before][:room]
        ApiKeyNetwork.objects.bulk_create(
            ApiKeyNetwork(api_key=key, network=network, first_seen_on=today, last_seen_on=today)
            for network in new
        )
        return len(notify([_notice(key, network) for network in (new if before else new[1:])]))


def _notice(key: ApiKey, network: str) -> Notice:
    today = datetime.now(UTC).date()
    return Notice(
        user_id=key.user_id,
        kind=Notification.Kind.KEY_NEW_NETWORK,
        # A network that was forgotten meanwhile is new again, so the date is part of the cause.
        cause=f"key:{key.pk}:network:{network}:{today.isoformat()}",
        details={
            "key_id": key.pk,
            "key_name": key.key_name,
            "masked_key": key.masked,
            "network": network,
        },
    )
