"""The process with all servers of the simulation, in one event loop.

``python -m simulator.servers.servers FD PARENT [NETWORK [USER]]``: FD is the control socket, NETWORK
and USER are descriptors of the simulation's namespaces; without them it serves on the machine's loopback
addresses.
"""

import asyncio
import itertools
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, assert_never

from simulator.control import START_S, Lines, answered
from simulator.faults import REACHABILITY, Fault
from simulator.network import namespaces
from simulator.scenario.addressing import Addressing, assign_addresses
from simulator.scenario.kinds import HostKind, Server, every_host
from simulator.scenario.reader import read_records, read_scenario
from simulator.scenario.scenario import Backend, Record, Scenario, ScenarioError
from simulator.servers.certificates import CertificateMaker
from simulator.servers.dns_answers import Zones, zones_of
from simulator.servers.listener import Listener, Service
from simulator.servers.nameserver import NameServer
from simulator.servers.tls_proxy import Faults, ProxyAnswers, TlsProxy
from simulator.servers.tls_stream import close_politely, reset
from simulator.servers.xks_answers import XksProxy

_IDLE_S = 30.0
_NOT_LISTENING = (Fault.REFUSED, Fault.DEAD, Fault.SILENT)


class Servers:
    """All servers of a scenario. The link makes hosts silent or dead; without it they refuse."""

    def __init__(self, scenario: Scenario, addressing: Addressing) -> None:
        self._scenario = scenario
        self._addressing = addressing
        self.certificates = CertificateMaker(scenario.private_dns_name)
        managers = tuple(manager.name for manager in scenario.key_managers)
        proxy = XksProxy(prefix=scenario.uri_path_prefix, key_managers=managers, settings=scenario.proxy)
        answers = ProxyAnswers(certificates=self.certificates, proxy=proxy)
        self._proxies = {each.name: TlsProxy(answers, _faults_of(each)) for each in scenario.backends}
        self._balancers = {
            node.name: LoadBalancer([self._proxies[name] for name in node.backends])
            for node in scenario.nodes
        }
        self._name_servers = {
            host.name: NameServer(self._zones(scenario, host.name)) for host in scenario.name_servers
        }
        self._listeners: dict[str, Listener] = {}

    async def open(self) -> None:
        for kind, host in every_host(self._scenario):
            service = self._service(kind, host.name)
            if service is not None:
                listener = Listener(self._addressing.endpoints[host.name], kind.transports, service)
                await listener.set_open(is_open=self._listens(host.fault))
                self._listeners[host.name] = listener

    def set_records(self, records: tuple[Record, ...]) -> None:
        scenario = replace(self._scenario, records=records)
        for name, server in self._name_servers.items():
            server.zones = self._zones(scenario, name)

    async def set_fault(self, name: str, fault: Fault) -> None:
        if name in self._proxies:
            self._proxies[name].set_fault(fault)
        if name in self._listeners and fault in REACHABILITY:
            await self._listeners[name].set_open(is_open=self._listens(fault))

    def _service(self, kind: HostKind, name: str) -> Service | None:
        """The service of a host; None if the link handles it."""
        match kind.server:
            case Server.ACCEPTS:
                return Service(serve=_accept)
            case Server.XKS_PROXY:
                return Service(serve=self._proxies[name].serve)
            case Server.NAME_SERVER:
                return self._name_servers[name].service
            case Server.LOAD_BALANCER:
                return Service(serve=self._balancers[name].serve) if self._addressing.reduced else None
            case _:
                assert_never(kind.server)

    def _zones(self, scenario: Scenario, name: str) -> Zones:
        return zones_of(scenario, self._addressing, name)

    def _listens(self, fault: Fault) -> bool:
        return fault not in (_NOT_LISTENING if self._addressing.reduced else (Fault.REFUSED,))


class LoadBalancer:
    """A node of a reduced simulation: distributes connections to its proxies round robin."""

    def __init__(self, proxies: Sequence[TlsProxy]) -> None:
        self._next = itertools.cycle(proxies)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy = next(self._next, None)
        if proxy is None or proxy.reachability in _NOT_LISTENING:
            reset(writer)
        else:
            await proxy.serve(reader, writer)


def _faults_of(backend: Backend) -> Faults:
    return Faults(
        reachability=backend.fault,
        handshake=backend.handshake,
        certificate=backend.certificate,
        answer=backend.answer,
    )


async def _accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """For hosts where only the TCP connect matters: wait until the client closes."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_IDLE_S):
            await reader.read(1)
    await close_politely(reader, writer)


async def _handle_requests(scenario: Scenario, servers: Servers, control: Lines) -> None:
    """Answer requests until the parent closes the socket."""
    loop = asyncio.get_running_loop()
    control.connection.setblocking(False)
    while data := await loop.sock_recv(control.connection, 65_536):
        message = control.parse(data)
        while message is not None:
            try:
                if message["do"] == "records":
                    servers.set_records(read_records(message["records"], scenario))
                else:
                    await servers.set_fault(message["name"], Fault(message["fault"]))
            except (KeyError, ValueError, OSError, ScenarioError) as error:
                answered(control, message, error)
            else:
                answered(control, message, {"done": True})
            message = control.parse(b"")


async def _serve(start: dict[str, Any], control: Lines) -> None:
    scenario = read_scenario(start["name"], start["scenario"])
    servers = Servers(scenario, assign_addresses(scenario, **start["addresses"]))
    await servers.open()
    control.send({"root_pem": servers.certificates.root_pem().decode()})
    await _handle_requests(scenario, servers, control)


def main(control_descriptor: int, parent: int, inside: list[int]) -> None:
    if inside:
        namespaces.enter(namespaces.Namespace(network=inside[0], user=inside[1] if inside[1:] else None))
    namespaces.die_with_parent(parent)
    with suppress(PermissionError):
        os.setpriority(
            os.PRIO_PROCESS, 0, -10
        )  # other machines' speed: it must not depend on what else runs here
    control = Lines(socket.socket(fileno=control_descriptor))
    start = control.read(START_S)
    if start is not None:
        asyncio.run(_serve(start, control))
    os._exit(0)  # open connections end with the process; there is nothing to save


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [int(word) for word in sys.argv[3:]])
