"""The process of the delay link: forwards frames from one side to the other after the delay of their host.

``python -m simulator.network.delay_link FD PARENT``; FD is the control socket. It first creates the
namespaces and links, and sends the parent their descriptors. It has one thread and a heap of frames ordered
by due time.
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

from simulator.control import START_S, Lines, answered
from simulator.faults import Fault
from simulator.network import namespaces
from simulator.network.forwarding import Due, Forwarding
from simulator.network.link_plan import plan_forwarding
from simulator.network.records import Records

_SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>
_TIMESPEC = struct.Struct("@ll")
_FRAME_BYTES = 2048  # the MTU is 1500, and offloads are off
_MAX_FRAMES = 65_536  # in flight; more are dropped, as by any full queue
_BATCH = 64
# select() wakes up 25-135 µs late with precise timers (measured): the last part is busy-waiting.
_SPIN_NS = 250_000
_IDLE_S = 0.5


class DelayLink:
    """Two packet sockets and the frames in flight between them."""

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
                    self._receive(source)
            self._send_due()
            if control.connection in readable and not self._handle_requests(control):
                return

    def _sleep_s(self) -> float:
        if not self._heap:
            return _IDLE_S
        left_ns = self._heap[0][0] - time.monotonic_ns() - _SPIN_NS
        return min(_IDLE_S, max(0, left_ns) / 1e9)

    def _receive(self, source: socket.socket) -> None:
        """Read at most one batch of frames and put them in the heap with their due times."""
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
            # Kernel timestamps use the wall clock; only their age is used, so that a clock step has no
            # effect.
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
            side = self._agent_side if due.is_return else self._simulation_side
            sent_ns = time.monotonic_ns()
            try:
                side.send(due.frame)
            except OSError:  # a full queue, or a link that is being removed
                self.dropped += 1
                continue
            self.records.add(due.host, due.record(stamp_ns, sent_ns - arrived_ns))

    def _handle_requests(self, control: Lines) -> bool:
        """Answer every complete request; False when the parent has closed the socket."""
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
            case "loss":
                self.forwarding.set_loss(socket.inet_aton(message["address"]), float(message["share"]))
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
    """Create the namespaces, send them to the parent, and forward frames until the parent ends."""
    own_namespace = namespaces.enter_fresh_namespace()
    namespaces.die_with_parent(parent)
    from simulator.network import (
        links,
    )  # pyroute2 is slow to import, and must be imported inside the user namespace

    agent, simulation = namespaces.fresh_network(), namespaces.fresh_network()
    namespaces.enter_network(own_namespace.network)
    links.make_links(own_namespace.network, agent, simulation)
    control = Lines(socket.socket(fileno=control_descriptor))
    start = control.read(START_S)
    if start is None:
        return
    link = DelayLink(
        plan_forwarding(start["name"], start["scenario"], Random(start["seed"])),
        links.open_packet_socket(links.LINK_TO_AGENT),
        links.open_packet_socket(links.LINK_TO_SIMULATION),
    )
    user = () if own_namespace.user is None else (own_namespace.user,)
    control.send({"ready": True}, (agent, simulation, *user))
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)  # otherwise busy cores would delay the link by milliseconds
    namespaces.sleep_precisely()
    gc.disable()  # the loop creates no reference cycles, and a collection would delay frames
    link.run(control)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
