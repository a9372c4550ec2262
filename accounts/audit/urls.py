from django.urls import path

from accounts.audit import views

urlpatterns = [
    path("user/api-keys/audit-logs", views.AuditLogView.as_view()),
]
