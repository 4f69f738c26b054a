"""Whether the proxy answers a TLS handshake at all. If it does not, nothing else about TLS is known."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import Unavailable
from probe.model.evidence import Evidence
from probe.model.measurements import LOCAL_FAILURES, Failure, Measurement, TlsDetails
from probe.model.targets import Role, Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.targets import each_handshake, groups_behind
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.no_handshake import UNRECOGNIZED_NAME, Instead, what_came
from probe.requirements.wording import HANDSHAKE, first_bytes, listed, quoted, why

_PROXY_PROTOCOL = "proxy_protocol_v2.enabled"
_CERTIFICATE_REQUIRED = 116
_NAME_WANTED = Remedy(text="Repeat this with --server-name: KMS sends the private DNS name.")


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.NO_HANDSHAKE,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Enable TLS on this port, and see the server's log for the reason why it does not answer.",
        cli=f"{HANDSHAKE} </dev/null",
    ),
)
def tls_handshake_is_answered(evidence: Evidence) -> Iterable[Finding]:
    """The proxy answers a TLS handshake with its part of it, whatever its version and certificates.

    A server may instead stay silent, close the connection, send an alert, or use another protocol. Then
    nothing else about TLS is known. So this requirement lists the possible causes and how to tell them
    apart. KMS's error depends on what the server did instead.
    """

    def judge(target: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        failure = measurement.failure
        if details.version is not None:
            return met("the server answered the handshake")
        if details.client_certificate_requested:
            return met("the server answered, and requested a client certificate")
        if failure is None:
            return unknown("no version was negotiated")
        return _not_answered(evidence, target, failure, details)

    return each_handshake(evidence, judge)


def _not_answered(evidence: Evidence, target: Target, failure: Failure, details: TlsDetails) -> Finding:
    if failure.reason in LOCAL_FAILURES:
        return unknown(f"the handshake was not completed ({why(failure)})")
    if details.alert == UNRECOGNIZED_NAME and details.server_name is None:
        return replace(
            unknown(f"the server wants a server name, and none was sent ({why(failure)})"),
            remedy=_NAME_WANTED,
        )
    came = what_came(failure, details)
    with_header, without_header = _groups_by_header(evidence, target) if came.may_lack_header else ((), ())
    if with_header and target.role is Role.BACKEND:
        return unknown(
            f"{_because(came, failure, details)}; target group {listed(with_header)} sends a PROXY protocol "
            "header first, which this direct connection does not"
        )
    because = _because(came, failure, details)
    if without_header and not with_header:
        because += f"; Proxy protocol v2 is off at target group {listed(without_header)}"
    if details.server_name is None:
        because += "; no server name was sent (--server-name)"
    found = replace(violated(because, kms_errors=came.errors), remedy=came.remedy)
    of_client = details.alert == _CERTIFICATE_REQUIRED
    return replace(found, told_by=("client-certificate-is-not-required",)) if of_client else found


def _because(came: Instead, failure: Failure, details: TlsDetails) -> str:
    """What came, with the evidence: the failure, and the first bytes if they are not TLS."""
    name = (
        f" {quoted(details.server_name)}"
        if details.alert == UNRECOGNIZED_NAME and details.server_name
        else ""
    )
    beginning = f"; its answer begins with {first_bytes(details.not_tls)}" if details.not_tls else ""
    return f"{came.because}{name} ({why(failure)}{beginning})"


def _groups_by_header(evidence: Evidence, target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the target groups on the path that send a PROXY protocol header, and of the others."""
    attributes = {
        group.name: group.attributes.get(_PROXY_PROTOCOL, "").lower()
        for group in groups_behind(evidence, target)
        if not isinstance(group.attributes, Unavailable)
    }
    return (
        tuple(name for name, value in attributes.items() if value == "true"),
        tuple(name for name, value in attributes.items() if value == "false"),
    )
