"""Deprecated: the old service's name of `accounts.activity.recording`."""

from accounts.activity import log_activity_background

__all__ = ["log_activity_background"]
