"""Checks of the proxy by `manage.py check --deploy`."""

from ipaddress import ip_network

import pytest
from django.core.checks import run_checks


def warnings():
    found = run_checks(include_deployment_checks=True)
    return [one.id for one in found if one.id == "gatewayz.W001"]


def test_a_service_without_trusted_proxies_gets_no_warning():
    assert warnings() == []


@pytest.mark.parametrize(("says_so", "expected"), [(False, ["gatewayz.W001"]), (True, [])])
def test_warns_of_a_trusted_proxy_until_the_settings_say_what_it_drops(
    settings, says_so, expected
):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    settings.PROXY_DROPS_UNDERSCORED_HEADERS = says_so

    assert warnings() == expected
