from types import SimpleNamespace
from typing import Any

import pytest
from support.network.wire_waits import NEAR, QUICK, late_requirements, waits_s

from simulator import AppliedDelay


def frame(
    way: str, arrived_at_s: float, *, port: int = 50_000, delay_s: float = 0.25, kind: str = "tcp"
) -> AppliedDelay:
    return AppliedDelay(
        arrived_at_s=arrived_at_s, delay_s=delay_s, way=way, kind=kind, port=port, identifier=0, sequence=0
    )


def test_a_wait_lasts_from_the_last_frame_sent_to_the_last_one_received() -> None:
    frames = [
        frame("out", 1.0, kind="tcp-syn"),
        frame("back", 1.25, kind="tcp-syn"),  # received at 1.5
        frame("out", 3.0),  # an acknowledgement, 1.5 s of the agent's own time later
        frame("out", 4.0),
        frame("back", 4.25),  # an acknowledgement
        frame("back", 5.75),  # received at 6.0
    ]
    assert waits_s(frames) == {50_000: 0.5 + 2.0}


def test_connections_are_separate_and_need_not_be_complete() -> None:
    frames = [
        frame("back", 0.5, port=1),  # the frame before it is no longer kept
        frame("out", 1.0, port=1),
        frame("out", 1.0, port=2),
        frame("out", 1.0, port=3, kind="udp"),
        frame("back", 1.5, port=2, delay_s=0.0),
    ]
    assert waits_s(frames) == {1: 0.0, 2: 0.5}


def exchanges(count: int, delay_s: float) -> list[AppliedDelay]:
    """Connects that each take ``delay_s`` in each direction."""
    return [
        frame(way, at_s, port=port, delay_s=delay_s, kind="tcp-syn")
        for port in range(count)
        for way, at_s in (("out", 10.0), ("back", 10.0 + delay_s))
    ]


@pytest.mark.parametrize(
    ("slow", "delay_s", "late"),
    [
        ("proxy-1", 0.13, {QUICK}),
        ("proxy-1", 0.12, set()),
        ("hsm-1", 0.018, {NEAR}),
        ("hsm-1", 0.017, set()),
    ],
)
def test_a_requirement_is_late_from_three_exchanges_over_its_limit(
    slow: str, delay_s: float, late: set[str]
) -> None:
    hosts = {"backends": ["proxy-1"], "nodes": ["node-1"], "key_managers": ["hsm-1"]}
    scenario = SimpleNamespace(
        **{kind: [SimpleNamespace(name=each) for each in names] for kind, names in hosts.items()}
    )

    def found(count: int, since_s: float) -> frozenset[str]:
        frames = {slow: exchanges(count, delay_s)}
        simulation: Any = SimpleNamespace(
            scenario=scenario, address=str, applied=lambda name: frames.get(name, [])
        )
        return late_requirements(simulation, since_s=since_s)

    assert found(3, 10.0) == late
    assert not found(2, 10.0)
    assert not found(3, 10.5)  # these are of an earlier run
