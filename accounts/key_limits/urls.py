from django.urls import path

from accounts.key_limits import views

urlpatterns = [
    path("user/rate-limits", views.RateLimitsView.as_view()),
    path("user/rate-limits/bulk-update", views.BulkRateLimitsView.as_view()),
    path("user/rate-limits/<int:key_id>", views.KeyRateLimitsView.as_view()),
    path("user/rate-limits/usage/<int:key_id>", views.KeyRateLimitUsageView.as_view()),
]
