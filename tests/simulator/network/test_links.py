"""The links of a simulation in a forked child: real namespaces, tested with sockets and /proc files."""

import array
import errno
import fcntl
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from simulator.network import namespaces
from simulator.running import call

pytestmark = pytest.mark.real

AGENT_MAC, SIMULATION_MAC = "02:00:00:00:00:02", "02:00:00:00:00:01"
# <linux/ethtool.h>: the requests that read transmit checksums, segmentation, and receive aggregation
GETTERS = {"tx-checksum": 0x16, "tso": 0x1E, "gso": 0x23, "gro": 0x2B}
SO_TIMESTAMPNS = 35


def in_links(look: Callable[[int, int], Any]) -> Any:
    """The result of ``look(agent, simulation)`` in a new namespace with the links created."""

    def child() -> Any:
        own = namespaces.enter_fresh_namespace()
        from simulator.network import links

        agent, simulation = namespaces.fresh_network(), namespaces.fresh_network()
        namespaces.enter_network(own.network)
        links.make_links(own.network, agent, simulation)
        current = os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116
        assert current == os.fstat(own.network).st_ino, "not back in the link's namespace"
        return look(agent, simulation)

    return call(child, None, 20)


def offloads(name: str) -> dict[str, int]:
    """The enabled offloads of an interface in this namespace."""
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for offload, command in GETTERS.items():
            value = array.array("I", [command, 0])
            request = struct.pack("16sP16x", name.encode(), value.buffer_info()[0])
            fcntl.ioctl(any_socket, 0x8946, request)  # SIOCETHTOOL
            found[offload] = value[1]
    return found


def received(packets: socket.socket) -> tuple[bytes, list[Any]]:
    packets.settimeout(5)
    frame, ancillary, _, _ = packets.recvmsg(2048, 64)
    return frame, ancillary


def udp(network: int, source: str, destination: str, size: int = 3) -> None:
    """Send from the namespace ``network``, then return to the current one."""
    here = namespaces.current_network()
    namespaces.enter_network(network)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 5))
        sender.sendto(b"x" * size, (destination, 53))
    namespaces.enter_network(here)


def test_frames_of_both_ends_reach_the_link_complete_and_without_arp(can_simulate: object) -> None:
    def look(agent: int, simulation: int) -> list[Any]:
        from simulator.network import links

        with (
            links.open_packet_socket(links.LINK_TO_AGENT) as of_agent,
            links.open_packet_socket(links.LINK_TO_SIMULATION) as of_simulation,
        ):
            udp(agent, "10.77.0.2", "10.78.1.11")
            udp(simulation, "10.78.200.1", "10.77.0.2")
            udp(simulation, "10.78.3.11", "10.76.0.1")  # from a backend to a node's inner address
            return [received(packets)[0].hex() for packets in (of_agent, of_simulation, of_simulation)]

    frames = [Ether(bytes.fromhex(frame)) for frame in in_links(look)]
    assert [(frame.src, frame.dst, frame[IP].src, frame[IP].dst) for frame in frames] == [
        (AGENT_MAC, SIMULATION_MAC, "10.77.0.2", "10.78.1.11"),
        (SIMULATION_MAC, AGENT_MAC, "10.78.200.1", "10.77.0.2"),
        (SIMULATION_MAC, AGENT_MAC, "10.78.3.11", "10.76.0.1"),
    ]
    for frame in frames:
        written = frame[UDP].chksum
        del frame[UDP].chksum
        assert Ether(bytes(frame))[UDP].chksum == written  # a partial checksum would differ


def test_only_the_simulations_network_is_local_in_its_namespace(can_simulate: object) -> None:
    def look(_agent: int, simulation: int) -> dict[str, str]:
        namespaces.enter_network(simulation)
        found = {}
        for address in ("10.78.0.1", "10.78.255.254", "10.77.0.1", "10.76.0.1", "10.79.0.1"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
                found[address] = errno.errorcode.get(server_bound(server, address), "local")
        return found

    assert in_links(look) == {
        "10.78.0.1": "local",
        "10.78.255.254": "local",
        "10.77.0.1": "local",  # the gateway's own address
        "10.76.0.1": "EADDRNOTAVAIL",  # behind the link: a node's inner address
        "10.79.0.1": "EADDRNOTAVAIL",
    }


def server_bound(server: socket.socket, address: str) -> int:
    try:
        server.bind((address, 53))
    except OSError as error:
        return error.errno or -1
    return 0


def ping_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)


def test_the_agent_may_ping_and_sends_from_its_own_address(can_simulate: object) -> None:
    def look(agent: int, _simulation: int) -> list[Any]:
        try:
            ping_socket().close()
            before = "permitted"
        except PermissionError:
            before = "not permitted"
        namespaces.enter_network(agent)
        with ping_socket() as pings:
            pings.connect(("198.51.100.1", 0))
            return [before, pings.getsockname()[0]]

    # Pings are not permitted in the link's namespace.
    assert in_links(look) == ["not permitted", "10.77.0.2"]


def test_offloads_are_off_at_all_ends_of_the_links(can_simulate: object) -> None:
    def look(agent: int, simulation: int) -> list[dict[str, int]]:
        found = [offloads("link-agent"), offloads("link-simulation")]
        for network, name in ((agent, "agent0"), (simulation, "simulation0")):
            namespaces.enter_network(network)
            found.append(offloads(name))
        return found

    assert in_links(look) == [dict.fromkeys(GETTERS, 0)] * 4


def test_switching_off_offloads_changes_a_new_link_and_ignores_missing_offloads(
    can_simulate: object,
) -> None:
    def child() -> list[dict[str, int]]:
        namespaces.enter_fresh_namespace()
        from pyroute2 import IPRoute

        from simulator.network.links import switch_offload_off

        with IPRoute() as netlink:
            netlink.link("add", ifname="one", kind="veth", peer={"ifname": "other"})
        before = offloads("one")
        switch_offload_off("one")
        switch_offload_off("ghost")
        return [before, offloads("one")]

    before, after = call(child, None, 20)
    assert (before["tso"], before["gso"], before["tx-checksum"]) == (1, 1, 1)
    assert not any(after.values())


def test_a_packet_socket_has_timestamps_does_not_block_and_receives_only_incoming_frames(
    can_simulate: object,
) -> None:
    def look(agent: int, _simulation: int) -> list[Any]:
        from simulator.network import links

        with (
            links.open_packet_socket(links.LINK_TO_AGENT) as packets,
            links.open_packet_socket(links.LINK_TO_AGENT) as other,
        ):
            began_ns = time.time_ns()
            udp(agent, "10.77.0.2", "10.78.1.11")
            frame, ancillary = received(packets)
            ended_ns = time.time_ns()
            packets.setblocking(False)
            other.send(frame)  # an outgoing frame
            silent = False
            try:
                packets.recv(2048)
            except BlockingIOError:
                silent = True
        with links.open_packet_socket(links.LINK_TO_AGENT) as fresh:
            blocks = fresh.getblocking()
        ((_, kind, stamp),) = ancillary
        seconds, nanoseconds = struct.unpack("@ll", stamp)
        arrived_ns = seconds * 1_000_000_000 + nanoseconds
        return [kind, began_ns <= arrived_ns <= ended_ns, silent, blocks]

    assert in_links(look) == [SO_TIMESTAMPNS, True, True, False]
