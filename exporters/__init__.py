"""Sinks for people and other programs: metrics, the page, reports. They know only ``probe.model``.

`checks` says what counts of a measurement, `health` what came of asking a proxy, `stores` keeps the newest
report of each key store; all folders use these. Which checks and roles there are comes from
``probe.model.kinds``: a new one needs no list here, and tests/exporters/test_every_kind.py names the output
that lacks it. A new sink gets a folder of its own; it implements ``probe.model.ports.Sink`` and is made in
``probe.commands.serving``.
"""
