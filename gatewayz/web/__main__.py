"""`python -m gatewayz.web`.

The server is in a module of its own: a spawned process can import nothing from `__main__`.
"""

from gatewayz.web.server import main

if __name__ == "__main__":
    main()
