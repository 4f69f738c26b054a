"""How long the agent waited for each host of a simulation, from the frames that the link recorded."""

from collections import defaultdict
from collections.abc import Iterable

from simulator import AppliedDelay, Simulation
from simulator.network.records import round_trips_s

QUICK, QUICK_S = "health-answers-within-250-ms", 0.25
NEAR, NEAR_S = "round-trip-within-35-ms", 0.035
ENOUGH = 3  # exchanges that can decide a requirement: the majority of five health requests


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


def slow_hosts(simulation: Simulation, *, since_s: float) -> frozenset[str]:
    """The nodes and backends that let the agent wait longer than KMS waits, on enough connections to be decisive."""
    hosts = (*simulation.scenario.nodes, *simulation.scenario.backends)
    waits = {host.name: waits_s(_frames(simulation, host.name, since_s)).values() for host in hosts}
    return frozenset(
        name for name, each in waits.items() if sum(wait_s > QUICK_S for wait_s in each) >= ENOUGH
    )


def late_requirements(simulation: Simulation, *, since_s: float) -> frozenset[str]:
    """The requirements about time that a busy machine may have broken: the link recorded times over their limits."""
    frames = [list(_frames(simulation, host.name, since_s)) for host in simulation.scenario.key_managers]
    rtts_s = [(*round_trips_s(each, "icmp"), *round_trips_s(each, "tcp-syn")) for each in frames]
    is_far = any(sum(rtt_s > NEAR_S for rtt_s in each) >= ENOUGH for each in rtts_s)
    is_slow = slow_hosts(simulation, since_s=since_s)
    return frozenset(({NEAR} if is_far else set()) | ({QUICK} if is_slow else set()))


def _frames(simulation: Simulation, name: str, since_s: float) -> Iterable[AppliedDelay]:
    frames = simulation.applied(simulation.address(name))
    return (frame for frame in frames if frame.arrived_at_s >= since_s)
