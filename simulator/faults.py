"""The faults a host can have, as named in scenario files and in `Simulation.set_fault`."""

from enum import StrEnum
from itertools import pairwise


class Fault(StrEnum):
    """One fault. There are four groups, in this order; setting a fault replaces the one of its group."""

    # reachability
    ALIVE = "alive"
    DEAD = "dead"  # no reply at all, not even to pings
    REFUSED = "refused"  # nothing listens: TCP is refused, pings are answered
    SILENT = "silent"  # TCP is dropped, pings are answered
    RESET = "reset-in-handshake"

    # TLS handshake
    TLS_GOOD = "tls-good"
    AES_128_ONLY = "aes-128-only"
    TLS_1_1_ONLY = "tls-1.1-only"
    TLS_1_2_ONLY = "tls-1.2-only"
    PLAIN_HTTP = "plain-http"  # HTTP without TLS on the TLS port
    EXPECTS_PROXY_HEADER = "expects-proxy-header"  # cuts a connection without a PROXY protocol header
    OTHER_NAMES_ONLY = "other-names-only"  # alert 112 for every server name
    SILENT_TLS = "silent-tls"  # reads the ClientHello and never responds
    CLIENT_CERTIFICATE_DEMANDED = "client-certificate-demanded"
    CLIENT_CERTIFICATE_REQUESTED = "client-certificate-requested"
    # A ClientHello of two TCP segments, such as a post-quantum client sends:
    LARGE_HELLO_DROPPED = "large-hello-dropped"  # never answered, as if its second segment were lost
    LARGE_HELLO_RESET = "large-hello-reset"
    LARGE_HELLO_ALERT = "large-hello-alert"
    HELLO_RETRY_REQUEST = "hello-retry-request"  # no post-quantum group, so the client must try again

    # certificate
    GOOD = "good"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WILDCARD = "wildcard"
    WRONG_COMMON_NAME = "wrong-common-name"
    SAN_RIGHT_CN_WRONG = "san-right-cn-wrong"
    COMMON_NAME_MISSING = "common-name-missing"
    MISSING_INTERMEDIATE = "missing-intermediate"
    UNLISTED_AUTHORITY = "unlisted-authority"
    ONLY_FOR_CLIENTS = "only-for-clients"  # extended key usage clientAuth
    FOR_ANY_PURPOSE = "for-any-purpose"  # extended key usage anyExtendedKeyUsage and nothing else

    # HTTP responses; xks_answers.py has the details
    HEALTHY = "healthy"
    UNAUTHORIZED = "unauthorized"
    ACCESS_DENIED = "access-denied"
    PATH_NOT_FOUND = "path-not-found"
    WEB_SERVER_404 = "web-server-404"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    THROTTLING = "throttling"
    INTERNAL = "internal"
    UNSUPPORTED = "unsupported"
    DEPENDENCY_TIMEOUT = "dependency-timeout"
    BAD_GATEWAY = "bad-gateway"
    SERVICE_UNAVAILABLE = "service-unavailable"  # these are a load balancer's, as is bad-gateway
    GATEWAY_TIMEOUT = "gateway-timeout"
    RATE_LIMITED = "rate-limited"
    REDIRECTED = "redirected"
    FIREWALL_403 = "firewall-403"  # a web application firewall's
    COMPRESSED = "compressed"
    BYTE_ORDER_MARK = "byte-order-mark"
    HTTP_2_ONLY = "http-2-only"
    HTML_200 = "html-200"
    BAD_JSON = "bad-json"
    EMPTY_FLEET = "empty-fleet"
    ELEVEN_ENTRIES = "eleven-entries"
    ALL_UNAVAILABLE = "all-unavailable"
    ONE_MANAGER = "one-manager"
    DEGRADED = "degraded"
    MISSING_FIELD = "missing-field"
    SLOW_400_MS = "slow-400ms"
    SLOW_300_MS = "slow-300ms"
    SLOW_220_MS = "slow-220ms"
    SILENT_HTTP = "silent-http"  # reads the request and never responds
    CLOSES = "closes"  # closes the connection without a response
    GET_ALLOWED = "get-allowed"
    UNSIGNED_ALLOWED = "unsigned-allowed"
    DROPS_LARGE_BODIES = "drops-large-bodies"
    HUGE_BODY = "huge-body"
    CLOCK_WRONG = "clock-wrong"  # ten minutes ahead; signatures are checked against it
    CHUNKED = "chunked"
    ODD_HEADERS = "odd-headers"  # unusual but legal


# The groups. Each starts with the member that means "no fault" and ends before the next group.
_EVERY = tuple(Fault)
_STARTS = [_EVERY.index(right) for right in (Fault.ALIVE, Fault.TLS_GOOD, Fault.GOOD, Fault.HEALTHY)]
REACHABILITY, HANDSHAKE, CERTIFICATE, ANSWER = (
    _EVERY[start:end] for start, end in pairwise([*_STARTS, len(_EVERY)])
)
NO_CONNECTION = (Fault.DEAD, Fault.REFUSED, Fault.SILENT)
# Name of each group → its members.
FAULT_GROUPS = {
    "reachability": REACHABILITY,
    "TLS handshake": HANDSHAKE,
    "certificate": CERTIFICATE,
    "HTTP responses": ANSWER,
}
