"""`manage.py create_api_key` and `seed_demo`."""

import json

import pytest
from django.core.management import CommandError, call_command

from accounts.access.key_lookup import get_user
from accounts.models import ApiKey, User

pytestmark = pytest.mark.django_db(transaction=True)


def run(capsys, *arguments, **options):
    call_command(*arguments, **options)
    return capsys.readouterr().out


class TestCreateApiKey:
    def test_prints_only_a_working_key_for_a_new_user(self, capsys):
        output = run(capsys, "create_api_key", "new@example.com")

        (secret,) = output.splitlines()
        principal = get_user(secret)
        assert User.objects.get(pk=principal.user_id).email == "new@example.com"
        assert principal.denial_code() is None

    def test_gives_an_existing_user_another_key(self, capsys, user):
        run(capsys, "create_api_key", user.email.upper())
        run(capsys, "create_api_key", user.email)

        assert ApiKey.objects.filter(user=user).count() == 2
        assert User.objects.count() == 1

    def test_takes_name_environment_and_expiry(self, capsys):
        secret = run(
            capsys,
            "create_api_key",
            "a@example.com",
            "--name=CI",
            "--env=test",
            "--expires-days=3",
        ).strip()

        key = ApiKey.objects.get()
        assert secret.startswith("gw_test_")
        assert (key.key_name, key.environment_tag) == ("CI", "test")
        assert (key.expiration_date - key.created_at).days in {2, 3}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nonsense"], "not an e-mail address"),
            (["a@example.com", "--expires-days=0"], "from 1 to 36500"),
            (["a@example.com", "--expires-days=99999999"], "from 1 to 36500"),
            (["a@example.com", f"--name={'x' * 256}"], "255 characters"),
        ],
    )
    def test_rejects_invalid_arguments(self, arguments, message):
        with pytest.raises(CommandError, match=message):
            call_command("create_api_key", *arguments)

        assert not ApiKey.objects.exists()

    def test_rejects_a_name_that_is_taken(self):
        call_command("create_api_key", "a@example.com", "--name=CI")

        with pytest.raises(CommandError, match="already has a key named 'CI'"):
            call_command("create_api_key", "a@example.com", "--name=CI")

    def test_rejects_a_deactivated_user(self, user):
        User.objects.update(is_active=False)

        with pytest.raises(CommandError, match="deactivated"):
            call_command("create_api_key", user.email)


class TestSeedDemo:
    @pytest.fixture(autouse=True)
    def _private_data_dir(self, settings, tmp_path):
        settings.DATA_DIR = tmp_path / "data"

    def test_prints_a_working_account(self, capsys):
        demo = json.loads(run(capsys, "seed_demo"))

        user = User.objects.get()
        assert (user.email, user.is_staff, user.is_superuser) == (demo["email"], True, True)
        assert user.check_password(demo["password"])
        assert get_user(demo["api_key"]).denial_code() is None

    def test_keeps_the_account_between_runs(self, capsys, settings):
        first, second = run(capsys, "seed_demo"), run(capsys, "seed_demo")

        assert first == second
        assert (settings.DATA_DIR / "demo.json").stat().st_mode & 0o077 == 0

    def test_replaces_a_key_that_no_longer_works(self, capsys):
        first = json.loads(run(capsys, "seed_demo"))
        ApiKey.objects.update(is_active=False)
        second = json.loads(run(capsys, "seed_demo"))

        assert get_user(second["api_key"]).denial_code() is None
        assert second["api_key"] != first["api_key"]

    def test_rejects_to_run_in_production(self, settings):
        settings.PRODUCTION = True

        with pytest.raises(CommandError):
            call_command("seed_demo")
