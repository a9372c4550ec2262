"""The Content-Security-Policy of pages for people that are outside the admin."""

_SOURCES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def page_policy(**sources: str) -> str:
    """Return the policy of a page that loads our style sheets and pictures only.

    `sources` allow it more, by directive: `script_src="'self'"`.
    """
    more = {name.replace("_", "-"): source for name, source in sources.items()}
    return "; ".join(f"{name} {source}" for name, source in (_SOURCES | more).items())
