from django.urls import path

from accounts.activity import views

urlpatterns = [
    path("activity/stats", views.ActivityStatsView.as_view()),
    path("activity/log", views.ActivityLogView.as_view()),
]
