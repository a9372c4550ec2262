"""Telling users that a key was used from a network where it was not used before."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from accounts.models import ApiKey, ApiKeyNetwork, Notification
from accounts.notifications.notices import Notice, notify

# A key that is used from more networks than this is used from anywhere, such as a phone's: then
# a further one says nothing, and is neither kept nor told of.
MAX_NETWORKS = 20
REMEMBERED_DAYS = 90


class KeyUse(NamedTuple):
    """A key was used from a network (CIDR)."""

    key_id: int
    network: str


# What is known, and noted today already, is not news.
_NEWS = """
SELECT used.key_id, used.network
FROM unnest(%(keys)s::bigint[], %(networks)s::text[]) WITH ORDINALITY
    AS used (key_id, network, position)
LEFT JOIN api_key_networks AS known
    ON known.api_key_id = used.key_id AND known.network = used.network
WHERE known.last_seen_on IS NULL OR known.last_seen_on < %(today)s
ORDER BY used.position
"""


def remember_networks(uses: Collection[KeyUse]) -> int:
    """Remember from where keys are used, and tell their owners of networks that are new.

    The first network of a key is no news. `uses` are distinct, in the order of time. One
    statement when nothing is new, which is nearly always. May be called again. Returns how many
    notices are new.

    Raises django.db.Error; what has been learnt by then stays so.
    """
    today = datetime.now(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(
            _NEWS,
            {
                "keys": [use.key_id for use in uses],
                "networks": [use.network for use in uses],
                "today": today,
            },
        )
        news = [KeyUse(*row) for row in cursor.fetchall()]
    return sum(
        _learn(key_id, [use.network for use in news if use.key_id == key_id])
        for key_id in sorted({use.key_id for use in news})
    )


def _learn(key_id: int, networks: list[str]) -> int:
    """The same for one key, of which another worker may be learning at the same time."""
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
            ApiKeyNetwork(api_key=key, network=network, last_seen_on=today) for network in new
        )
        return len(notify([_notice(key, network) for network in (new if before else new[1:])]))


def _notice(key: ApiKey, network: str) -> Notice:
    today = datetime.now(UTC).date()
    return Notice(
        user_id=key.user_id,
        kind=Notification.Kind.KEY_NEW_NETWORK,
        # One that was forgotten meanwhile is new again.
        cause=f"key:{key.pk}:network:{network}:{today.isoformat()}",
        details={
            "key_id": key.pk,
            "key_name": key.key_name,
            "masked_key": key.masked,
            "network": network,
        },
    )
