from django.urls import path

from accounts.profile import views

urlpatterns = [
    path("user/profile", views.ProfileView.as_view()),
]
