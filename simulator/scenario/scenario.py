"""What there is in a simulated internet: frozen values, and the scenario files that hold them.

``scenarios/default.yaml`` documents the format in its comments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.faults import Fault
from simulator.scenario.aws_section import AccountSection
from simulator.scenario.xks_settings import ProxySettings


class ScenarioError(Exception):
    """A scenario that cannot be used. ``mistakes`` holds every one of them as ``path: what to do``."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """What the wire does to the frames of one host.

    ``out_s`` and ``back_s`` are the two ways. Up to ``jitter_s`` more is added to a round trip, half of it
    each way, uniformly. ``loss`` and ``duplicate`` are shares (0..1) of the frames on the way out;
    ``reorder`` is the share of frames on the way back that is held back so that later ones overtake.
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
    """One address of the load balancer. ``delay`` None: that of the backend to which a flow goes."""

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
    """What name servers say to one question: ``answers``, an ``rcode`` alone, or nothing if ``silent``.

    ``servers`` are the names of those that know it, none: all. It comes after ``delay_s``. ``is_truncated``:
    over UDP nothing but the word to ask again by TCP.
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
    """A whole simulated internet. Each kind of host (`KINDS`) is a field; names are unique among all.

    ``zones`` are the names that the name servers are authoritative for; all else they refuse. ``account``
    None: there is no AWS account. ``expect`` is what tests compare with, untouched. ``document`` is the
    file's content, from which another process reads the same scenario again.
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
        """Where the proxies serve the API, as CreateCustomKeyStore has it."""
        return f"{self.uri_path_prefix}/kms/xks/v1"
