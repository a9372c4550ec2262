"""A Django cache backend of two levels: this process's memory over Redis.

`backend` is what CACHES names; `local` is the memory, `coherence` keeps the memories of all
processes in step, `single_flight` lets one of many callers do the work.
"""
