"""The audit log: who changed what, when and from where.

`recording` writes an entry with the change, in one transaction; the database chains it when that
commits. `personal_data` is what `erasure` may erase; `verification` finds what has been tampered
with; `denials` are attempts with keys that may not act.
"""

from accounts.audit.denials import record_denial, record_wrong_password
from accounts.audit.erasure import erase_personal_data, has_more_personal_data
from accounts.audit.recording import record
from accounts.models.audit import key_target, user_target

__all__ = [
    "erase_personal_data",
    "has_more_personal_data",
    "key_target",
    "record",
    "record_denial",
    "record_wrong_password",
    "user_target",
]
