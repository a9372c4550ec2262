"""The user's own data: reading and changing the profile, taking everything out, erasing it.

`changes` writes the profile, `erasure` deletes the user and all that is the user's, `export`
streams it.
"""
