"""What can be wrong with a host, in the words of scenario files and of `World.set_fault`."""

from enum import StrEnum


class Fault(StrEnum):
    """One fault. Each belongs to exactly one of the four groups below; setting one replaces its group's."""

    # how the host is reached
    ALIVE = "alive"
    DEAD = "dead"  # nothing comes back, no echo either
    REFUSED = "refused"  # nothing listens: TCP is refused, echoes are answered
    SILENT = "silent"  # TCP is dropped, echoes are answered
    RESET = "reset-in-handshake"

    # what its TLS does
    TLS_GOOD = "tls-good"
    AES_128_ONLY = "aes-128-only"
    TLS_1_1_ONLY = "tls-1.1-only"
    TLS_1_2_ONLY = "tls-1.2-only"
    PLAIN_HTTP = "plain-http"  # speaks HTTP without TLS on the port for TLS
    CLIENT_CERTIFICATE_DEMANDED = "client-certificate-demanded"
    CLIENT_CERTIFICATE_REQUESTED = "client-certificate-requested"

    # which certificate it shows
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

    # what it answers; xks_answers.py says to which requests
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
    HTML_200 = "html-200"
    BAD_JSON = "bad-json"
    EMPTY_FLEET = "empty-fleet"
    ELEVEN_ENTRIES = "eleven-entries"
    ALL_UNAVAILABLE = "all-unavailable"
    ONE_MANAGER = "one-manager"
    DEGRADED = "degraded"
    MISSING_FIELD = "missing-field"
    SLOW_400_MS = "slow-400ms"
    SLOW_220_MS = "slow-220ms"
    SILENT_HTTP = "silent-http"  # takes the request and never answers
    CLOSES = "closes"  # without an answer
    GET_ALLOWED = "get-allowed"
    UNSIGNED_ALLOWED = "unsigned-allowed"
    DROPS_LARGE_BODIES = "drops-large-bodies"
    HUGE_BODY = "huge-body"
    CLOCK_WRONG = "clock-wrong"  # ten minutes ahead, and signatures are judged by it
    CHUNKED = "chunked"
    ODD_HEADERS = "odd-headers"  # legal ones


REACHABILITY = (Fault.ALIVE, Fault.DEAD, Fault.REFUSED, Fault.SILENT, Fault.RESET)
HANDSHAKE = (
    Fault.TLS_GOOD,
    Fault.AES_128_ONLY,
    Fault.TLS_1_1_ONLY,
    Fault.TLS_1_2_ONLY,
    Fault.PLAIN_HTTP,
    Fault.CLIENT_CERTIFICATE_DEMANDED,
    Fault.CLIENT_CERTIFICATE_REQUESTED,
)
CERTIFICATE = (
    Fault.GOOD,
    Fault.EXPIRES_SOON,
    Fault.EXPIRED,
    Fault.NOT_YET_VALID,
    Fault.WILDCARD,
    Fault.WRONG_COMMON_NAME,
    Fault.SAN_RIGHT_CN_WRONG,
    Fault.COMMON_NAME_MISSING,
    Fault.MISSING_INTERMEDIATE,
    Fault.UNLISTED_AUTHORITY,
)
ANSWER = (
    Fault.HEALTHY,
    Fault.UNAUTHORIZED,
    Fault.ACCESS_DENIED,
    Fault.PATH_NOT_FOUND,
    Fault.WEB_SERVER_404,
    Fault.METHOD_NOT_ALLOWED,
    Fault.THROTTLING,
    Fault.INTERNAL,
    Fault.UNSUPPORTED,
    Fault.DEPENDENCY_TIMEOUT,
    Fault.BAD_GATEWAY,
    Fault.HTML_200,
    Fault.BAD_JSON,
    Fault.EMPTY_FLEET,
    Fault.ELEVEN_ENTRIES,
    Fault.ALL_UNAVAILABLE,
    Fault.ONE_MANAGER,
    Fault.DEGRADED,
    Fault.MISSING_FIELD,
    Fault.SLOW_400_MS,
    Fault.SLOW_220_MS,
    Fault.SILENT_HTTP,
    Fault.CLOSES,
    Fault.GET_ALLOWED,
    Fault.UNSIGNED_ALLOWED,
    Fault.DROPS_LARGE_BODIES,
    Fault.HUGE_BODY,
    Fault.CLOCK_WRONG,
    Fault.CHUNKED,
    Fault.ODD_HEADERS,
)
# A load balancer forwards or is dead; hosts that speak no TLS have no TLS faults.
NODE_FAULTS = (Fault.ALIVE, Fault.DEAD)
HOST_FAULTS = (Fault.ALIVE, Fault.DEAD, Fault.REFUSED, Fault.SILENT)
BACKEND_FAULTS = (*REACHABILITY, *HANDSHAKE, *CERTIFICATE, *ANSWER)
