"""Users may have their chats deleted some days after the last message; empty is never."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0041_key_day_index")]

    operations = [
        migrations.AddField(
            "user",
            "delete_chats_after_days",
            models.IntegerField(
                blank=True,
                help_text="Days after its last message in which a chat goes to the trash, unless "
                "it is pinned; empty: never.",
                null=True,
                validators=[MinValueValidator(1), MaxValueValidator(36_500)],
            ),
        ),
        AddConstraintNotValid(
            "user",
            models.CheckConstraint(
                condition=models.Q(
                    delete_chats_after_days__gte=1, delete_chats_after_days__lte=36_500
                ),
                name="users_delete_chats_bounded",
            ),
        ),
    ]
