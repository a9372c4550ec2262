"""`python -m gatewayz.web`.

The server is in another module, because a spawned process cannot import from `__main__`.
"""

from gatewayz.web.server import main

if __name__ == "__main__":
    main()
