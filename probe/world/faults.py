"""What can be wrong with a host, in the words of scenario files and of `World.set_fault`."""

from enum import StrEnum


class Fault(StrEnum):
    """One fault. Each belongs to exactly one of the three groups below; setting one replaces its group's."""

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


REACHABILITY = (Fault.ALIVE, Fault.DEAD, Fault.REFUSED, Fault.SILENT, Fault.RESET)
HANDSHAKE = (
    Fault.TLS_GOOD,
    Fault.AES_128_ONLY,
    Fault.TLS_1_1_ONLY,
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
# A load balancer forwards or is dead; hosts that speak no TLS have no TLS faults.
NODE_FAULTS = (Fault.ALIVE, Fault.DEAD)
HOST_FAULTS = (Fault.ALIVE, Fault.DEAD, Fault.REFUSED, Fault.SILENT)
BACKEND_FAULTS = (*REACHABILITY, *HANDSHAKE, *CERTIFICATE)
