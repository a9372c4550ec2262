from django.urls import path

from accounts.auth import views
from accounts.auth.pages import LinkView

urlpatterns = [
    path("auth", views.SignInView.as_view()),
    path("auth/register", views.SignUpView.as_view()),
    path("auth/password-reset", views.PasswordResetView.as_view()),
    path("auth/reset-password", views.PasswordChoiceView.as_view()),
    path("auth/link", LinkView.as_view()),
    path("user/password", views.PasswordView.as_view()),
]
