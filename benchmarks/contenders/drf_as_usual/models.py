"""The tables of the service, and keys of the package's kind, which belong to a user."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils import timezone
from rest_framework_api_key.models import AbstractAPIKey


class User(AbstractBaseUser):
    email = models.EmailField()
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"

    class Meta:
        managed = False
        db_table = "users"


class UserAPIKey(AbstractAPIKey):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")


class ChatSession(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    title = models.CharField(max_length=255)
    model = models.CharField(max_length=255)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    is_pinned = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)

    class Meta:
        managed = False
        db_table = "chat_sessions"


class ChatMessage(models.Model):
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=16)
    content = models.TextField()
    model = models.CharField(max_length=255, default="")
    tokens = models.PositiveIntegerField(default=0)
    reasoning = models.TextField(null=True)  # noqa: DJ001
    metadata = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=16, default="completed")

    class Meta:
        managed = False
        db_table = "chat_messages"


class SearchText(models.Model):
    """The text search of Django's documentation; `benchmarks.day` fills the table."""

    message = models.OneToOneField(ChatMessage, on_delete=models.CASCADE, primary_key=True)
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE)
    search = SearchVectorField()

    class Meta:
        managed = False
        db_table = "peer_search"


class ActivityLog(models.Model):
    event_id = models.UUIDField(default=uuid.uuid4)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    timestamp = models.DateTimeField(default=timezone.now)
    model = models.CharField(max_length=255)
    provider = models.CharField(max_length=255)
    tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=8, default=0)
    speed = models.FloatField(default=0.0)
    finish_reason = models.CharField(max_length=64)
    app = models.CharField(max_length=64)
    metadata = models.JSONField(default=dict)

    class Meta:
        managed = False
        db_table = "activity_log"
