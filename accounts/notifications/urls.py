from django.urls import path

from accounts.notifications import views

urlpatterns = [
    path("user/notifications", views.NotificationsView.as_view()),
    path("user/notifications/preferences", views.PreferencesView.as_view()),
    path("user/notifications/test", views.TestView.as_view()),
    path("user/notifications/send-usage-report", views.UsageReportView.as_view()),
]
