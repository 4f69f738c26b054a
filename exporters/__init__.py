"""Sinks for people and other programs: Prometheus, the page, reports.

A folder for each, which shows what it is handed and computes no opinion. They know only `probe.model`; the
page may also import the other two, for `/metrics` and for words. Only `probe.commands` knows them. A new
sink is a folder here that implements `Sink` of `probe/model/ports.py`, its line among the layers in
`pyproject.toml`, and the place in `probe/commands` that hands it to the agent.
"""
