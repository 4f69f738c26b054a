"""One row for each kind of host: form in a scenario file, addresses, what answers, what the agent is told.

Reader, addressing, DNS names, links, servers and the agent's configuration derive their lists from `KINDS`. A
new kind is a row here and a field of `Scenario`; where nothing that exists can answer for it, also a member
of `Server`, its case in `servers.servers` and a file beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from simulator.faults import ANSWER, CERTIFICATE, HANDSHAKE, REACHABILITY, Fault
from simulator.scenario.scenario import AnyHost, Backend, Host, Node, Scenario

_HTTPS_PORT, _DNS_PORT = 443, 53
# In a reduced simulation: ports that anyone may open.
_REDUCED_HTTPS_PORT, _REDUCED_DNS_PORT = 14443, 14053
_OF_EXAMPLE = "{name}.example.com"


class Transport(StrEnum):
    TCP = "tcp"
    UDP = "udp"


class Server(Enum):
    """What answers at a host. `servers.servers` has a case for each."""

    ACCEPTS = auto()  # connections, and waits for their end
    LOAD_BALANCER = auto()
    XKS_PROXY = auto()
    NAME_SERVER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKind:
    """One kind. ``key`` is its name in a scenario file and in `Scenario`.

    ``is_by_name``: the file has pairs of a name and the rest, not a list. ``block`` is the third number of
    its addresses, ``first`` the fourth one of its first host. ``dns_name`` has ``{name}`` in it; "" if these
    hosts have none. ``section`` of the agent's configuration has a mapping with the words ``told`` for each
    host; "" if the agent is told nothing. ``told`` without a port: the agent knows the real one alone.
    """

    key: str
    holds: type[AnyHost]
    block: int
    server: Server
    faults: tuple[Fault, ...]
    section: str
    told: tuple[str, ...]
    is_by_name: bool = False
    first: int = 11  # as people number hosts
    port: int = _HTTPS_PORT
    reduced_port: int = _REDUCED_HTTPS_PORT
    transports: tuple[Transport, ...] = (Transport.TCP,)
    dns_name: str = ""


# A load balancer forwards or is dead; hosts that speak no TLS have no faults of it.
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
        told=("region", "host", "port"),
    ),
    HostKind(  # before the nodes, which lead to them
        key="backends",
        holds=Backend,
        block=3,
        server=Server.XKS_PROXY,
        faults=_BACKEND_FAULTS,
        section="backends",
        told=("name", "address", "port", "zone"),
    ),
    HostKind(
        key="nodes",
        holds=Node,
        block=2,
        server=Server.LOAD_BALANCER,
        faults=_NODE_FAULTS,
        section="nodes",
        told=("name", "address", "port", "zone"),
    ),
    HostKind(
        key="key_managers",
        holds=Host,
        block=4,
        dns_name=_OF_EXAMPLE,
        server=Server.ACCEPTS,
        faults=_HOST_FAULTS,
        section="key_managers",
        told=("name", "host", "port"),
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
        told=("name", "address"),
    ),
)


def hosts_of(scenario: Scenario, kind: HostKind) -> tuple[AnyHost, ...]:
    """The scenario's hosts of one kind."""
    hosts: tuple[AnyHost, ...] = getattr(scenario, kind.key)
    return hosts


def every_host(scenario: Scenario) -> Iterator[tuple[HostKind, AnyHost]]:
    """All hosts of the scenario, each with its kind."""
    return ((kind, host) for kind in KINDS for host in hosts_of(scenario, kind))


def host_names(scenario: Scenario) -> dict[str, str]:
    """DNS names of hosts that have one, each with the host's name."""
    return {
        kind.dns_name.format(name=host.name).lower(): host.name
        for kind, host in every_host(scenario)
        if kind.dns_name
    }
