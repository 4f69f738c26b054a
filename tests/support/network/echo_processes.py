"""Helpers for tests of the ping engine on real kernels: processes, permissions, routers, result rows."""

import os
import pickle
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pyroute2 import IPRoute

from bench import lab
from probe.model.measurements import EchoBatch, EchoOutcome, Reason, Timestamps
from probe.network import EchoEngine
from probe.network.echo_link import Mode
from simulator.network import namespaces

T = TypeVar("T")
NEAR_HOSTS, FAR_HOSTS = "10.80.0.0/16", "10.78.0.0/16"
UNREACHABLE, PROHIBITED, LOOPING = "10.79.1.1", "10.79.2.1", "10.79.3.1"
SMALL_MTU = 1400  # of the link between the two routers
_AGENT, _NEAR, _FAR = "10.77.0.1", "10.77.0.2", "10.77.1.2"
_NEAR_TO_FAR = "10.77.1.1"
_TABLE_LOCAL, _SCOPE_HOST = 255, 254  # <linux/rtnetlink.h>


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an `EchoBatch`."""

    index: int
    sequence: int
    sent_ns: int
    rtt_ns: int
    stamps: Timestamps | None
    outcome: EchoOutcome
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Routers:
    """Open descriptors of the network namespaces."""

    near: int
    far: int


def in_own_process(function: Callable[[], T], *, timeout_s: float = 100) -> T:
    """Run ``function`` in a child process and return its result.

    It may enter other namespaces. All processes that it started end with it.
    """
    read, write = os.pipe()
    child = lab.in_child(lambda: _send_result(function, write))
    os.close(write)
    try:
        with os.fdopen(read, "rb") as pipe:
            assert select.select([pipe], [], [], timeout_s)[0], f"no result within {timeout_s} s"
            succeeded, value = pickle.load(pipe)  # noqa: S301 - from this process's own child
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert succeeded, value
    return value  # type: ignore[no-any-return]


def _send_result(function: Callable[[], object], write: int) -> None:
    try:
        result = (True, function())
    except BaseException:  # noqa: BLE001 - the parent raises it
        result = (False, traceback.format_exc())
    with os.fdopen(write, "wb") as file:
        pickle.dump(result, file)


def permit(mode: Mode) -> None:
    """Allow an engine in this new namespace to use ``mode``: by default no group may open ICMP datagram sockets.

    In a user namespace, only group 0 exists, so a larger range is rejected.
    """
    setting = Path("/proc/sys/net/ipv4/ping_group_range")
    for group_range in ("0 2147483647", "0 0") if mode == "datagram" else ():
        with suppress(OSError):
            setting.write_text(group_range, "ascii")
            return


@contextmanager
def joined(mode: Mode) -> Iterator[lab.Lab]:
    """A lab whose engine uses ``mode``. In a user namespace, a permission that the lab gave cannot be removed."""
    with lab.lab(set_ping_permission=lambda: permit(mode)) as new_lab:
        yield new_lab


def rows_of(batches: Iterable[EchoBatch]) -> list[Row]:
    return [
        Row(*row)
        for batch in batches
        for row in zip(
            batch.indexes,
            batch.sequences,
            batch.sent_ns,
            batch.rtt_ns,
            batch.stamps,
            batch.outcomes,
            batch.reasons,
            strict=True,
        )
    ]


def echoed(engine: EchoEngine, indexes: Sequence[int], *, apart_s: float = 0) -> list[Row]:
    """Send to ``indexes``, all at once or one every ``apart_s``, and wait until each request has ended."""
    batches = []
    for some in [[index] for index in indexes] if apart_s else [indexes]:
        engine.send(some)
        time.sleep(apart_s)
        batches.append(engine.drain())
    while engine.outstanding:  # ends after the engine's timeout at the latest
        select.select(engine.sockets(), [], [], 0.01)
        batches.append(engine.drain())
    time.sleep(0.005)
    batches.append(engine.drain())  # what arrived later, such as duplicates
    return rows_of(batches)


def routed() -> Routers:
    """Enter the network namespace of an agent behind two routers. Each router answers for its hosts.

    agent -- near router (NEAR_HOSTS) -- SMALL_MTU -- far router (FAR_HOSTS). The near router rejects packets to
    UNREACHABLE and PROHIBITED. Packets to LOOPING go back and forth between the two until their TTL expires.
    """
    agent = namespaces.enter_fresh_namespace().network
    near, far = namespaces.fresh_network(), namespaces.fresh_network()
    namespaces.enter_network(agent)
    with IPRoute() as netlink:
        netlink.link("add", ifname="agent0", kind="veth", peer={"ifname": "near0", "net_ns_fd": near})
        _set_up(netlink, "agent0", _AGENT)
        netlink.route("add", dst="default", gateway=_NEAR)
    namespaces.enter_network(near)
    with IPRoute() as netlink:
        netlink.link("add", ifname="near1", kind="veth", peer={"ifname": "far0", "net_ns_fd": far})
        _set_up(netlink, "near0", _NEAR)
        _set_up(netlink, "near1", _NEAR_TO_FAR, mtu=SMALL_MTU)
        _answer_for(netlink, NEAR_HOSTS)
        netlink.route("add", dst=FAR_HOSTS, gateway=_FAR)
        netlink.route("add", dst=f"{UNREACHABLE}/32", type="unreachable")
        netlink.route("add", dst=f"{PROHIBITED}/32", type="prohibit")
        netlink.route("add", dst=f"{LOOPING}/32", gateway=_FAR)
    _forward()
    namespaces.enter_network(far)
    with IPRoute() as netlink:
        _set_up(netlink, "far0", _FAR, mtu=SMALL_MTU)
        _answer_for(netlink, FAR_HOSTS)
        netlink.route("add", dst="default", gateway=_NEAR_TO_FAR)
    _forward()
    namespaces.enter_network(agent)
    return Routers(near, far)


def _set_up(netlink: IPRoute, name: str, address: str, *, mtu: int = 1500) -> None:
    index = netlink.link_lookup(ifname=name)[0]
    netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
    netlink.link("set", index=index, state="up", mtu=mtu)
    netlink.addr("add", index=index, address=address, prefixlen=24)


def _answer_for(netlink: IPRoute, hosts: str) -> None:
    loopback = netlink.link_lookup(ifname="lo")[0]
    netlink.route("add", dst=hosts, oif=loopback, type="local", table=_TABLE_LOCAL, scope=_SCOPE_HOST)


def _forward() -> None:
    """Forward packets, send an ICMP error for each dropped packet, and accept packets on any interface."""
    ipv4 = Path("/proc/sys/net/ipv4")
    (ipv4 / "ip_forward").write_text("1", "ascii")
    (ipv4 / "icmp_ratemask").write_text("0", "ascii")
    for setting in ipv4.glob("conf/*/rp_filter"):
        setting.write_text("0", "ascii")
