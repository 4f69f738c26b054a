"""Two network namespaces connected by one veth pair, without any other component that adds delay.

The kernel of the simulation's namespace answers for all of 10.78.0.0/16. The calling process moves into the
agent's namespace and stays there, so that an ordinary user can create a lab (a user namespace cannot be
left).
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
_PINGS = Path("/proc/sys/net/ipv4/ping_group_range")  # applies to the namespace of the process that opens it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Open descriptors of the network namespaces; ``outside`` is the original one of this process."""

    agent: int
    simulation: int
    outside: int

    def popen(
        self, argv: Sequence[str], *, without_admin: bool = False, **options: Any
    ) -> subprocess.Popen[Any]:
        """Start ``argv`` in the agent's namespace; it is killed when this process ends.

        ``without_admin`` drops CAP_NET_ADMIN, so that it gets the same buffers as an ordinary user.
        """
        parent, agent = os.getpid(), self.agent

        def in_child() -> None:
            namespaces.enter_network(agent)
            if without_admin:
                capabilities.drop_net_admin()
            namespaces.die_with_parent(parent)

        # Between fork and exec only system calls without locks.
        return subprocess.Popen(list(argv), preexec_fn=in_child, **options)  # noqa: PLW1509, S603  # see above

    @contextmanager
    def datagram_pings_forbidden(self) -> Iterator[bool]:
        """Forbid datagram ICMP sockets during the block, so that raw sockets are used.

        False if that is not possible: in a user namespace, the range cannot exclude the only mapped group.
        """
        try:
            _PINGS.write_text("1 0", "ascii")
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            allow_pings()


def addresses(count: int) -> list[str]:
    """The first ``count`` host addresses of the simulation, without those that end in 0 or 255."""
    if count > _MAX_HOSTS:
        raise ValueError(f"the simulation has {_MAX_HOSTS} hosts, not {count}")
    return [f"10.78.{number // 254}.{number % 254 + 1}" for number in range(count)]


def allow_pings() -> None:
    """Allow datagram ICMP sockets. A user namespace has only one mapped group, so it allows just that one."""
    for group_range in ("0 2147483647", "0 0"):
        with suppress(OSError):
            _PINGS.write_text(group_range, "ascii")
            return


@contextmanager
def lab(set_ping_permission: Callable[[], None] = allow_pings) -> Iterator[Lab]:
    """A lab with this process in the agent's namespace and a TCP server on all addresses of the simulation.

    ``set_ping_permission`` is called in the agent's new namespace. In a user namespace, a permission that was
    given cannot be withdrawn. Raises OSError if the system does not allow namespaces.
    """
    outside = namespaces.current_network()
    agent = namespaces.enter_fresh_namespace().network
    simulation = namespaces.fresh_network()
    namespaces.enter_network(agent)
    _join(agent, simulation)
    set_ping_permission()
    made = Lab(agent=agent, simulation=simulation, outside=outside)
    server = in_child(lambda: _accept_forever(simulation))
    try:
        yield made
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


def in_child(function: Callable[[], None]) -> int:
    """Run ``function`` in a forked child that is killed when this process ends. Returns its process id."""
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
        os._exit(status)  # a forked child must not continue with the parent's code


def _join(agent: int, simulation: int) -> None:
    """Called in the agent's namespace; returns to it."""
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


def _set_up(netlink: IPRoute, name: str, address: str) -> None:
    index = netlink.link_lookup(ifname=name)[0]
    netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
    netlink.link("set", index=index, state="up")
    netlink.addr("add", index=index, address=address, prefixlen=24)


def _accept_forever(simulation: int) -> None:
    namespaces.enter_network(simulation)
    with socket.create_server(("0.0.0.0", TCP_PORT), backlog=_BACKLOG) as server:
        while True:
            connection, _ = server.accept()
            connection.close()
