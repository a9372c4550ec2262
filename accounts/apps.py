from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Create the key cache before the threads that share it, and connect to Django's hooks."""
        from django.contrib import admin

        from accounts.audit.about_rows import audit_entries
        from accounts.audit.log_ins import record_log_ins
        from accounts.auth.admin_log_in import ThrottledLogInForm
        from accounts.background import accept_fallback_keys
        from accounts.confirmation import checks  # noqa: F401, registers itself
        from accounts.principals.cached_keys import key_cache
        from accounts.worker.schedules import write_schedules
        from gatewayz.database.indexes import repair_after_migrate

        key_cache()
        accept_fallback_keys()
        record_log_ins()
        admin.site.login_form = ThrottledLogInForm
        admin.site.audit_entries = audit_entries  # type: ignore[attr-defined]
        post_migrate.connect(write_schedules, sender=self)
        post_migrate.connect(repair_after_migrate, sender=self)
