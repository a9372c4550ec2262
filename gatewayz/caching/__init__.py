"""A Django cache backend with two levels: this process's memory over Redis.

`backend` is the class that CACHES names. `process_cache` holds what all threads of a process
share of one cache, `local` is its level in memory, and `scripts` run inside Redis. `coherence`
keeps the memories of all processes in step.
"""
