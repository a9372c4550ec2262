"""What a team gets that follows the tutorials: Django's defaults, DRF, and an API key package."""
