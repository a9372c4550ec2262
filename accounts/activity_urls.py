from django.urls import path

from accounts import activity_views

urlpatterns = [
    path("activity/stats", activity_views.ActivityStatsView.as_view()),
    path("activity/log", activity_views.ActivityLogView.as_view()),
]
