"""Codes that programs read, in words for people."""

from django import template

register = template.Library()

_ABBREVIATIONS = {"api": "API", "id": "id", "ip": "IP"}


@register.filter
def in_words(code: str) -> str:
    """Return a code such as `ip_not_allowed` as "IP not allowed"."""
    words = [_ABBREVIATIONS.get(word, word) for word in code.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
