"""Measures the companion as a server, and what other frameworks take for the same, in one run.

`rackdeck bench --only companion` finds it by the entry-point group `rackdeck.measurements`.
"""
