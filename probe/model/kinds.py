"""The tables of checks and roles: one row per member of `Check` and `Role`.

Configuration, page, report, schemas, docs and tests derive their lists from these tables. A new member of
`Check` or `Role` needs a row: without it, importing this module fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from probe.model.measurements import Phase
from probe.model.targets import Check, Method, Mode, Role

_Member = TypeVar("_Member", bound=Enum)
_Row = TypeVar("_Row")

# Health requests that KMS itself never sends (unsigned, GET, a large body) may trigger intrusion detection,
# so they are sent at the start and then rarely. A failed one is repeated sooner, so that a temporary fault
# is not shown for hours.
CONFORMANCE_INTERVAL_S = 6 * 3600.0
CONFORMANCE_RETRY_S = 600.0

_NAMES, _TLS_PORT, _DNS_PORT = (Phase.RESOLVE,), 443, 53


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKind:
    """One check. ``key`` is its configuration key: ``intervals.KEY``, ``timeouts.KEY``, ``checks``.

    ``help`` describes one run, ``note`` adds limits of its interval. ``interval_s`` and ``timeout_s`` are the
    defaults, ``least_interval_s`` is the minimum interval for one target. ``phases`` are its possible phases,
    in order. ``gravity``: if several checks of a target fail, the one with the lowest value is shown, because
    KMS depends on it most. ``comes_with``: the check is not planned separately, but measured over that
    check's connection. ``method`` and ``round_trip`` are set for checks that measure round trips, ``mode``
    for checks that send requests. ``own_series`` is the approximate number of time series for one target, in
    addition to those of every check and the histograms of its phases.
    """

    key: str
    help: str
    note: str = ""
    interval_s: float
    timeout_s: float
    phases: tuple[Phase, ...]
    gravity: int
    least_interval_s: float = 1.0
    comes_with: Check | None = None
    method: Method | None = None
    round_trip: Phase | None = None
    mode: Mode | None = None
    own_series: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleKind:
    """One role. ``section`` is its key in the configuration, ``title`` its heading.

    ``examples`` are entries of the section in YAML; the first has only the required keys. ``checks`` are the
    default checks, ``possible`` all allowed ones. ``is_on_path``: it is on the path from KMS to the proxy,
    and is addressed by the private DNS name. ``is_of_store``: verdicts about a key store depend on it.
    ``needs_round_trip``: its TCP round trips are compared with 35 ms. ``is_on_page``: it has a row on page
    and report (candidate Regions have a separate table).
    """

    section: str
    title: str
    help: str
    examples: tuple[str, ...]
    checks: tuple[Check, ...]
    possible: tuple[Check, ...]
    port: int = _TLS_PORT
    is_on_path: bool = False
    is_of_store: bool = False
    needs_round_trip: bool = False
    is_on_page: bool = True

    @property
    def speaks_tls(self) -> bool:
        """Whether its hosts have a port and a server name, because they can be checked by TLS."""
        return Check.TLS in self.possible


def complete(of: type[_Member], rows: Mapping[_Member, _Row], table: str) -> Mapping[_Member, _Row]:
    """``rows``, if there is a row for each member. Raises LookupError otherwise."""
    missing = [f"{of.__name__}.{member.name}" for member in of if member not in rows]
    if missing:
        raise LookupError(f"{', '.join(missing)}: no row in {table}, probe/model/kinds.py")
    return rows


# Numbers of time series for one target: see `CheckKind.own_series`.
_PACKET_COUNTERS, _ANSWERS, _KEY_MANAGER_STATES, _CLOCK_OFFSET = 4, 13, 3, 1
_CERTIFICATES = 2 * 3  # expiry and info, for leaf, intermediate and root; few servers send more
_OUTCOMES_OF_TLS, _OUTCOMES_OF_HEALTH = 4 * 9, 4 * 11  # four outcomes per requirement
_HTTP = (*_NAMES, Phase.CONNECT, Phase.HANDSHAKE, Phase.SEND, Phase.WAIT, Phase.RECEIVE)

_CHECKS = {
    Check.ICMP: CheckKind(
        key="icmp",
        help="ping",
        note="at least 100ms",
        interval_s=1.0,
        timeout_s=2.0,
        least_interval_s=0.1,
        phases=(*_NAMES, Phase.ECHO),
        gravity=6,
        method=Method.ICMP,
        round_trip=Phase.ECHO,
        own_series=_PACKET_COUNTERS,
    ),
    Check.TCP: CheckKind(
        key="tcp",
        help="TCP connection",
        note="at most 30s for targets that are compared with 35 ms",
        interval_s=15.0,
        timeout_s=2.0,
        phases=(*_NAMES, Phase.CONNECT),
        gravity=1,
        method=Method.TCP,
        round_trip=Phase.CONNECT,
        own_series=1,  # retransmitted segments
    ),
    Check.TLS: CheckKind(
        key="tls",
        help="TLS handshake",
        interval_s=60.0,
        timeout_s=5.0,
        phases=(*_NAMES, Phase.CONNECT, Phase.HANDSHAKE),
        gravity=2,
        own_series=_CERTIFICATES + _OUTCOMES_OF_TLS,
    ),
    Check.DNS: CheckKind(
        key="dns",
        help="DNS query",
        interval_s=60.0,
        timeout_s=3.0,
        phases=(*_NAMES, Phase.WAIT),
        gravity=5,
    ),
    Check.HEALTH_COLD: CheckKind(
        key="health",
        help="signed health requests",
        note="needs the key store's URI path and credential",
        least_interval_s=5.0,
        interval_s=60.0,
        timeout_s=10.0,
        phases=_HTTP,
        gravity=3,
        mode=Mode.COLD,
        own_series=_OUTCOMES_OF_HEALTH + _ANSWERS + _KEY_MANAGER_STATES + _CLOCK_OFFSET,
    ),
    Check.HEALTH_WARM: CheckKind(
        key="health",
        help="signed health requests",
        note="needs the key store's URI path and credential",
        least_interval_s=5.0,
        interval_s=60.0,
        timeout_s=10.0,
        phases=(Phase.SEND, Phase.WAIT, Phase.RECEIVE),
        gravity=4,
        comes_with=Check.HEALTH_COLD,
        mode=Mode.WARM,
        own_series=_ANSWERS,
    ),
}
CHECKS: Mapping[Check, CheckKind] = complete(Check, _CHECKS, "CHECKS")

_CONNECTED = (Check.TCP, Check.TLS, Check.HEALTH_COLD)
_OF_HOSTS = (Check.ICMP, *_CONNECTED)

# In the order of the path.
_ROLES = {
    Role.PROXY: RoleKind(
        section="proxy",
        title="Proxy",
        help="the XKS proxy",
        examples=("{private_dns_name: myproxy-private.xks.example.com, address: 192.0.2.5}",),
        checks=_CONNECTED,
        possible=_OF_HOSTS,
        is_on_path=True,
        is_of_store=True,
        needs_round_trip=True,
    ),
    # A Network Load Balancer does not reply to pings.
    Role.NODE: RoleKind(
        section="nodes",
        title="Load balancer nodes",
        help="addresses of the Network Load Balancer, one per zone",
        examples=(
            "{name: nlb-az1, address: 192.0.2.10, zone: use1-az1}",
            "{name: nlb-az2, address: 192.0.2.20, zone: use1-az2}",
        ),
        checks=_CONNECTED,
        possible=_OF_HOSTS,
        is_on_path=True,
        is_of_store=True,
        needs_round_trip=True,
    ),
    Role.BACKEND: RoleKind(
        section="backends",
        title="Backends",
        help="targets registered behind the load balancer",
        examples=(
            "{name: proxy-1, address: 192.0.2.11, zone: use1-az1}",
            "{name: proxy-2, address: 192.0.2.21, zone: use1-az2}",
        ),
        checks=_OF_HOSTS,
        possible=_OF_HOSTS,
        is_on_path=True,
        is_of_store=True,
    ),
    Role.KEY_MANAGER: RoleKind(
        section="key_managers",
        title="Key managers",
        help="key managers (HSMs) behind the proxy; the 35 ms limit is for these",
        examples=("{name: hsm-1, host: 192.0.2.30, port: 443}",),
        checks=(Check.ICMP, Check.TCP),
        possible=(Check.ICMP, Check.TCP, Check.TLS),
        is_of_store=True,
        needs_round_trip=True,
    ),
    # Region endpoints rarely reply to pings.
    Role.REGION: RoleKind(
        section="regions",
        title="Candidate Regions",
        help="candidate Regions of the survey: names, or mappings",
        examples=("eu-central-1",),
        checks=(Check.TCP,),
        possible=(Check.ICMP, Check.TCP, Check.TLS),
        needs_round_trip=True,
        is_on_page=False,
    ),
    Role.RESOLVER: RoleKind(
        section="resolvers",
        title="Resolvers",
        help="name servers to watch",
        examples=("{name: vpc-resolver, address: 192.0.2.2, question: {name: xks.example.com, type: TXT}}",),
        checks=(Check.DNS,),
        possible=(Check.ICMP, Check.DNS),
        port=_DNS_PORT,
    ),
}
ROLES: Mapping[Role, RoleKind] = complete(Role, _ROLES, "ROLES")

# The checks that are planned separately, in the order of `Check`.
PLANNED: tuple[Check, ...] = tuple(check for check in Check if CHECKS[check].comes_with is None)
GRAVEST_FIRST: tuple[Check, ...] = tuple(sorted(CHECKS, key=lambda check: CHECKS[check].gravity))
ON_PATH: tuple[Role, ...] = tuple(role for role, kind in ROLES.items() if kind.is_on_path)
OF_STORE: tuple[Role, ...] = tuple(role for role, kind in ROLES.items() if kind.is_of_store)
ON_PAGE: tuple[Role, ...] = tuple(role for role, kind in ROLES.items() if kind.is_on_page)
