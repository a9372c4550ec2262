"""The service of a team that follows tutorials: Django's defaults, DRF, an API key package."""
