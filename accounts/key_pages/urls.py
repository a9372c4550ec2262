from django.urls import path

from accounts.key_pages import views

urlpatterns = [
    path("keys", views.keys_page, name="keys-page"),
    path("keys/sign-in", views.sign_in, name="keys-sign-in"),
    path("keys/sign-out", views.sign_out, name="keys-sign-out"),
    path("keys/new", views.create, name="keys-new"),
    path("keys/<int:key_id>/rotate", views.rotate, name="keys-rotate"),
    path("keys/<int:key_id>/limits", views.limit, name="keys-limits"),
    path("keys/<int:key_id>/delete", views.delete, name="keys-delete"),
]
