"""Apps of others in a settings module of one's own, as docs/third-party-apps.md has it."""

import json
import subprocess
import sys

import pytest

from docs.site.fences import blocks
from tests.gatewayz.processes import CHECKOUT
from tests.web import database_environ

PAGE = CHECKOUT / "docs" / "third-party-apps.md"

_ASK = """
import json
from django.core.management import call_command
from django.test import Client
from accounts.keys import create_key
from accounts.models import User
import django_filters
from django.urls import path
from rest_framework import generics, serializers
from accounts.models import Plan
import myurls

call_command("check")
user = User.objects.create_superuser("third@example.com", "Correct-horse-1")
_, secret = create_key(user, key_name="third")


class PlanSerializer(serializers.ModelSerializer):
    class Meta:
        model = Plan
        fields = ["name"]


class Plans(generics.ListAPIView):
    queryset = Plan.objects.order_by("id")
    serializer_class = PlanSerializer
    filter_backends = [django_filters.rest_framework.DjangoFilterBackend]
    filterset_fields = ["plan_type"]


myurls.urlpatterns.insert(0, path("v1/filtered-plans", Plans.as_view()))
pages, api = Client(), Client(headers={"Authorization": f"Bearer {secret}"})
pages.force_login(user)
start = pages.get("/admin/")
found = api.get("/v1/filtered-plans?plan_type=free")
print(json.dumps({
    "start": start.status_code,
    "toolbar": b"djDebug" in start.content,
    "inline scripts": start.content.count(b"<script>"),
    "a panel without its request": pages.get("/admin/__debug__/history_sidebar/").status_code,
    "plans": [plan["name"] for plan in found.json()],
    "without a key": pages.get("/v1/filtered-plans").status_code,
    "our own": api.post("/v1/chat/sessions", "{}", content_type="application/json").status_code,
}))
user.delete()
"""


@pytest.fixture
def installation(tmp_path):
    """The environment of an installation with the two modules of the page."""
    for block in blocks(PAGE.read_text()):
        if block.language == "python":
            name = block.text.splitlines()[0].removeprefix("# ")
            (tmp_path / name).write_text(block.text)
    return database_environ() | {
        "PYTHONPATH": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "mysettings",
    }


@pytest.mark.django_db(transaction=True)
def test_the_toolbar_is_on_pages_and_filters_on_views_of_the_api(installation):
    result = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", _ASK],
        cwd=CHECKOUT,
        env=installation,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == {
        "start": 200,
        "toolbar": True,
        "inline scripts": 0,
        "a panel without its request": 400,
        "plans": ["Free"],
        "without a key": 401,
        "our own": 201,
    }
