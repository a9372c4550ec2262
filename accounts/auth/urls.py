from django.urls import path

from accounts.auth import views

urlpatterns = [
    path("auth", views.SignInView.as_view()),
    path("auth/register", views.SignUpView.as_view()),
    path("user/password", views.PasswordView.as_view()),
]
