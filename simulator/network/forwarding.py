"""Decides for each frame: drop it, or forward it and when. Pure: time and randomness are passed in."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import NamedTuple

from simulator.faults import Fault
from simulator.network.frames import Packet, parse_frame
from simulator.network.nat import Nat
from simulator.network.records import FrameRecord
from simulator.scenario.scenario import Delay

NS = 1_000_000_000
# Longer than the gaps between frames of one flight, shorter than a retransmission timeout.
REORDER_HOLD_NS = 5_000_000


class Due(NamedTuple):
    """A frame to be forwarded at ``due_ns`` (monotonic); ``host`` is the address whose delay applies."""

    due_ns: int
    frame: bytes
    is_return: bool
    host: bytes
    kind: str
    port: int
    identifier: int
    sequence: int

    def record(self, arrived_at_ns: int, delay_ns: int) -> FrameRecord:
        return FrameRecord(
            arrived_at_ns, delay_ns, self.is_return, self.kind, self.port, self.identifier, self.sequence
        )


class LinkedHost:
    """One address with its delay (None: a node uses the backend's) and fault; both may change."""

    __slots__ = ("delay", "fault", "last_due_ns")

    def __init__(self, delay: Delay | None, fault: Fault) -> None:
        self.delay = delay
        self.fault = fault
        self.last_due_ns = [0, 0]  # out, back


class Forwarding:
    """The rules of the link. ``hosts`` are all existing addresses; frames for others are dropped."""

    def __init__(self, hosts: Mapping[bytes, LinkedHost], nat: Nat, random: Random) -> None:
        self._hosts = dict(hosts)
        self._nat = nat
        self._random = random

    def set_fault(self, host: bytes, fault: Fault) -> None:
        self._hosts[host].fault = fault

    def set_rtt(self, host: bytes, rtt_s: float) -> None:
        """Each direction takes half of ``rtt_s`` from now on; the other delay settings stay."""
        known = self._hosts[host].delay or Delay()
        self._hosts[host].delay = replace(known, out_s=rtt_s / 2, back_s=rtt_s / 2)

    def set_loss(self, host: bytes, share: float) -> None:
        """From now on, ``share`` (0..1) of the outbound frames is lost; the other delay settings stay."""
        known = self._hosts[host].delay or Delay()
        self._hosts[host].delay = replace(known, loss=share)

    def from_agent(self, frame: bytes, now_ns: int) -> tuple[Due, ...]:
        """The frames to forward for a frame from the agent that arrived at ``now_ns`` (monotonic)."""
        packet = parse_frame(frame)
        host = self._hosts.get(packet.destination) if packet else None
        if packet is None or host is None or self._is_dropped(host, packet):
            return ()
        delay = host.delay
        if self._nat.is_node(packet.destination):
            translated = self._nat.outward(packet, frame)
            if translated is None or self._is_dropped(self._hosts[translated.backend], packet):
                return ()
            frame = translated.frame
            delay = delay or self._hosts[translated.backend].delay
        return self._outward(packet, frame, host, delay or Delay(), now_ns)

    def from_simulation(self, frame: bytes, now_ns: int) -> tuple[Due, ...]:
        """The frames to forward to the agent for a frame from the simulation."""
        packet = parse_frame(frame)
        if packet is None:
            return ()
        address, delay = packet.source, None
        if self._nat.is_inside(packet.destination):
            translated = self._nat.homeward(packet, frame)
            if translated is None or self._is_dropped(self._hosts[translated.backend], packet):
                return ()
            address, frame = translated.node, translated.frame
            delay = self._hosts[translated.backend].delay
        host = self._hosts.get(address)
        if host is None or self._is_dropped(host, packet):
            return ()
        return self._homeward(packet, frame, address, host.delay or delay or Delay(), now_ns)

    def _outward(
        self, packet: Packet, frame: bytes, host: LinkedHost, delay: Delay, now_ns: int
    ) -> tuple[Due, ...]:
        if delay.loss and self._random.random() < delay.loss:
            return ()
        due_ns = self._in_order(host, 0, now_ns + self._one_way_ns(delay.out_s, delay.jitter_s))
        due = Due(
            due_ns,
            frame,
            False,
            packet.destination,
            packet.kind,
            packet.source_port,
            packet.identifier,
            packet.sequence,
        )
        return (due, due) if delay.duplicate and self._random.random() < delay.duplicate else (due,)

    def _homeward(
        self, packet: Packet, frame: bytes, address: bytes, delay: Delay, now_ns: int
    ) -> tuple[Due, ...]:
        due_ns = now_ns + self._one_way_ns(delay.back_s, delay.jitter_s)
        if delay.reorder and self._random.random() < delay.reorder:
            due_ns += REORDER_HOLD_NS
        else:
            due_ns = self._in_order(self._hosts[address], 1, due_ns)
        due = Due(
            due_ns,
            frame,
            True,
            address,
            packet.kind,
            packet.destination_port,
            packet.identifier,
            packet.sequence,
        )
        return (due,)

    def _is_dropped(self, host: LinkedHost, packet: Packet) -> bool:
        if host.fault is Fault.DEAD:
            return True
        return host.fault is Fault.SILENT and packet.kind.startswith("tcp")

    def _one_way_ns(self, one_way_s: float, jitter_s: float) -> int:
        extra_s = self._random.random() * jitter_s / 2 if jitter_s else 0.0
        return int((one_way_s + extra_s) * NS)

    def _in_order(self, host: LinkedHost, direction: int, due_ns: int) -> int:
        """Not before the previous frame: jitter delays packets but does not reorder them."""
        due_ns = max(due_ns, host.last_due_ns[direction])
        host.last_due_ns[direction] = due_ns
        return due_ns
