"""Constants that tell long bodies from small ones; `gatewayz.streaming.uploads` reads them."""

# Every request may send this much. Longer bodies are read only for views that accept them, and
# only for callers with a key, or for staff.
SMALL_BODY_BYTES = 65_536

# The key in the WSGI environment of the `Upload` that reads a longer body.
UPLOAD = "gatewayz.upload"

# The media type of a file without any form around it.
FILE_TYPE = "application/octet-stream"
