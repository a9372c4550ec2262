"""Makes the tables of the key package and a key for the user `sys.argv[1]`; prints the key."""

import os
import sys

import django
from django.core.management import call_command


def main(user_id: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.contenders.drf_as_usual.settings"
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from benchmarks.contenders.drf_as_usual.models import UserAPIKey

    _, api_key = UserAPIKey.objects.create_key(name="benchmark", user_id=user_id)
    print(api_key)


if __name__ == "__main__":
    main(int(sys.argv[1]))
