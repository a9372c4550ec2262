"""A Django cache backend of two levels: this process's memory over Redis.

`backend` is what CACHES names, `shared` what a process has of a cache, `local` its memory and
`scripts` what runs inside Redis; `coherence` keeps the memories of all processes in step,
`single_flight` lets one of many callers do the work.
"""
