"""How long the agent waited for each host of a simulation, from the frames that the link recorded."""

from collections import defaultdict
from collections.abc import Iterable

from simulator import AppliedDelay, Simulation


def waits_s(frames: Iterable[AppliedDelay]) -> dict[int, float]:
    """The total wait of each TCP connection, by the agent's port.

    Each wait is from the last frame sent to the last one received before the next is sent. Time from a received frame
    to the next sent one is the agent's own, and is left out.
    """
    connections: dict[int, list[tuple[float, str]]] = defaultdict(list)
    for frame in frames:
        if frame.kind.startswith("tcp"):
            at_s = frame.arrived_at_s + (frame.delay_s if frame.way == "back" else 0.0)
            connections[frame.port].append((at_s, frame.way))
    return {port: _waited_s(sorted(events)) for port, events in connections.items()}


def _waited_s(events: Iterable[tuple[float, str]]) -> float:
    total_s = 0.0
    sent_s: float | None = None
    received_s: float | None = None
    for at_s, way in events:
        if way == "back":
            received_s = at_s
            continue
        if sent_s is not None and received_s is not None:
            total_s += received_s - sent_s
        sent_s, received_s = at_s, None
    return total_s + (received_s - sent_s if sent_s is not None and received_s is not None else 0.0)


def slow_hosts(simulation: Simulation, *, since_s: float, limit_s: float, connections: int) -> frozenset[str]:
    """The nodes and backends for which the agent waited over ``limit_s`` on at least ``connections`` connections."""
    hosts = (*simulation.scenario.nodes, *simulation.scenario.backends)
    return frozenset(
        host.name
        for host in hosts
        if sum(wait_s > limit_s for wait_s in _waits_s(simulation, host.name, since_s)) >= connections
    )


def _waits_s(simulation: Simulation, name: str, since_s: float) -> Iterable[float]:
    frames = simulation.applied(simulation.address(name))
    return waits_s(frame for frame in frames if frame.arrived_at_s >= since_s).values()
