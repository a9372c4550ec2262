from django.apps import AppConfig


class GatewayzConfig(AppConfig):
    name = "gatewayz"
