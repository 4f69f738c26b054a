"""Creates the veth pairs agent <-> delay link <-> simulation by netlink, without the `ip` command.

Called in the process of the delay link, in its namespace; it returns to that namespace.
"""

import ctypes
import fcntl
import socket
from contextlib import suppress
from pathlib import Path

from pyroute2 import IPRoute

from simulator.network import namespaces
from simulator.scenario.addressing import AGENT_ADDRESS, GATEWAY_ADDRESS, INSIDE_NETWORK, SIMULATION_NETWORK

LINK_TO_AGENT, LINK_TO_SIMULATION = "link-agent", "link-simulation"
_AGENT, _SIMULATION = "agent0", "simulation0"
_AGENT_MAC, _SIMULATION_MAC = "02:00:00:00:00:02", "02:00:00:00:00:01"
_TABLE_LOCAL, _SCOPE_HOST = 255, 254  # <linux/rtnetlink.h>

_ETH_P_IP = 0x0800  # a packet socket bound to a protocol does not receive the frames it sends
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE = 35, 33  # <asm-generic/socket.h>
_RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024

# <linux/sockios.h>, <linux/ethtool.h>
_SIOCETHTOOL = 0x8946
_SET_RX_CHECKSUM, _SET_TX_CHECKSUM, _SET_SG = 0x15, 0x17, 0x19
_SET_TSO, _SET_GSO, _SET_GRO = 0x1F, 0x24, 0x2C
# Otherwise veth passes partial checksums and oversized frames. The kernel requires this order.
_OFFLOADS = (_SET_TSO, _SET_GSO, _SET_GRO, _SET_TX_CHECKSUM, _SET_SG, _SET_RX_CHECKSUM)


def make_links(link: int, agent: int, simulation: int) -> None:
    """Connect three network namespaces (open descriptors): links, addresses, routes, permission to ping."""
    with IPRoute() as netlink:
        _pair(netlink, LINK_TO_AGENT, _AGENT, agent)
        _pair(netlink, LINK_TO_SIMULATION, _SIMULATION, simulation)
    try:
        namespaces.enter_network(agent)
        _set_up_agent()
        namespaces.enter_network(simulation)
        _set_up_simulation()
    finally:
        namespaces.enter_network(link)
    for name in (LINK_TO_AGENT, LINK_TO_SIMULATION):
        switch_offload_off(name)


def _pair(netlink: IPRoute, name: str, other: str, network: int) -> None:
    netlink.link("add", ifname=name, kind="veth", peer={"ifname": other, "net_ns_fd": network})
    netlink.link("set", index=netlink.link_lookup(ifname=name)[0], state="up")


def _set_up_agent() -> None:
    with IPRoute() as netlink:
        _set_up_end(netlink, _AGENT, _AGENT_MAC, AGENT_ADDRESS, (GATEWAY_ADDRESS, _SIMULATION_MAC))
        netlink.route("add", dst="default", gateway=GATEWAY_ADDRESS)
    switch_offload_off(_AGENT)
    _allow_pings()


def _set_up_simulation() -> None:
    with IPRoute() as netlink:
        _set_up_end(netlink, _SIMULATION, _SIMULATION_MAC, GATEWAY_ADDRESS, (AGENT_ADDRESS, _AGENT_MAC))
        # One kernel answers for all hosts of the simulation; the nodes' inner addresses are routed to the
        # agent.
        loopback = netlink.link_lookup(ifname="lo")[0]
        netlink.route(
            "add", dst=SIMULATION_NETWORK, oif=loopback, type="local", table=_TABLE_LOCAL, scope=_SCOPE_HOST
        )
        netlink.route("add", dst=INSIDE_NETWORK, gateway=AGENT_ADDRESS)
    switch_offload_off(_SIMULATION)


def _set_up_end(netlink: IPRoute, name: str, mac: str, address: str, neighbour: tuple[str, str]) -> None:
    index = netlink.link_lookup(ifname=name)[0]
    netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
    netlink.link("set", index=index, address=mac, state="up")
    netlink.addr("add", index=index, address=address, prefixlen=24)
    # A static neighbour entry: the link carries only IPv4, so no ARP is delayed or counted.
    netlink.neigh("add", dst=neighbour[0], lladdr=neighbour[1], ifindex=index, state="permanent")


def _allow_pings() -> None:
    """Allow datagram ICMP sockets. A user namespace has only one mapped group, so it allows just that one."""
    setting = Path("/proc/sys/net/ipv4/ping_group_range")
    for group_range in ("0 2147483647", "0 0"):
        with suppress(OSError):
            setting.write_text(group_range, "ascii")
            return


def switch_offload_off(name: str) -> None:
    """Make ``name``, an interface in this namespace, use complete checksums and frames within the MTU."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in _OFFLOADS:
            with suppress(OSError):  # this kernel's veth does not have the offload
                _ethtool(any_socket, name, command, 0)


def _ethtool(any_socket: socket.socket, name: str, command: int, value: int) -> None:
    setting = (ctypes.c_uint32 * 2)(command, value)  # struct ethtool_value
    pointer = ctypes.addressof(setting).to_bytes(ctypes.sizeof(ctypes.c_void_p), "little")
    fcntl.ioctl(any_socket, _SIOCETHTOOL, name.encode().ljust(16, b"\0") + pointer.ljust(24, b"\0"))


def open_packet_socket(interface: str) -> socket.socket:
    """A non-blocking socket that receives all IPv4 frames on ``interface`` with kernel timestamps."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
    packets.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    with suppress(PermissionError):  # only root may exceed net.core.rmem_max
        packets.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
    packets.bind((interface, _ETH_P_IP))
    packets.setblocking(False)
    return packets
