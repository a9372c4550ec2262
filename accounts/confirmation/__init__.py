"""Showing that an e-mail address is somebody's, by a link that is sent to it.

`mails` sends links, on request of anybody, without telling who asks what it has sent; `links` says
what a link is; `addresses` does what a link to confirm an address is for. Those to choose a
password are for `accounts.auth`.
"""
