"""One row per kind of host: format in the file, addresses, server, entry in the agent's configuration.

Reader, addressing, DNS names, links, servers and the agent's configuration derive their lists from `KINDS`. A
new kind needs a row here and a field in `Scenario`. If no existing server fits, it also needs a member of
`Server`, a case in `servers.servers` and a module next to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from simulator.faults import ANSWER, CERTIFICATE, HANDSHAKE, REACHABILITY, Fault
from simulator.scenario.scenario import AnyHost, Backend, Host, Node, Scenario

_HTTPS_PORT, _DNS_PORT = 443, 53
# In a reduced simulation: unprivileged ports.
_REDUCED_HTTPS_PORT, _REDUCED_DNS_PORT = 14443, 14053
_OF_EXAMPLE = "{name}.example.com"


class Transport(StrEnum):
    TCP = "tcp"
    UDP = "udp"


class Server(Enum):
    """The server of a host. `servers.servers` has a case for each."""

    ACCEPTS = auto()  # accepts connections and waits until they are closed
    LOAD_BALANCER = auto()
    XKS_PROXY = auto()
    NAME_SERVER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKind:
    """One kind. ``key`` is its name in a scenario file and in `Scenario`.

    ``is_by_name``: the file has a mapping from names to settings instead of a list. ``block`` is the third
    octet of the addresses, ``first`` the fourth octet of the first host. ``dns_name`` contains ``{name}``; ""
    for hosts without a DNS name. ``section`` is the section of the agent's configuration, where each host has
    an entry with the keys ``agent_keys``; "" if there is none. Without the key port, the agent always uses
    the standard port.
    """

    key: str
    holds: type[AnyHost]
    block: int
    server: Server
    faults: tuple[Fault, ...]
    section: str
    agent_keys: tuple[str, ...]
    is_by_name: bool = False
    first: int = 11
    port: int = _HTTPS_PORT
    reduced_port: int = _REDUCED_HTTPS_PORT
    transports: tuple[Transport, ...] = (Transport.TCP,)
    dns_name: str = ""


# A load balancer node forwards or is dead; hosts without TLS have no TLS faults.
_NODE_FAULTS = (Fault.ALIVE, Fault.DEAD)
_HOST_FAULTS = (Fault.ALIVE, Fault.DEAD, Fault.REFUSED, Fault.SILENT)
_BACKEND_FAULTS = (*REACHABILITY, *HANDSHAKE, *CERTIFICATE, *ANSWER)

KINDS = (
    HostKind(
        key="regions",
        holds=Host,
        is_by_name=True,
        block=1,
        dns_name="kms.{name}.amazonaws.com",
        server=Server.ACCEPTS,
        faults=_HOST_FAULTS,
        section="regions",
        agent_keys=("region", "host", "port"),
    ),
    HostKind(  # before the nodes, which refer to them
        key="backends",
        holds=Backend,
        block=3,
        server=Server.XKS_PROXY,
        faults=_BACKEND_FAULTS,
        section="backends",
        agent_keys=("name", "address", "port", "zone"),
    ),
    HostKind(
        key="nodes",
        holds=Node,
        block=2,
        server=Server.LOAD_BALANCER,
        faults=_NODE_FAULTS,
        section="nodes",
        agent_keys=("name", "address", "port", "zone"),
    ),
    HostKind(
        key="key_managers",
        holds=Host,
        block=4,
        dns_name=_OF_EXAMPLE,
        server=Server.ACCEPTS,
        faults=_HOST_FAULTS,
        section="key_managers",
        agent_keys=("name", "host", "port"),
    ),
    HostKind(
        key="name_servers",
        holds=Host,
        block=5,
        first=53,
        port=_DNS_PORT,
        reduced_port=_REDUCED_DNS_PORT,
        transports=(Transport.TCP, Transport.UDP),
        dns_name=_OF_EXAMPLE,
        server=Server.NAME_SERVER,
        faults=_HOST_FAULTS,
        section="resolvers",
        agent_keys=("name", "address"),
    ),
)


def hosts_of(scenario: Scenario, kind: HostKind) -> tuple[AnyHost, ...]:
    """The scenario's hosts of one kind."""
    hosts: tuple[AnyHost, ...] = getattr(scenario, kind.key)
    return hosts


def every_host(scenario: Scenario) -> Iterator[tuple[HostKind, AnyHost]]:
    """All hosts of the scenario with their kinds."""
    return ((kind, host) for kind in KINDS for host in hosts_of(scenario, kind))


def faults_of(host: AnyHost) -> tuple[Fault, ...]:
    """The faults that a host starts with, one of each group that its kind has."""
    if isinstance(host, Backend):
        return host.fault, host.handshake, host.certificate, host.answer
    return (host.fault,)


def host_names(scenario: Scenario) -> dict[str, str]:
    """DNS name → host name, for hosts that have a DNS name."""
    return {
        kind.dns_name.format(name=host.name).lower(): host.name
        for kind, host in every_host(scenario)
        if kind.dns_name
    }
