"""Signing in and up: what proves who somebody is, exchanged for the user and a new API key.

`privy` and `passwords` find or make the user, `sign_in` makes the key, `throttling` bounds the
attempts.
"""
