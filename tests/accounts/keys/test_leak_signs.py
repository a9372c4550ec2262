"""Signs that a key is in the wrong hands, and the page that lists them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.keys.leak_signs import (
    COMPARED_DAYS,
    SPIKE_FACTOR,
    SPIKE_REQUESTS,
    new_networks,
    spikes,
)
from accounts.models import ApiKeyDay, ApiKeyNetwork
from accounts.notifications.networks import KeyUse, remember_networks
from tests.days import today

pytestmark = pytest.mark.django_db


def use(key, ago, requests):
    day = today() - timedelta(days=ago)
    ApiKeyDay.objects.create(api_key=key, day=day, requests=requests, tokens=0, spend=0)


@pytest.mark.parametrize(
    ("requests", "each_day_before", "is_spike"),
    [
        (SPIKE_REQUESTS, 0, True),
        (SPIKE_REQUESTS - 1, 0, False),
        (SPIKE_REQUESTS * SPIKE_FACTOR, SPIKE_REQUESTS, False),
        (SPIKE_REQUESTS * SPIKE_FACTOR + 1, SPIKE_REQUESTS, True),
    ],
)
def test_a_spike_is_many_requests_and_far_more_than_usual(
    key, requests, each_day_before, is_spike
):
    use(key, 0, requests)
    for ago in range(1, COMPARED_DAYS + 1):
        use(key, ago, each_day_before)
    # Before the days that are compared.
    use(key, COMPARED_DAYS + 1, 10**6)

    found = [(row["api_key_id"], row["that_day"], row["usual"]) for row in spikes(today())]

    assert found == ([(key.pk, requests, each_day_before)] if is_spike else [])


def test_the_first_network_of_a_key_is_no_sign_but_the_next_is(key):
    networks = ("203.0.113.0/24", "198.51.100.0/24")
    for network in networks:
        remember_networks([KeyUse(key.pk, network)])
    ApiKeyNetwork.objects.filter(network=networks[0]).update(
        first_seen_on=today() - timedelta(days=3)
    )

    (found,) = new_networks(today() - timedelta(days=7))

    assert (found.network, found.network_count) == (networks[1], 2)
    assert list(new_networks(today() + timedelta(days=1))) == []


def test_a_network_beside_one_of_an_earlier_release_is_a_sign(key):
    ApiKeyNetwork.objects.create(api_key=key, network="old", last_seen_on=today())
    remember_networks([KeyUse(key.pk, "203.0.113.0/24")])

    assert [found.network for found in new_networks(today())] == ["203.0.113.0/24"]


def test_the_page_lists_both_and_the_page_of_a_key_its_networks(
    admin_client, key, django_assert_max_num_queries
):
    ApiKeyNetwork.objects.create(api_key=key, network="192.0.2.0/24", last_seen_on=today())
    remember_networks([KeyUse(key.pk, "203.0.113.0/24")])
    use(key, 0, 12_345)

    with django_assert_max_num_queries(6):
        shown = admin_client.get(reverse("admin:accounts_keys_to_check")).content.decode()
    of_key = admin_client.get(reverse("admin:accounts_apikey_change", args=[key.pk]))

    assert "12,345" in shown
    assert "203.0.113.0/24" in shown
    assert "192.0.2.0/24" in of_key.content.decode()
