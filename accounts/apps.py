from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Make the key cache before the threads that share it; connect to what Django offers."""
        from django.contrib import admin

        from accounts.audit.log_ins import record_log_ins
        from accounts.auth.admin_log_in import ThrottledLogInForm
        from accounts.background import accept_fallback_keys
        from accounts.key_entries import key_cache
        from accounts.notifications import checks  # noqa: F401, registers itself

        key_cache()
        accept_fallback_keys()
        record_log_ins()
        admin.site.login_form = ThrottledLogInForm
