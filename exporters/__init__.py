"""Sinks for people and other programs: metrics, status page, reports. They depend only on ``probe.model``.

`checks` decides which measurements count, `health` summarises the health requests to a proxy, and `stores`
keeps the latest report of each key store; all folders use these three. Checks and roles are listed in
``probe.model.kinds``: a new one needs no list here, and tests/exporters/test_every_kind.py reports the output
that lacks it. A new sink gets its own folder. It implements ``probe.model.ports.Sink`` and is created in
``probe.commands.serving``.
"""
