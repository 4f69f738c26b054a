"""Whether the proxy speaks TLS as KMS does: version, suite, and no certificate asked of the client."""

from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.measurements import ClientHelloProfile, Failure, Measurement, Reason, TlsDetails
from probe.model.store import GOV_PARTITION
from probe.model.targets import Target
from probe.model.verdicts import KmsError, KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.targets import each_handshake
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import quoted, why

_VERSIONS = frozenset({"TLSv1.2", "TLSv1.3"})
_CHACHA = "TLS_CHACHA20_POLY1305_SHA256"
# XKS proxy API specification, "API content type"; OpenSSL's names.
_SUITES = frozenset(
    {"TLS_AES_256_GCM_SHA384", _CHACHA, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"}
)
# RFC 8446 section 6.2, and 41 (no_certificate) from before TLS: handshake_failure, bad_certificate,
# unsupported_certificate, certificate_unknown, unknown_ca, access_denied, certificate_required. Only the last
# has but one cause.
_CERTIFICATE_REQUIRED = 116
_REFUSED_WITHOUT_CERTIFICATE = frozenset({40, 41, 42, 43, 46, 48, 49, _CERTIFICATE_REQUIRED})
# Our own doing, not the server's.
_LOCAL_FAILURES = frozenset({Reason.NOT_PERMITTED, Reason.OVER_LIMIT})


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Let the proxy (or what terminates TLS before it) speak TLS 1.2 or 1.3 on this port.",
        cli="openssl s_client -connect ADDRESS:443 -servername PRIVATE-DNS-NAME -tls1_2",
    ),
)
def tls_version_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """The proxy speaks TLS 1.2 or TLS 1.3.

    KMS speaks nothing older. A port on which no handshake comes about at all, neither KMS's nor one that
    offers everything, has no supported version either: plain HTTP, a reset, silence. Nothing else would
    predict an error there, since no other fact about TLS can be learned.
    """

    def judge(_: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        if details.version is None:
            return _without_version(measurement.failure, details)
        if details.version in _VERSIONS:
            return met(f"{quoted(details.version)} was agreed")
        return violated(f"{quoted(details.version)} is the newest that the server agrees to")

    return each_handshake(evidence, judge)


def _without_version(failure: Failure | None, details: TlsDetails) -> Finding:
    if failure is None or failure.reason in _LOCAL_FAILURES:
        return unknown(f"no version was learned{f' ({why(failure)})' if failure else ''}")
    if details.client_certificate_requested:
        return unknown(f"the handshake ended over the client certificate ({why(failure)})")
    return violated(f"no TLS handshake is possible: {why(failure)}", kms_errors=_no_handshake(failure))


def _no_handshake(failure: Failure) -> tuple[KmsError, ...]:
    match failure.reason:
        case Reason.TIMED_OUT:
            return path_errors.SILENT_HANDSHAKE
        case Reason.UNREACHABLE | Reason.PACKET_TOO_BIG | Reason.HOP_LIMIT_EXCEEDED:
            return path_errors.NOT_REACHABLE
        case _:
            return path_errors.NO_HANDSHAKE


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Enable one of TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256, "
        "ECDHE-RSA-AES256-GCM-SHA384, ECDHE-ECDSA-AES256-GCM-SHA384. A TLS listener needs "
        "a security policy that has one.",
        console="EC2 > Load Balancers > the Network Load Balancer > Listeners > Security policy",
        cli="openssl s_client -connect ADDRESS:443 -servername PRIVATE-DNS-NAME "
        "-cipher ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384",
    ),
)
def cipher_suite_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """The proxy agrees to one of the four cipher suites that KMS offers.

    AES-128 is not among them, so a server may suit every browser and fail with KMS. In AWS GovCloud (US)
    KMS has no ChaCha20 either. The suite is judged apart from the version: a server with an old version and
    an unsuitable suite has both to mend.
    """

    def judge(_: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        if details.cipher is None:
            return unknown(
                f"no suite was agreed{f' ({why(measurement.failure)})' if measurement.failure else ''}"
            )
        suite = quoted(details.cipher)
        if details.cipher not in _SUITES:
            return violated(f"{suite} was agreed, which KMS does not offer")
        if evidence.partition == GOV_PARTITION and details.cipher == _CHACHA:
            return violated(f"{suite} was agreed, which KMS does not offer in AWS GovCloud (US)")
        return _suite_of_kms(suite, measurement.failure, details)

    return each_handshake(evidence, judge)


def _suite_of_kms(suite: str, failure: Failure | None, details: TlsDetails) -> Finding:
    """KMS's outcome comes from KMS's own handshake: another that agreed to the same suite is no proof."""
    if details.kms_handshake_succeeded:
        return met(f"{suite} was agreed")
    if details.kms_certificate_requested and _ended_over_certificate(failure, details):
        return met(f"{suite} was agreed before the handshake ended over the client certificate")
    reason = f" ({why(failure)})" if failure else ""
    if failure is not None and failure.reason in _LOCAL_FAILURES:
        return unknown(f"the handshake KMS would do was not made{reason}")
    if details.offer is ClientHelloProfile.KMS:
        return violated(
            f"{suite} was chosen, but the handshake did not end well{reason}", kms_errors=_suited(failure)
        )
    return violated(
        f"{suite} was agreed only when every suite and version was offered; with KMS's offer there was no "
        f"handshake{reason}",
        kms_errors=_suited(failure),
    )


def _suited(failure: Failure | None) -> tuple[KmsError, ...] | None:
    return path_errors.SILENT_HANDSHAKE if failure and failure.reason is Reason.TIMED_OUT else None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.CLIENT_CERTIFICATE,
    source=path_errors.AUTHORIZE,
    remedy=Remedy(
        text="Do not require a client certificate: since 2026-06-15 KMS has none to show. "
        "Requests are authenticated by their SigV4 signature.",
    ),
)
def client_certificate_is_not_required(evidence: Evidence) -> Iterable[Finding]:
    """The proxy does not insist on a certificate of its client.

    Public authorities no longer issue certificates for clients, and so KMS presents none: not to a key
    store made after 2026-03-16, and to no proxy at all after 2026-06-15. A server that asks and takes no
    for an answer is fine.
    """

    def judge(_: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        requested = details.client_certificate_requested
        if details.alert == _CERTIFICATE_REQUIRED:
            return violated(
                "the server refused an empty client certificate (alert 116, certificate_required)"
            )
        if requested is None:
            failure = measurement.failure
            return unknown(f"the handshake did not come that far{f' ({why(failure)})' if failure else ''}")
        return _asked(measurement.failure, details) if requested else met("none is requested")

    return each_handshake(evidence, judge)


def _asked(failure: Failure | None, details: TlsDetails) -> Finding:
    if details.answered_without_client_certificate:
        return met("one is requested; a request after an empty certificate was answered")
    if details.answered_without_client_certificate is False or details.alert in _REFUSED_WITHOUT_CERTIFICATE:
        alert = f" (alert {details.alert})" if details.alert is not None else ""
        return violated(f"one is requested, and an empty certificate was refused{alert}")
    if details.kms_certificate_requested and failure is not None:
        if _ended_over_certificate(failure, details):
            return violated(f"one is requested, and after an empty certificate it was over ({why(failure)})")
        return unknown(f"one is requested, but whether it is required was not learned ({why(failure)})")
    return unknown("one is requested, and an empty certificate was met with silence")


def _ended_over_certificate(failure: Failure | None, details: TlsDetails) -> bool:
    """Whether KMS's handshake, in which a certificate was requested, failed for want of it.

    Some servers just hang up. Up to TLS 1.2 a suite is in force once our certificate has gone out, so that it
    was the answer to it; in TLS 1.3 a handshake that fails has not come that far.
    """
    if failure is None:
        return False
    if details.alert is not None:
        return details.alert in _REFUSED_WITHOUT_CERTIFICATE
    is_over_then = details.version not in {None, "TLSv1.3"} and details.cipher is not None
    return is_over_then and failure.reason in {Reason.CLOSED, Reason.RESET}
