"""Whether KMS can do a TLS handshake with the proxy: version, cipher suite, client certificate."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import (
    LOCAL_FAILURES,
    ClientHelloProfile,
    Failure,
    Measurement,
    Reason,
    TlsDetails,
)
from probe.model.store import GOV_PARTITION
from probe.model.targets import Target
from probe.model.verdicts import KmsError, KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.targets import each_handshake, no_answer
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import HANDSHAKE, quoted, why

_VERSIONS = frozenset({"TLSv1.2", "TLSv1.3"})
_CHACHA = "TLS_CHACHA20_POLY1305_SHA256"
# XKS proxy API specification, "API content type"; OpenSSL's names.
_SUITES = frozenset(
    {"TLS_AES_256_GCM_SHA384", _CHACHA, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"}
)
# Alerts of RFC 8446 section 6.2 (handshake_failure, bad_certificate, unsupported_certificate,
# certificate_unknown, unknown_ca, access_denied, certificate_required) and SSL 3.0's no_certificate (41).
# Only certificate_required always means that a client certificate is missing.
_CERTIFICATE_REQUIRED = 116
_REFUSED_WITHOUT_CERTIFICATE = frozenset({40, 41, 42, 43, 46, 48, 49, _CERTIFICATE_REQUIRED})


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Enable TLS 1.2 or 1.3 on this port, on the proxy or on whatever terminates TLS in front of it.",
        cli=f"{HANDSHAKE} -tls1_2 </dev/null",
    ),
)
def tls_version_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """The proxy supports TLS 1.2 or TLS 1.3.

    KMS supports no older version. If the server does not answer the ClientHello that KMS sends, xks-probe
    sends another one that offers everything, and evaluates the version that the server then chooses. If
    there is no such version, this is unknown, and tls-handshake-is-answered has the cause.
    """

    def judge(_: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        if details.version is None:
            return _without_version(measurement, details)
        if details.version in _VERSIONS:
            return met(f"{quoted(details.version)} was negotiated")
        return violated(f"{quoted(details.version)} is the newest version that the server accepts")

    return each_handshake(evidence, judge)


def _without_version(measurement: Measurement, details: TlsDetails) -> Finding:
    """Not violated: tls-handshake-is-answered names what came instead of a version."""
    reason = f" ({why(measurement.failure)})" if measurement.failure else ""
    ended = unknown(f"the handshake ended before a version was agreed{reason}")
    return no_answer(measurement, details) or ended


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Enable one of TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256, "
        "ECDHE-RSA-AES256-GCM-SHA384, ECDHE-ECDSA-AES256-GCM-SHA384. For a TLS listener, choose "
        "a security policy that includes one of them.",
        console="EC2 > Load Balancers > the Network Load Balancer > Listeners > Security policy",
        cli=f"{HANDSHAKE} -cipher ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384 </dev/null",
    ),
)
def cipher_suite_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """The proxy accepts one of the four cipher suites that KMS offers.

    AES-128 is not among them, so a server can work with every browser and still fail with KMS. In AWS
    GovCloud (US) KMS does not offer ChaCha20 either. Suite and version are judged separately: a server with
    both an old version and an unsupported suite gets two findings.
    """

    def judge(_: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        if (none := no_answer(measurement, details)) is not None:
            return none
        if details.cipher is None:
            return unknown(
                f"no suite was negotiated{f' ({why(measurement.failure)})' if measurement.failure else ''}"
            )
        suite = quoted(details.cipher)
        if details.cipher not in _SUITES:
            return violated(f"{suite} was negotiated, which KMS does not offer")
        if evidence.partition == GOV_PARTITION and details.cipher == _CHACHA:
            return violated(f"{suite} was negotiated, which KMS does not offer in AWS GovCloud (US)")
        return _suite_of_kms(suite, measurement.failure, details)

    return each_handshake(evidence, judge)


def _suite_of_kms(suite: str, failure: Failure | None, details: TlsDetails) -> Finding:
    """Only the handshake with KMS's ClientHello counts: the same suite in another one proves nothing."""
    if details.kms_handshake_succeeded:
        return met(f"{suite} was negotiated")
    if details.kms_certificate_requested and _failed_for_lack_of_certificate(failure, details):
        return met(f"{suite} was negotiated before the handshake failed for lack of a client certificate")
    reason = f" ({why(failure)})" if failure else ""
    if failure is not None and failure.reason in LOCAL_FAILURES:
        return unknown(f"the handshake with KMS's ClientHello was not done{reason}")
    if details.offer is ClientHelloProfile.KMS:
        found = violated(
            f"{suite} was negotiated, but the handshake failed{reason}",
            kms_errors=_errors_after_suite(failure),
        )
        return replace(found, remedy=_STOPPED if _is_silent(failure) else _ENDED)
    return violated(
        f"{suite} was negotiated only when all suites and versions were offered; the handshake with KMS's "
        f"ClientHello failed{reason}",
        kms_errors=_errors_after_suite(failure),
    )


# The default remedy enables a suite, but the server agreed to one.
_ENDED = Remedy(
    text="See the log of the server that terminates TLS at this time: it agreed to this suite, and then "
    "ended the handshake.",
    cli=f"{HANDSHAKE} </dev/null",
)
_STOPPED = Remedy(
    text="Find out which of these applies. (1) Packets with the server's certificates are lost: openssl "
    "s_client completes the handshake on the proxy's own host, but not from here. Allow ICMP 'fragmentation "
    "needed' on the path, or clamp the TCP MSS there. (2) The server hangs: openssl s_client does not "
    "complete it there, either.",
    cli=f"{HANDSHAKE} </dev/null",
)


def _is_silent(failure: Failure | None) -> bool:
    return failure is not None and failure.reason is Reason.TIMED_OUT


def _errors_after_suite(failure: Failure | None) -> tuple[KmsError, ...] | None:
    return path_errors.SILENT_HANDSHAKE if _is_silent(failure) else None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.CLIENT_CERTIFICATE,
    source=path_errors.AUTHORIZE,
    remedy=Remedy(
        text="Stop requiring a client certificate: KMS has presented none since 2026-06-15. "
        "Requests are authenticated by their SigV4 signature.",
    ),
)
def client_certificate_is_not_required(evidence: Evidence) -> Iterable[Finding]:
    """The proxy does not require a client certificate.

    Public CAs no longer issue client certificates, so KMS presents none: not to the proxy of a key store
    created after 2026-03-16, and not to any proxy after 2026-06-15. A server may request a client
    certificate if it also accepts a client without one.
    """

    def judge(_: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        requested = details.client_certificate_requested
        if details.alert == _CERTIFICATE_REQUIRED:
            return violated(
                "the server refused an empty client certificate (alert 116, certificate_required)"
            )
        if (none := no_answer(measurement, details)) is not None:
            return none
        if requested is None:
            failure = measurement.failure
            return unknown(f"the handshake failed earlier{f' ({why(failure)})' if failure else ''}")
        return _requested(measurement.failure, details) if requested else met("none is requested")

    return each_handshake(evidence, judge)


def _requested(failure: Failure | None, details: TlsDetails) -> Finding:
    if details.answered_without_client_certificate:
        return met("one is requested, but a request without one was answered")
    if details.answered_without_client_certificate is False or details.alert in _REFUSED_WITHOUT_CERTIFICATE:
        alert = f" (alert {details.alert})" if details.alert is not None else ""
        return violated(f"one is requested, and a client without one was refused{alert}")
    if details.kms_certificate_requested and failure is not None:
        if _failed_for_lack_of_certificate(failure, details):
            return violated(f"one is requested, and the handshake failed without one ({why(failure)})")
        return unknown(f"one is requested, but whether it is required is not known ({why(failure)})")
    return unknown("one is requested, and a request without one got no answer")


def _failed_for_lack_of_certificate(failure: Failure | None, details: TlsDetails) -> bool:
    """Whether KMS's handshake, in which a certificate was requested, failed for lack of one.

    Some servers just close the connection. Up to TLS 1.2 a suite is in force only after our empty certificate
    was sent, so a close after that is the response to it. In TLS 1.3 a handshake that fails did not get as
    far.
    """
    if failure is None:
        return False
    if details.alert is not None:
        return details.alert in _REFUSED_WITHOUT_CERTIFICATE
    certificate_was_sent = details.version not in {None, "TLSv1.3"} and details.cipher is not None
    return certificate_was_sent and failure.reason in {Reason.CLOSED, Reason.RESET}
