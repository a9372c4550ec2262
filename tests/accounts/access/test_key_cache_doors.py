"""Inspecting and changing the key cache from the command line and over HTTP."""

import json

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from accounts.access.key_lookup import get_cache_stats, get_user
from accounts.models import User
from gatewayz.admin_site.groups import OPERATORS, SUPPORT, make_staff_groups
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/v1/admin/key-cache"


@pytest.fixture
def staff_api(api, user):
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    return api


def cached_in_redis():
    return get_cache_stats()["shared"]["entries"]


class TestCommand:
    def test_stats(self, capsys, api_key):
        get_user(api_key)
        call_command("key_cache", "stats")

        stats = json.loads(capsys.readouterr().out)
        assert stats["shared"]["entries"] == 1
        assert stats["enabled"] is True

    def test_clear(self, api_key, django_assert_num_queries):
        get_user(api_key)
        call_command("key_cache", "clear")

        with django_assert_num_queries(1):
            get_user(api_key)

    def test_ttl(self):
        call_command("key_cache", "ttl", "60")

        assert get_cache_stats()["ttl_seconds"] == 60

    def test_ttl_out_of_bounds(self):
        with pytest.raises(CommandError, match="from 1 to 86,400"):
            call_command("key_cache", "ttl", "0")

    def test_says_when_redis_does_not_answer(self, no_redis):
        with pytest.raises(CommandError, match="Redis does not answer"):
            call_command("key_cache", "clear")


class TestEndpoint:
    def test_shows_the_statistics(self, staff_api):
        data = staff_api.get(PATH).json()["data"]

        assert data.keys() == get_cache_stats().keys()

    def test_sets_the_ttl(self, staff_api):
        response = staff_api.put(PATH, {"ttl_seconds": 60}, content_type="application/json")

        assert response.json()["data"]["ttl_seconds"] == get_cache_stats()["ttl_seconds"] == 60

    @pytest.mark.parametrize("body", [{}, {"ttl_seconds": 0}, {"ttl_seconds": "x"}], ids=str)
    def test_rejects_an_invalid_ttl(self, staff_api, body):
        response = staff_api.put(PATH, body, content_type="application/json")

        assert list(assert_problem(response, 400, "validation_error")["errors"]) == ["ttl_seconds"]

    def test_clears_all(self, staff_api, api_key, django_assert_num_queries):
        assert staff_api.delete(PATH).json()["success"] is True

        with django_assert_num_queries(1):
            get_user(api_key)

    def test_clears_one_key(self, staff_api, api_key, django_assert_num_queries):
        staff_api.delete(PATH, {"api_key": api_key}, content_type="application/json")

        with django_assert_num_queries(1):
            get_user(api_key)

    @pytest.mark.parametrize("method", ["get", "put", "delete"])
    def test_is_for_staff_only(self, api, method):
        assert_problem(getattr(api, method)(PATH), 403, "staff_only")

    @pytest.mark.parametrize("method", ["put", "delete"])
    def test_support_staff_can_view_and_not_change(self, staff_api, user, method):
        make_staff_groups()
        User.objects.filter(pk=user.pk).update(is_superuser=False)
        user.groups.set([Group.objects.get(name=SUPPORT)])

        assert staff_api.get(PATH).status_code == 200
        assert_problem(getattr(staff_api, method)(PATH), 403, "staff_only")

    def test_operators_may_clear_it(self, staff_api, user):
        make_staff_groups()
        User.objects.filter(pk=user.pk).update(is_superuser=False)
        user.groups.set([Group.objects.get(name=OPERATORS)])

        assert staff_api.delete(PATH).status_code == 200

    def test_says_when_redis_does_not_answer(self, staff_api, no_redis):
        response = staff_api.put(PATH, {"ttl_seconds": 60}, content_type="application/json")

        assert_problem(response, 503, "cache_unavailable")
