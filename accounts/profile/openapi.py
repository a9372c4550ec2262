"""OpenAPI descriptions of the user's own data."""

from functools import partial

from accounts.models import Plan, User
from accounts.profile.old_shapes import flat_profile
from accounts.profile.serializers import (
    CONFIRMATION,
    ErasureInput,
    ExportInput,
    ProfileChange,
    ProfileSerializer,
)
from gatewayz.api.openapi import OBJECTS, Shape, described, streamed

PROFILE = {
    "id": 7,
    "user_id": 7,
    "username": "ada",
    "name": "Ada",
    "email": "ada@example.com",
    "email_verified_at": "2026-03-01T12:05:00Z",
    "privy_user_id": None,
    "settings": {"default_model": "openai/gpt-4o"},
    "preferences": {},
    "chat_retention_days": None,
    "delete_chats_after_days": None,
    "is_active": True,
    "created_at": "2026-03-01T12:00:00Z",
    "updated_at": "2026-03-01T12:00:00Z",
}

_OLD_FIELDS = tuple(flat_profile(User(), Plan(), balance=0.0, api_key=""))

_change = partial(
    described,
    request=Shape(ProfileChange, {"username": "ada", "chat_retention_days": 7}),
    answer=Shape(ProfileSerializer, PROFILE),
    old=_OLD_FIELDS,
    problems=(409,),
)

get_profile = described(
    "Read your profile",
    name="getProfile",
    answer=Shape(ProfileSerializer, PROFILE),
    old=_OLD_FIELDS,
)
update_profile = _change("Change your profile", name="updateProfile")
patch_profile = _change("Change some fields of your profile", name="patchProfile")
erase_account = described(
    "Erase your account and everything that belongs to it",
    name="eraseAccount",
    problems=(400, 413),
    request=Shape(ErasureInput, {"confirmation": CONFIRMATION}),
    old=("status", "user_id", "timestamp"),
)
export_account = streamed(
    "Export everything that you own: NDJSON, JSON, a ZIP of NDJSON files, or to be read",
    name="exportAccount",
    query=ExportInput,
    media_types=(
        *("application/x-ndjson", "application/json", "application/zip"),
        *("text/markdown", "text/html"),
    ),
    json=OBJECTS,
)
