from django.urls import path

from accounts.access import views

urlpatterns = [
    path("admin/key-cache", views.KeyCacheView.as_view()),
]
