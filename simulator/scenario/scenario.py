"""The values of a scenario, immutable.

``scenarios/default.yaml`` documents the format in its comments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.faults import Fault
from simulator.scenario.aws_section import AccountSection
from simulator.scenario.xks_settings import ProxySettings


class ScenarioError(Exception):
    """An invalid scenario. ``mistakes`` has all errors as ``path: what to do``."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """What the link does to the frames of one host.

    ``out_s`` and ``back_s`` are the one-way delays. Uniformly distributed jitter adds up to ``jitter_s`` to a
    round trip, half of it per direction. ``loss`` and ``duplicate`` are the shares (0..1) of outbound frames
    that are lost or duplicated. ``reorder`` is the share of return frames that are held back so that later
    frames overtake them.
    """

    out_s: float = 0.0
    back_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host that accepts TCP on 443 (a Region, a key manager) or answers DNS (a name server)."""

    name: str
    delay: Delay
    fault: Fault = Fault.ALIVE
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One address of the load balancer. ``delay`` None: the delay of the backend that a flow goes to."""

    name: str
    zone: str
    backends: tuple[str, ...]
    delay: Delay | None = None
    fault: Fault = Fault.ALIVE
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """An XKS proxy registered behind the load balancer; one fault of each group."""

    name: str
    zone: str
    delay: Delay
    fault: Fault = Fault.ALIVE
    handshake: Fault = Fault.TLS_GOOD
    certificate: Fault = Fault.GOOD
    answer: Fault = Fault.HEALTHY
    address: str | None = None


AnyHost = Host | Node | Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The response of name servers to one query: ``answers``, only an ``rcode``, or none if ``silent``.

    ``servers`` are the name servers that have the record; empty means all. The response is delayed by
    ``delay_s``. ``is_truncated``: the response over UDP is truncated, so that the client repeats it over TCP.
    """

    name: str
    record_type: str
    answers: tuple[str, ...] = ()
    ttl_s: int = 300
    rcode: str = "NOERROR"
    silent: bool = False
    servers: tuple[str, ...] = ()
    delay_s: float = 0.0
    is_truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario. Each kind of host (`KINDS`) is a field; host names are unique across all kinds.

    ``zones`` are the zones for which the name servers are authoritative; they refuse all other names.
    ``account`` is None if there is no AWS account. ``expect`` has the expected results for tests, as in the
    file. ``document`` is the content of the file, from which another process reads the same scenario.
    """

    name: str
    description: str = ""
    key_store: str = "cks-1234567890abcdef0"
    private_dns_name: str = "myproxy-private.xks.example.com"
    uri_path_prefix: str = ""
    proxy: ProxySettings = field(default_factory=ProxySettings)
    regions: tuple[Host, ...] = ()
    nodes: tuple[Node, ...] = ()
    backends: tuple[Backend, ...] = ()
    key_managers: tuple[Host, ...] = ()
    name_servers: tuple[Host, ...] = ()
    zones: tuple[str, ...] = ("amazonaws.com", "example.com")
    records: tuple[Record, ...] = ()
    account: AccountSection | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def uri_path(self) -> str:
        """The path of the proxy API, as the parameter XksProxyUriPath of CreateCustomKeyStore."""
        return f"{self.uri_path_prefix}/kms/xks/v1"
