from accounts.models.activity import ActivityEvent
from accounts.models.api_keys import ApiKey
from accounts.models.users import User

__all__ = ["ActivityEvent", "ApiKey", "User"]
