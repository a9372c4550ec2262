"""The user's own data: `write` changes the profile, `export` streams it, `erasure` erases it."""
