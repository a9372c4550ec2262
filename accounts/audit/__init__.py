"""The audit log: who changed what, when and from where.

`recording` writes an entry with the change, in one transaction; the database chains it when that
commits. `personal_data` is what `erasure` may erase; `verification` finds what has been tampered
with; `refusals` are attempts with keys that may not act.
"""

from accounts.audit.erasure import forget_person, knows_more_than
from accounts.audit.recording import record
from accounts.audit.refusals import record_refusal, record_wrong_password
from accounts.models.audit import key_target, user_target

__all__ = [
    "forget_person",
    "key_target",
    "knows_more_than",
    "record",
    "record_refusal",
    "record_wrong_password",
    "user_target",
]
