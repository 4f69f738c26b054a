"""What can be probed: targets, and what to do with them how often."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

# A probe keeps its own deadline; one that is still running so long after it is a bug of ours.
GRACE_S = 5.0


class Role(StrEnum):
    """What a target is on the path from KMS to the key manager."""

    PROXY = "proxy"  # the XKS proxy under its own name
    NODE = "node"  # one address of the Network Load Balancer, one a zone
    BACKEND = "backend"  # a target registered behind the load balancer
    KEY_MANAGER = "key_manager"  # what the proxy asks; the far end of the 35 ms
    REGION = "region"  # a candidate Region's public endpoint
    RESOLVER = "resolver"  # a name server


class Check(StrEnum):
    """What is done to a target; a label value in metrics."""

    ICMP = "icmp"
    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    HEALTH_COLD = "health_cold"
    HEALTH_WARM = "health_warm"


class Method(StrEnum):
    """How a round-trip time was taken: an ICMP echo, or TCP's SYN to SYN-ACK."""

    ICMP = "icmp"
    TCP = "tcp"


class Mode(StrEnum):
    """Whether a request opened its connection or found it open."""

    COLD = "cold"
    WARM = "warm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a resolver is asked. ``record_type`` is the text form: ``A``, ``TXT``."""

    name: str
    record_type: str = "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """One check of one target: every ``interval_s``, given up after ``timeout_s``."""

    check: Check
    interval_s: float
    timeout_s: float


class Identity(NamedTuple):
    """What makes two targets the same thing: the one rule for schedule, echoes, history and every sink.

    A target whose name, zone or plans change keeps everything; one of another identity begins anew.
    """

    role: Role
    host: str
    port: int
    server_name: str | None
    question: Question | None
    key_store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to be probed. ``name`` is unique and is the label value everywhere; so is ``identity``.

    ``host`` is an IPv4 address or a name (XKS is IPv4 only). ``server_name`` is what the
    certificate must carry and what is sent as SNI: the private DNS name, which does not
    resolve in the provider's own VPC, so it differs from ``host``. ``question`` is for
    resolvers alone.
    """

    name: str
    role: Role
    host: str
    port: int = 443
    server_name: str | None = None
    question: Question | None = None
    zone: str = ""
    region: str = ""
    key_store: str = ""
    plans: tuple[PlannedCheck, ...] = ()
    identity: Identity = field(init=False, repr=False, compare=False)  # made once: it is asked for each echo

    def __post_init__(self) -> None:
        identity = Identity(self.role, self.host, self.port, self.server_name, self.question, self.key_store)
        object.__setattr__(self, "identity", identity)

    def plan(self, check: Check) -> PlannedCheck | None:
        """The plan for ``check``, or None where this target is not checked so."""
        return next((plan for plan in self.plans if plan.check is check), None)
