"""The load balancer's address translation: TCP to a node goes to one of its backends, and replies come back.

As with AWS PrivateLink, a backend sees an address of the node as the source. So a flow through a node and a
direct flow from the same local port never collide. Pure.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from simulator.network.frames import Packet, readdress_tcp

MAX_FLOWS = 65_536  # the number of local ports; the oldest flows are dropped first
_LISTENER_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAddresses:
    """Clients connect to ``outside``, backends see ``inside`` as the source; ``backends`` may be empty."""

    outside: bytes
    inside: bytes
    backends: tuple[bytes, ...]


class Translated(NamedTuple):
    """``frame`` with new addresses; ``node`` is the node's outside address, ``backend`` the backend's."""

    frame: bytes
    node: bytes
    backend: bytes


class Nat:
    """Translates addresses for one client. Flows go to the backends round robin and keep their backend."""

    def __init__(self, client: bytes, nodes: tuple[NodeAddresses, ...], max_flows: int = MAX_FLOWS) -> None:
        self._client = client
        self._by_outside = {node.outside: node for node in nodes}
        self._by_inside = {node.inside: node for node in nodes}
        self._flows: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._counters = dict.fromkeys(self._by_outside, 0)
        self._max_flows = max_flows

    def is_node(self, address: bytes) -> bool:
        return address in self._by_outside

    def is_inside(self, address: bytes) -> bool:
        return address in self._by_inside

    def outward(self, packet: Packet, frame: bytes) -> Translated | None:
        """Translate a frame from the client to a node; None if it is not forwarded (ICMP, other ports)."""
        node = self._by_outside[packet.destination]
        if (
            not packet.kind.startswith("tcp")
            or packet.destination_port != _LISTENER_PORT
            or not node.backends
        ):
            return None
        backend = self._backend(node, packet)
        return Translated(readdress_tcp(frame, packet, node.inside, backend), node.outside, backend)

    def homeward(self, packet: Packet, frame: bytes) -> Translated | None:
        """Translate a frame from a backend to a node; None unless it is TCP from the listener's port."""
        node = self._by_inside[packet.destination]
        if not packet.kind.startswith("tcp") or packet.source_port != _LISTENER_PORT:
            return None
        return Translated(
            readdress_tcp(frame, packet, node.outside, self._client), node.outside, packet.source
        )

    def _backend(self, node: NodeAddresses, packet: Packet) -> bytes:
        flow = (node.outside, packet.source_port)
        backend = self._flows.get(flow)
        if backend is None:
            backend = self._flows[flow] = self._next(node)
        self._flows.move_to_end(flow)
        while len(self._flows) > self._max_flows:
            self._flows.popitem(last=False)
        return backend

    def _next(self, node: NodeAddresses) -> bytes:
        number = self._counters[node.outside]
        self._counters[node.outside] = number + 1
        return node.backends[number % len(node.backends)]
