"""The link's loop with a fake clock and fake sockets; `tests/real` tests it with a real kernel."""

import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from simulator.control import Lines
from simulator.network import delay_link as link_module
from simulator.network.delay_link import DelayLink
from simulator.network.link_plan import forwarding_of
from simulator.scenario.reader import read_scenario

AGENT, NEAR, FAR, SLOW = "10.77.0.2", "10.78.1.11", "10.78.1.12", "10.78.1.13"
MS = 1_000_000
WALL_NS = 1_800_000_000 * 1_000_000_000
SO_TIMESTAMPNS = 35


def ping(host: str, sequence: int = 1) -> bytes:
    return bytes(Ether() / IP(src=AGENT, dst=host) / ICMP(seq=sequence))


def pong(host: str) -> bytes:
    return bytes(Ether() / IP(src=host, dst=AGENT) / ICMP(type=0, seq=1))


@dataclass
class Clock:
    """Both clocks of the link; tests move them by hand."""

    now_ns: int = 0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def time_ns(self) -> int:
        return WALL_NS + self.now_ns


@dataclass
class Side:
    """A fake packet socket. ``waiting``: frames with kernel timestamps (or None); ``sent``: the sent frames."""

    waiting: list[tuple[bytes, int | None]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    is_full: bool = False

    def recvmsg(self, _size: int, _ancillary_size: int) -> tuple[bytes, list[Any], int, None]:
        if not self.waiting:
            raise BlockingIOError
        frame, stamp_ns = self.waiting.pop(0)
        if stamp_ns is None:
            return frame, [], 0, None
        stamp = struct.pack("@ll", *divmod(stamp_ns, 1_000_000_000))
        return frame, [(socket.SOL_SOCKET, SO_TIMESTAMPNS, stamp)], 0, None

    def send(self, frame: bytes) -> None:
        if self.is_full:
            raise OSError("no buffer space")
        self.sent.append(frame)


@dataclass
class Rig:
    """A link to Regions 20 ms, 40 ms and 4 s away."""

    clock: Clock
    agent: Side
    simulation: Side
    link: DelayLink

    def agent_sends(self, *frames: bytes, stamp_ns: int | None = None) -> None:
        self.agent.waiting += [(frame, stamp_ns) for frame in frames]
        self.link._receive(self.agent)  # type: ignore[arg-type]

    def applied(self, host: str) -> dict[str, Any]:
        return self.link._do({"do": "applied", "address": host})

    def at(self, now_ns: int) -> list[bytes]:
        """All frames sent to the simulation by then."""
        self.clock.now_ns = now_ns
        self.link._send_due()
        return self.simulation.sent


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    clock, agent, simulation = Clock(), Side(), Side()
    clock_module = SimpleNamespace(monotonic_ns=clock.monotonic_ns, time_ns=clock.time_ns)
    monkeypatch.setattr(link_module, "time", clock_module)
    scenario = read_scenario("mine", {"regions": {"near": "20ms", "far": "40ms", "slow": "4s"}})
    link = DelayLink(forwarding_of(scenario, Random(1)), agent, simulation)  # type: ignore[arg-type]
    return Rig(clock, agent, simulation, link)


def test_a_frame_is_forwarded_when_due_and_not_before(rig: Rig) -> None:
    rig.agent_sends(ping(FAR), ping(NEAR, 1), ping(NEAR, 2))
    assert rig.at(10 * MS - 1) == []
    assert rig.at(10 * MS) == [ping(NEAR, 1), ping(NEAR, 2)]  # due at the same time: in the order of arrival
    assert rig.at(20 * MS - 1) == [ping(NEAR, 1), ping(NEAR, 2)]
    assert rig.at(20 * MS) == [ping(NEAR, 1), ping(NEAR, 2), ping(FAR)]


def test_the_loop_sleeps_until_shortly_before_the_first_due_time(rig: Rig) -> None:
    assert rig.link._sleep_s() == 0.5
    rig.agent_sends(ping(NEAR))
    assert rig.link._sleep_s() == pytest.approx(0.00975)  # the last 0.25 ms are polled
    rig.clock.now_ns = 20 * MS
    assert rig.link._sleep_s() == 0


@pytest.mark.parametrize(
    ("age_ms", "due_ms"),
    [(3, 3997), (1000, 3000), (1001, 3000), (-500, 4000), (None, 4000)],
    ids=["old", "at the limit", "so old that a clock was set", "in the future", "no timestamp"],
)
def test_the_delay_starts_at_the_kernel_timestamp(rig: Rig, age_ms: int | None, due_ms: int) -> None:
    rig.clock.now_ns = 2000 * MS
    stamp_ns = None if age_ms is None else WALL_NS + (2000 - age_ms) * MS
    rig.agent_sends(ping(SLOW), stamp_ns=stamp_ns)
    assert rig.at(due_ms * MS - 1) == []
    assert rig.at(due_ms * MS) == [ping(SLOW)]
    assert [row.delay_ns for row in rig.applied(SLOW)["rows"]] == [2000 * MS]


def test_the_record_has_the_actual_send_time_and_not_the_due_time(rig: Rig) -> None:
    rig.agent_sends(ping(NEAR, 7), stamp_ns=WALL_NS)
    rig.at(13 * MS)
    (row,) = rig.applied(NEAR)["rows"]
    assert (row.arrived_at_ns, row.delay_ns, row.is_return, row.sequence) == (WALL_NS, 13 * MS, False, 7)
    assert rig.applied(FAR)["rows"] == ()


def test_frames_over_the_limit_and_frames_a_side_rejects_are_dropped_and_counted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "_MAX_FRAMES", 2)
    rig.agent_sends(ping(NEAR, 1), ping(NEAR, 2))
    assert rig.link.dropped == 0
    rig.agent_sends(ping(NEAR, 3))
    assert rig.link.dropped == 1
    rig.simulation.is_full = True
    assert rig.at(10 * MS) == []
    assert rig.applied(NEAR) == {"rows": (), "dropped": 3}
    rig.simulation.is_full = False
    rig.agent_sends(ping(NEAR, 4))
    assert rig.at(20 * MS) == [ping(NEAR, 4)]


def test_each_side_is_read_in_batches_so_that_the_other_is_served_too(rig: Rig) -> None:
    rig.agent_sends(*(ping(NEAR) for _ in range(65)))
    assert len(rig.agent.waiting) == 1
    assert len(rig.at(10 * MS)) == 64


@pytest.fixture
def ends() -> Iterator[tuple[Lines, Lines]]:
    one, other = socket.socketpair()
    with one, other:
        yield Lines(one), Lines(other)


def test_requests_are_answered_until_the_parent_closes(rig: Rig, ends: tuple[Lines, Lines]) -> None:
    parent, control = ends
    for message in (
        {"do": "rtt", "address": NEAR, "rtt_s": 0.1},
        {"do": "fault", "address": FAR, "fault": "dead"},
        {"do": "fault", "address": "10.78.9.9", "fault": "dead"},
        {"do": "fault", "address": FAR, "fault": "asleep"},
        {"do": "dance"},
    ):
        parent.send(message)
    assert rig.link._handle_requests(control)
    answers = [parent.read(1) or {} for _ in range(5)]
    assert answers[:2] == [{"done": True}] * 2
    errors = [answer["error"] for answer in answers[2:]]
    assert [error.partition(":")[0] for error in errors] == ["KeyError", "ValueError", "ValueError"]
    assert "unknown request dance" in errors[2]
    rig.agent_sends(ping(NEAR), ping(FAR))
    assert rig.at(50 * MS - 1) == []
    assert rig.at(60 * MS) == [ping(NEAR)]
    parent.connection.close()
    assert not rig.link._handle_requests(control)


@pytest.mark.loopback
def test_frames_are_forwarded_in_both_directions_until_the_parent_closes(ends: tuple[Lines, Lines]) -> None:
    parent, control = ends
    agent, agent_side = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    simulation, simulation_side = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    link = DelayLink(
        forwarding_of(read_scenario("mine", {"regions": {"r": "2ms"}}), Random(1)),
        agent_side,
        simulation_side,
    )
    with agent, agent_side, simulation, simulation_side:
        for each in (agent, simulation):
            each.settimeout(5)
        for each in (agent_side, simulation_side):
            each.setblocking(False)
        thread = threading.Thread(target=link.run, args=(control,), name="delay link")
        thread.start()
        try:
            agent.send(ping(NEAR))
            assert simulation.recv(2048) == ping(NEAR)
            simulation.send(pong(NEAR))
            assert agent.recv(2048) == pong(NEAR)
            parent.send({"do": "applied", "address": NEAR})
            answer = parent.read(5)
        finally:
            parent.connection.close()
            thread.join(5)
    assert not thread.is_alive()
    assert answer is not None
    assert [(row[2], row[1] >= 1 * MS) for row in answer["rows"]] == [(False, True), (True, True)]
