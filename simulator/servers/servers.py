"""The servers' process: everything that answers in the world, in one loop.

``python -m simulator.servers.servers FD PARENT [NETWORK [USER]]``: FD is the control socket, NETWORK and
USER are descriptors of the world's namespaces; without them it serves the machine's own loopback addresses.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from simulator.control import Lines, answered
from simulator.faults import REACHABILITY, Fault
from simulator.network import namespaces
from simulator.scenario.layout import Endpoint, Layout, lay_out
from simulator.scenario.reader import read_records, read_scenario
from simulator.scenario.scenario import Backend, Host, Node, Record, Scenario, ScenarioError
from simulator.servers.certificates import CertificateMaker
from simulator.servers.dns_answers import zones_of
from simulator.servers.nameserver import NameServer
from simulator.servers.tls_proxy import Faults, ProxyAnswers, TlsProxy
from simulator.servers.tls_stream import close_politely, reset
from simulator.servers.xks_answers import XksProxy

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_IDLE_S = 30.0
_BACKLOG = 512
_NOT_LISTENING = (Fault.REFUSED, Fault.DEAD, Fault.SILENT)


class Listener:
    """A TCP port that can be closed (then it refuses) and opened again."""

    def __init__(self, endpoint: Endpoint, serve: Serve) -> None:
        self._endpoint = endpoint
        self._serve = serve
        self._server: asyncio.Server | None = None

    async def set_open(self, *, is_open: bool) -> None:
        if is_open and self._server is None:
            address, port = self._endpoint.address, self._endpoint.port
            self._server = await asyncio.start_server(self._serve, address, port, backlog=_BACKLOG)
        elif not is_open and self._server is not None:
            self._server.close()
            self._server = None


class Servers:
    """All servers of a scenario. The wire plays silent and dead hosts; without one they refuse."""

    def __init__(self, scenario: Scenario, layout: Layout) -> None:
        self._scenario = scenario
        self._layout = layout
        self.makes = CertificateMaker(scenario.private_dns_name)
        managers = tuple(manager.name for manager in scenario.key_managers)
        proxy = XksProxy(prefix=scenario.uri_path_prefix, key_managers=managers, settings=scenario.proxy)
        answers = ProxyAnswers(makes=self.makes, proxy=proxy)
        self._proxies = {
            backend.name: TlsProxy(answers, _faults_of(backend)) for backend in scenario.backends
        }
        self._listeners: dict[str, Listener] = {}
        self._name_servers: dict[str, NameServer] = {}
        self._turns = dict.fromkeys((node.name for node in scenario.nodes), 0)

    async def open(self) -> None:
        scenario = self._scenario
        plain = (*scenario.regions, *scenario.key_managers)
        await asyncio.gather(*(self._listen(host, _accept) for host in plain))
        await asyncio.gather(
            *(self._listen(backend, self._proxies[backend.name].serve) for backend in scenario.backends)
        )
        if self._layout.reduced:  # in namespaces the wire is the load balancer
            await asyncio.gather(*(self._listen(node, self._as_node(node)) for node in scenario.nodes))
        for host in scenario.name_servers:
            server = NameServer(zones_of(scenario, self._layout, host.name))
            endpoint = self._layout.endpoints[host.name]
            await server.open(endpoint.address, endpoint.port)
            self._name_servers[host.name] = server

    def set_records(self, records: tuple[Record, ...]) -> None:
        scenario = replace(self._scenario, records=records)
        for name, server in self._name_servers.items():
            server.zones = zones_of(scenario, self._layout, name)

    async def set_fault(self, name: str, fault: Fault) -> None:
        if name in self._proxies:
            self._proxies[name].set_fault(fault)
        if name in self._listeners and fault in REACHABILITY:
            await self._listeners[name].set_open(is_open=self._listens(fault))

    async def _listen(self, host: Host | Node | Backend, serve: Serve) -> None:
        listener = self._listeners[host.name] = Listener(self._layout.endpoints[host.name], serve)
        await listener.set_open(is_open=self._listens(host.fault))

    def _listens(self, fault: Fault) -> bool:
        return fault not in (_NOT_LISTENING if self._layout.reduced else (Fault.REFUSED,))

    def _as_node(self, node: Node) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not node.backends:
                reset(writer)
                return
            turn = self._turns[node.name]
            self._turns[node.name] = turn + 1
            proxy = self._proxies[node.backends[turn % len(node.backends)]]
            if proxy.reach in _NOT_LISTENING:
                reset(writer)
            else:
                await proxy.serve(reader, writer)

        return serve


def _faults_of(backend: Backend) -> Faults:
    return Faults(
        reach=backend.fault,
        handshake=backend.handshake,
        certificate=backend.certificate,
        answer=backend.answer,
    )


async def _accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A host of which only the connect is of interest: it waits for the client to close."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_IDLE_S):
            await reader.read(1)
    await close_politely(reader, writer)


async def _obey(scenario: Scenario, servers: Servers, control: Lines) -> None:
    """Answer requests until the parent goes."""
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
    servers = Servers(scenario, lay_out(scenario, reduced_block=start["reduced_block"]))
    await servers.open()
    control.send({"root_pem": servers.makes.root_pem().decode()})
    await _obey(scenario, servers, control)


def main(control_descriptor: int, parent: int, inside: list[int]) -> None:
    if inside:
        namespaces.enter(namespaces.Namespace(network=inside[0], user=inside[1] if inside[1:] else None))
    namespaces.die_with_parent(parent)
    control = Lines(socket.socket(fileno=control_descriptor))
    start = control.read(10.0)
    if start is not None:
        asyncio.run(_serve(start, control))
    os._exit(0)  # connections under way end with the process; there is nothing to save


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [int(word) for word in sys.argv[3:]])
