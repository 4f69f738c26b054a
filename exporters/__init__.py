"""Sinks for people and other programs: metrics, status page, reports. They depend only on ``probe.model``.

All folders use the modules here: `checks` (which measurements count), `health` (the latest health requests),
`stores` (the latest report per key store), `predictions` and `tally` (words and counts that all reports
share). The checks and roles come from ``probe.model.kinds``: a new one needs no list here, and
tests/exporters/test_every_kind.py lists the outputs that lack it. A new sink gets its own folder, implements
``probe.model.ports.Sink`` and is created in ``probe.commands.serving``.
"""
