"""Whether path and proxy are ready for post-quantum clients, whose ClientHello spans two TCP segments."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import Measurement, Phase, Reason, TlsDetails
from probe.model.targets import Check
from probe.model.verdicts import Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.targets import latest, values_at
from probe.requirements.wording import why

# Failures caused by this machine, not by the server.
_LOCAL_FAILURES = frozenset({Reason.NOT_PERMITTED, Reason.OVER_LIMIT})
# Linux repeats a lost segment after 200 ms or more (RFC 6298 with its minimum), then after twice that time.
_MIN_ALLOWED_S = 1.0


@requirement(
    level=Level.ADVICE,
    scope=Scope.HANDSHAKE,
    source="https://datatracker.ietf.org/doc/draft-ietf-tls-ecdhe-mlkem/",
    remedy=Remedy(
        text="Update or reconfigure what inspects TLS on the path: a firewall, load balancer or proxy must "
        "reassemble a ClientHello of several TCP segments. If large requests are not answered either, fix "
        "the path MTU first.",
        cli="xks-probe tls ADDRESS:443 --server-name PRIVATE-DNS-NAME --large-client-hello",
    ),
)
def large_client_hello_is_answered(evidence: Evidence) -> Iterable[Finding]:
    """A ClientHello that spans two TCP segments is answered like a small one.

    The key share of a post-quantum key exchange makes a ClientHello larger than one segment. Some firewalls
    and proxies drop or reset such a connection. AWS does not document which key exchanges KMS offers to
    proxies, so no KMS error is predicted. A HelloRetryRequest is a correct answer, but costs one more round
    trip. This is tested by ``preflight`` and by ``tls --large-client-hello``.
    """
    measured = latest(evidence, Check.TLS)
    for hello in evidence.large_client_hellos:
        finding = _judged(hello, measured.get(hello.target.name))
        yield replace(finding, subject=hello.target.name, values=values_at(evidence, hello.target))


def _judged(hello: LargeClientHello, measurement: Measurement | None) -> Finding:
    sent = f"a ClientHello of {hello.sent_bytes:,} bytes in two TCP segments"
    if hello.answer is HelloAnswer.SERVER_HELLO:
        return met(f"{sent} was answered")
    if hello.answer is HelloAnswer.HELLO_RETRY_REQUEST:
        return met(f"{sent} was answered with a HelloRetryRequest, so it costs one more round trip")
    reason = f" ({why(hello.failure)})" if hello.failure else ""
    if hello.failure is None or hello.failure.phase is not Phase.HANDSHAKE:
        return unknown(f"no handshake{reason}")
    if hello.failure.reason in _LOCAL_FAILURES:
        return unknown(f"{sent} was not tested{reason}")
    if not _is_answered(measurement):
        other = f" ({why(measurement.failure)})" if measurement and measurement.failure else ""
        return unknown(f"a small ClientHello was not answered either{other}")
    return _lost(sent, hello) if hello.answer is HelloAnswer.TIMED_OUT else _refused(sent, reason)


def _refused(sent: str, reason: str) -> Finding:
    return violated(f"{sent} was refused{reason}, but a small one was answered")


def _lost(sent: str, hello: LargeClientHello) -> Finding:
    waited = f"{sent} was not answered within {hello.allowed_s:.1f} s"
    if hello.allowed_s < _MIN_ALLOWED_S:
        return unknown(f"{waited}, which is too short to tell")
    return violated(f"{waited}, but a small one was: the path or the server drops it (black hole)")


def _is_answered(measurement: Measurement | None) -> bool:
    """Whether a ServerHello came in the handshake with KMS's ClientHello, even if that failed later."""
    details = measurement.details if measurement else None
    return isinstance(details, TlsDetails) and (
        details.kms_handshake_succeeded or bool(details.kms_certificate_requested)
    )
