"""The rights of staff."""

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission

from accounts.models import User
from gatewayz.admin_site.groups import OPERATORS, make_staff_groups

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    make_staff_groups()
    user = User.objects.create_user("ops@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=OPERATORS))
    user.user_permissions.add(Permission.objects.get(codename="add_plan"))
    return user


def test_rights_of_groups_and_of_the_user_are_read_in_one_statement(
    operator, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert operator.has_perm("accounts.change_user")
        assert operator.has_perm("accounts.add_plan")
        assert not operator.has_perm("accounts.delete_plan")

    known = User.objects.get(pk=operator.pk)
    assert operator.get_all_permissions() == ModelBackend().get_all_permissions(known)


def test_an_inactive_user_has_no_rights_and_a_superuser_all(operator):
    operator.is_active = False
    assert operator.get_all_permissions() == set()

    root = User.objects.create_superuser("root@example.com", "pass")
    assert len(root.get_all_permissions()) == Permission.objects.count()
