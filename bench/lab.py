"""Two network namespaces joined by one veth pair, and nothing between them that could be late.

The simulation's kernel answers for all of 10.78.0.0/16. The calling process moves into the agent's namespace
and stays there, so that an ordinary user can have a lab too (a user namespace can't be left again).
"""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute

from bench import capabilities
from simulator.network import namespaces

AGENT_LINK, SIMULATION_LINK = "agent0", "simulation0"
AGENT_ADDRESS, SIMULATION_ADDRESS = "10.77.0.1", "10.77.0.2"
HOSTS = "10.78.0.0/16"
TCP_PORT = 443
_TABLE_LOCAL, _SCOPE_HOST = 255, 254  # <linux/rtnetlink.h>
_BACKLOG = 4096
_MAX_HOSTS = 256 * 254
_PINGS = Path("/proc/sys/net/ipv4/ping_group_range")  # of the namespace of whoever opens it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Open descriptors of the network namespaces; ``outside`` is where this process came from."""

    agent: int
    simulation: int
    outside: int

    def popen(
        self, argv: Sequence[str], *, without_admin: bool = False, **options: Any
    ) -> subprocess.Popen[Any]:
        """Start ``argv`` in the agent's namespace; it dies with this process.

        ``without_admin`` takes CAP_NET_ADMIN from it: then it gets no larger buffers than any other user.
        """
        parent, agent = os.getpid(), self.agent

        def in_child() -> None:
            namespaces.enter_network(agent)
            if without_admin:
                capabilities.drop_net_admin()
            namespaces.die_with_parent(parent)

        # A few system calls that take no lock, between fork and exec.
        return subprocess.Popen(list(argv), preexec_fn=in_child, **options)  # noqa: PLW1509, S603  # see above

    @contextmanager
    def datagram_pings_closed(self) -> Iterator[bool]:
        """No group may open datagram ICMP sockets in the block, so that raw ones are taken.

        False where that can't be arranged: a user namespace knows no second group to name.
        """
        try:
            _PINGS.write_text("1 0", "ascii")
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            _open_pings()


def addresses(count: int) -> list[str]:
    """The first ``count`` hosts of the simulation that end neither in 0 nor in 255."""
    if count > _MAX_HOSTS:
        raise ValueError(f"the simulation has {_MAX_HOSTS} hosts, not {count}")
    return [f"10.78.{number // 254}.{number % 254 + 1}" for number in range(count)]


@contextmanager
def lab() -> Iterator[Lab]:
    """A lab with this process in its agent's namespace, and a TCP server on every address of the simulation.

    Raises OSError where the system allows no namespaces.
    """
    outside = namespaces.current_network()
    agent = namespaces.enter_fresh_namespace().network
    simulation = namespaces.fresh_network()
    namespaces.enter_network(agent)
    _join(agent, simulation)
    made = Lab(agent=agent, simulation=simulation, outside=outside)
    server = in_child(lambda: _accept_forever(simulation))
    try:
        yield made
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


def in_child(function: Callable[[], None]) -> int:
    """Run ``function`` in a forked child that dies with this process; its process id."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        namespaces.die_with_parent(parent)
        function()
        status = 0
    finally:
        os._exit(status)  # a forked child must not go on as its parent


def _join(agent: int, simulation: int) -> None:
    """Called in the agent's namespace; comes back to it."""
    with IPRoute() as netlink:
        netlink.link(
            "add", ifname=AGENT_LINK, kind="veth", peer={"ifname": SIMULATION_LINK, "net_ns_fd": simulation}
        )
    namespaces.enter_network(simulation)
    try:
        with IPRoute() as netlink:
            _set_up(netlink, SIMULATION_LINK, SIMULATION_ADDRESS)
            loopback = netlink.link_lookup(ifname="lo")[0]
            netlink.route("add", dst=HOSTS, oif=loopback, type="local", table=_TABLE_LOCAL, scope=_SCOPE_HOST)
    finally:
        namespaces.enter_network(agent)
    with IPRoute() as netlink:
        _set_up(netlink, AGENT_LINK, AGENT_ADDRESS)
        netlink.route("add", dst=HOSTS, gateway=SIMULATION_ADDRESS)
    _open_pings()


def _set_up(netlink: IPRoute, name: str, address: str) -> None:
    index = netlink.link_lookup(ifname=name)[0]
    netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
    netlink.link("set", index=index, state="up")
    netlink.addr("add", index=index, address=address, prefixlen=24)


def _open_pings() -> None:
    """Allow datagram ICMP sockets; in a user namespace only its one group can be named."""
    for group_range in ("0 2147483647", "0 0"):
        with suppress(OSError):
            _PINGS.write_text(group_range, "ascii")
            return


def _accept_forever(simulation: int) -> None:
    namespaces.enter_network(simulation)
    with socket.create_server(("0.0.0.0", TCP_PORT), backlog=_BACKLOG) as server:
        while True:
            connection, _ = server.accept()
            connection.close()
