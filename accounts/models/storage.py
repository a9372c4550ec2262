"""How much each user stores."""

from django.conf import settings
from django.db import models


class StorageUse(models.Model):
    """The bytes that one user stores; see `accounts.plans.storage`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="storage",
    )
    bytes = models.BigIntegerField()

    class Meta:
        db_table = "user_storage"
