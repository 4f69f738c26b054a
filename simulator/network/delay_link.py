"""The wire's process: frames from one side are written to the other after the delay of their host.

``python -m simulator.network.delay_link FD PARENT``; FD is the control socket. It makes the namespaces and
links first, and hands the parent their descriptors. One thread, a heap of frames that are due, no wait longer
than needed.
"""

import gc
import heapq
import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress
from random import Random
from typing import Any

from simulator.control import Lines, answered
from simulator.faults import Fault
from simulator.network import namespaces
from simulator.network.forwarding import Due, Forwarding
from simulator.network.link_plan import plan_forwarding
from simulator.network.records import Records

_SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>
_TIMESPEC = struct.Struct("@ll")
_FRAME_BYTES = 2048  # the MTU is 1500, and offloads are off
_MAX_FRAMES = 65_536  # under way at one time; more are dropped, as any full queue drops
_BATCH = 64
# select() wakes up 25-135 µs late with precise timers (measured): the rest is polled without sleeping.
_SPIN_NS = 250_000
_IDLE_S = 0.5


class DelayLink:
    """Two packet sockets and what is under way between them."""

    def __init__(
        self, forwarding: Forwarding, agent_side: socket.socket, simulation_side: socket.socket
    ) -> None:
        self.forwarding = forwarding
        self.records = Records()
        self.dropped = 0
        self._agent_side = agent_side
        self._simulation_side = simulation_side
        self._heap: list[tuple[int, int, Due, int, int]] = []
        self._order = 0

    def run(self, control: Lines) -> None:
        """Forward until the parent closes ``control``."""
        sources = [self._agent_side, self._simulation_side, control.connection]
        while True:
            readable, _, _ = select.select(sources, [], [], self._sleep_s())
            for source in readable:
                if source is not control.connection:
                    self._take(source)
            self._send_due()
            if control.connection in readable and not self._obey(control):
                return

    def _sleep_s(self) -> float:
        if not self._heap:
            return _IDLE_S
        left_ns = self._heap[0][0] - time.monotonic_ns() - _SPIN_NS
        return min(_IDLE_S, max(0, left_ns) / 1e9)

    def _take(self, source: socket.socket) -> None:
        """Read what has come, at most a batch, and put it in the heap with the time it is due."""
        forward = (
            self.forwarding.from_agent if source is self._agent_side else self.forwarding.from_simulation
        )
        for _ in range(_BATCH):
            try:
                frame, ancillary, _, _ = source.recvmsg(_FRAME_BYTES, 64)
            except BlockingIOError:
                return
            wall_ns, now_ns = time.time_ns(), time.monotonic_ns()
            stamp_ns = _stamp_ns(ancillary) or wall_ns
            # The kernel stamps by the wall clock; its age is what counts, and a clock step must not.
            arrived_ns = now_ns - min(max(0, wall_ns - stamp_ns), 1_000_000_000)
            for due in forward(frame, arrived_ns):
                self._push(due, stamp_ns, arrived_ns)

    def _push(self, due: Due, stamp_ns: int, arrived_ns: int) -> None:
        if len(self._heap) >= _MAX_FRAMES:
            self.dropped += 1
            return
        self._order += 1
        heapq.heappush(self._heap, (due.due_ns, self._order, due, stamp_ns, arrived_ns))

    def _send_due(self) -> None:
        while self._heap and self._heap[0][0] <= time.monotonic_ns():
            _, _, due, stamp_ns, arrived_ns = heapq.heappop(self._heap)
            side = self._agent_side if due.is_back else self._simulation_side
            sent_ns = time.monotonic_ns()
            try:
                side.send(due.frame)
            except OSError:  # a full queue, or a link that goes down at the end
                self.dropped += 1
                continue
            self.records.add(due.host, due.record(stamp_ns, sent_ns - arrived_ns))

    def _obey(self, control: Lines) -> bool:
        """Answer every whole request that has come; False when the parent has gone."""
        try:
            data = control.connection.recv(65_536)
        except OSError:
            return False
        message = control.parse(data)
        while message is not None:
            try:
                answered(control, message, self._do(message))
            except (KeyError, ValueError) as error:
                answered(control, message, error)
            message = control.parse(b"")
        return bool(data)

    def _do(self, message: dict[str, Any]) -> dict[str, Any]:
        match message["do"]:
            case "fault":
                self.forwarding.set_fault(socket.inet_aton(message["address"]), Fault(message["fault"]))
            case "rtt":
                self.forwarding.set_rtt(socket.inet_aton(message["address"]), float(message["rtt_s"]))
            case "applied":
                return {
                    "rows": self.records.of(socket.inet_aton(message["address"])),
                    "dropped": self.dropped,
                }
            case unknown:
                raise ValueError(f"unknown request {unknown}")
        return {"done": True}


def _stamp_ns(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return None


def main(control_descriptor: int, parent: int) -> None:
    """Make the namespaces, tell the parent, and be the link until it goes."""
    wire_namespace = namespaces.enter_fresh_namespace()
    namespaces.die_with_parent(parent)
    from simulator.network import links  # pyroute2 is slow to import, and must come after the user namespace

    agent, simulation = namespaces.fresh_network(), namespaces.fresh_network()
    namespaces.enter_network(wire_namespace.network)
    links.make_links(wire_namespace.network, agent, simulation)
    control = Lines(socket.socket(fileno=control_descriptor))
    start = control.read(10.0)
    if start is None:
        return
    link = DelayLink(
        plan_forwarding(start["name"], start["scenario"], Random(start["seed"])),
        links.open_packet_socket(links.WIRE_TO_AGENT),
        links.open_packet_socket(links.WIRE_TO_SIMULATION),
    )
    user = () if wire_namespace.user is None else (wire_namespace.user,)
    control.send({"ready": True}, (agent, simulation, *user))
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)  # with busy cores the link would be late by milliseconds
    namespaces.sleep_precisely()
    gc.disable()  # the loop makes no cycles, and a collection would delay a frame
    link.run(control)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
