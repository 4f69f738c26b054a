"""One row a kind: what each check and each role is, for everything that lists them.

Configuration, page, report, schemas, docs and tests derive their lists from here. A new member of `Check` or
`Role` needs its row: a test demands it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from probe.model.measurements import Phase
from probe.model.targets import Check, Method, Mode, Role

# Health requests that no KMS makes (unsigned, GET, a large body) may trip intrusion detection: once at the
# start, and then so rarely. One that failed is tried again sooner: no passing fault stays for hours.
CONFORMANCE_INTERVAL_S = 6 * 3600.0
CONFORMANCE_RETRY_S = 600.0

_NAMES, _TLS_PORT, _DNS_PORT = (Phase.RESOLVE,), 443, 53


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKind:
    """One check. ``key`` is its word in the configuration: ``intervals.KEY``, ``timeouts.KEY``, ``checks``.

    ``help`` is what happens once, ``note`` what else is to be known of its interval.
    ``interval_s`` and ``timeout_s`` are the defaults, ``least_interval_s`` the hard cap for one target.
    ``phases`` are those that it can have, in order. ``gravity``: of several failed checks of one target the
    one with the lowest is named, since KMS depends on it most. ``comes_with``: it has no plan of its own, and
    is measured over the connection of that check. ``method`` and ``round_trip`` are those of the checks that
    take round trips, ``mode`` that of the checks that make requests.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleKind:
    """One role. ``section`` is its key in the configuration, ``title`` its heading.

    ``checks`` are those that it gets by default, ``possible`` those that it can have. ``is_on_path``: it is
    on the path from KMS to the proxy, and is asked by the private DNS name. ``is_of_store``: verdicts about a
    key store rest on it. ``needs_round_trip``: its TCP round trips are judged against 35 ms. ``is_on_page``:
    it has a row of its own on page and report; candidate Regions have a table of their own.
    """

    section: str
    title: str
    help: str
    checks: tuple[Check, ...]
    possible: tuple[Check, ...]
    port: int = _TLS_PORT
    is_on_path: bool = False
    is_of_store: bool = False
    needs_round_trip: bool = False
    is_on_page: bool = True


_HTTP = (*_NAMES, Phase.CONNECT, Phase.HANDSHAKE, Phase.SEND, Phase.WAIT, Phase.RECEIVE)

CHECKS: Mapping[Check, CheckKind] = {
    Check.ICMP: CheckKind(
        key="icmp",
        help="an echo",
        note="100ms or more",
        interval_s=1.0,
        timeout_s=2.0,
        least_interval_s=0.1,
        phases=(*_NAMES, Phase.ECHO),
        gravity=6,
        method=Method.ICMP,
        round_trip=Phase.ECHO,
    ),
    Check.TCP: CheckKind(
        key="tcp",
        help="a connection",
        note="up to 30s where it is judged against 35 ms",
        interval_s=15.0,
        timeout_s=2.0,
        phases=(*_NAMES, Phase.CONNECT),
        gravity=1,
        method=Method.TCP,
        round_trip=Phase.CONNECT,
    ),
    Check.TLS: CheckKind(
        key="tls",
        help="a handshake",
        interval_s=60.0,
        timeout_s=5.0,
        phases=(*_NAMES, Phase.CONNECT, Phase.HANDSHAKE),
        gravity=2,
    ),
    Check.DNS: CheckKind(
        key="dns",
        help="a query",
        interval_s=60.0,
        timeout_s=3.0,
        phases=(*_NAMES, Phase.WAIT),
        gravity=5,
    ),
    Check.HEALTH_COLD: CheckKind(
        key="health",
        help="health, by signed requests",
        note="where the key store has a path and a credential",
        least_interval_s=5.0,
        interval_s=60.0,
        timeout_s=10.0,
        phases=_HTTP,
        gravity=3,
        mode=Mode.COLD,
    ),
    Check.HEALTH_WARM: CheckKind(
        key="health",
        help="health, by signed requests",
        note="where the key store has a path and a credential",
        least_interval_s=5.0,
        interval_s=60.0,
        timeout_s=10.0,
        phases=(Phase.SEND, Phase.WAIT, Phase.RECEIVE),
        gravity=4,
        comes_with=Check.HEALTH_COLD,
        mode=Mode.WARM,
    ),
}

_CONNECTED = (Check.TCP, Check.TLS, Check.HEALTH_COLD)
_OF_HOSTS = (Check.ICMP, *_CONNECTED)

# In the order of the path.
ROLES: Mapping[Role, RoleKind] = {
    Role.PROXY: RoleKind(
        section="proxy",
        title="Proxy",
        help="the XKS proxy",
        checks=_CONNECTED,
        possible=_OF_HOSTS,
        is_on_path=True,
        is_of_store=True,
        needs_round_trip=True,
    ),
    # A Network Load Balancer answers no ICMP.
    Role.NODE: RoleKind(
        section="nodes",
        title="Load balancer nodes",
        help="the Network Load Balancer's addresses, one a zone",
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
        checks=_OF_HOSTS,
        possible=_OF_HOSTS,
        is_on_path=True,
        is_of_store=True,
    ),
    Role.KEY_MANAGER: RoleKind(
        section="key_managers",
        title="Key managers",
        help="the far end of the 35 ms",
        checks=(Check.ICMP, Check.TCP),
        possible=(Check.ICMP, Check.TCP, Check.TLS),
        is_of_store=True,
        needs_round_trip=True,
    ),
    # A Region's endpoint rarely answers ICMP.
    Role.REGION: RoleKind(
        section="regions",
        title="Candidate Regions",
        help="candidates of the survey: names, or mappings",
        checks=(Check.TCP,),
        possible=(Check.ICMP, Check.TCP, Check.TLS),
        needs_round_trip=True,
        is_on_page=False,
    ),
    Role.RESOLVER: RoleKind(
        section="resolvers",
        title="Resolvers",
        help="name servers to watch",
        checks=(Check.DNS,),
        possible=(Check.ICMP, Check.DNS),
        port=_DNS_PORT,
    ),
}

# Those that have a plan, in the order of `Check`.
PLANNED: tuple[Check, ...] = tuple(check for check in Check if CHECKS[check].comes_with is None)
GRAVEST_FIRST: tuple[Check, ...] = tuple(sorted(CHECKS, key=lambda check: CHECKS[check].gravity))
ON_PATH: tuple[Role, ...] = tuple(role for role, kind in ROLES.items() if kind.is_on_path)
OF_STORE: tuple[Role, ...] = tuple(role for role, kind in ROLES.items() if kind.is_of_store)
ON_PAGE: tuple[Role, ...] = tuple(role for role, kind in ROLES.items() if kind.is_on_page)
