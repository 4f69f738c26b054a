"""What the load balancer does to addresses: TCP to a node goes to one of its backends, answers come back.

The way of AWS's for traffic from PrivateLink: a backend sees a source address of the node's own, so
that a flow through a node and a direct one from the same local port never meet. Pure.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from simulator.network.frames import Packet, readdress_tcp

MAX_FLOWS = 65_536  # the agent has as many ports for one node; older flows are forgotten first
_LISTENER_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAddresses:
    """``outside`` is what clients connect to, ``inside`` what backends see; ``backends`` may be empty."""

    outside: bytes
    inside: bytes
    backends: tuple[bytes, ...]


class Translated(NamedTuple):
    """``frame`` readdressed; ``node`` is the node's outside address, ``backend`` the backend's."""

    frame: bytes
    node: bytes
    backend: bytes


class Nat:
    """Addresses of one client behind nodes. Flows go to the backends in turn, each to one for its life."""

    def __init__(self, client: bytes, nodes: tuple[NodeAddresses, ...], most_flows: int = MAX_FLOWS) -> None:
        self._client = client
        self._by_outside = {node.outside: node for node in nodes}
        self._by_inside = {node.inside: node for node in nodes}
        self._flows: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._turns = dict.fromkeys(self._by_outside, 0)
        self._most_flows = most_flows

    def is_node(self, address: bytes) -> bool:
        return address in self._by_outside

    def is_inside(self, address: bytes) -> bool:
        return address in self._by_inside

    def outward(self, packet: Packet, frame: bytes) -> Translated | None:
        """A frame of the client to a node; None for what it does not forward: ICMP, other ports."""
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
        """A frame of a backend to a node's inside; None unless it is TCP from the listener's port."""
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
        while len(self._flows) > self._most_flows:
            self._flows.popitem(last=False)
        return backend

    def _next(self, node: NodeAddresses) -> bytes:
        turn = self._turns[node.outside]
        self._turns[node.outside] = turn + 1
        return node.backends[turn % len(node.backends)]
