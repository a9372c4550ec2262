"""The audit log: who changed what, when and from where.

`recording` writes an entry in the transaction of the change, and the database adds it to a hash
chain on commit. `personal_data` is stored apart, where `erasure` can delete it; `verification`
detects tampering; `denials` records attempts with keys that may not be used.
"""

from accounts.audit.denials import record_denial, record_wrong_password
from accounts.audit.erasure import erase_personal_data, has_more_personal_data
from accounts.audit.recording import record
from accounts.models.audit import key_target

__all__ = [
    "erase_personal_data",
    "has_more_personal_data",
    "key_target",
    "record",
    "record_denial",
    "record_wrong_password",
]
