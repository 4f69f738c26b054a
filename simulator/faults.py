"""What can be wrong with a host, in the words of scenario files and of `Simulation.set_fault`."""

from enum import StrEnum
from itertools import pairwise


class Fault(StrEnum):
    """One fault. Each belongs to one of four groups, in this order; setting one replaces its group's."""

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
    SLOW_300_MS = "slow-300ms"
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


# The groups, each from its first word, with which nothing is wrong, to the next one's.
_EVERY = tuple(Fault)
_STARTS = [_EVERY.index(right) for right in (Fault.ALIVE, Fault.TLS_GOOD, Fault.GOOD, Fault.HEALTHY)]
REACHABILITY, HANDSHAKE, CERTIFICATE, ANSWER = (
    _EVERY[start:end] for start, end in pairwise([*_STARTS, len(_EVERY)])
)
