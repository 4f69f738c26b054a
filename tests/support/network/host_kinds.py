"""A scenario file with one host, for tests that run with every kind of host."""

from typing import Any

from simulator.scenario.kinds import HostKind

NAME = "host-1"


def document_of(kind: HostKind, **more: Any) -> dict[str, Any]:
    """In the format of scenario files for this kind of host."""
    host = {"rtt": "2ms", **more}
    return {kind.key: {NAME: host} if kind.is_by_name else [{"name": NAME, **host}]}
