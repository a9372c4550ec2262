"""What tells a long body from others; how one is read is in `gatewayz.streaming.uploads`."""

# Longer ones are read for views that take them only, and for nobody without a key. Every thread of
# a process may hold as much for anybody.
SMALL_BODY_BYTES = 65_536

# In the WSGI environment of a request with a longer body: what reads it.
UPLOAD = "gatewayz.upload"
