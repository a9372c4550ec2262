"""Signing in and up: a proof of identity is exchanged for a user and a new API key.

`privy` and `passwords` find or create the user, `sign_in` creates the key, `throttling` limits the
attempts.
"""
