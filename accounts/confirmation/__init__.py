"""Verifying that an e-mail address belongs to somebody, by a link that is sent to it.

`mails` sends links on anybody's request without revealing what was sent; `links` defines the
links; `addresses` makes a confirmed address that of a user. `accounts.auth` handles links for
choosing a password.
"""
