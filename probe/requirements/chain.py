"""Whether the server sends a complete certificate chain, and whether KMS trusts its root CA."""

from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, Reason, TlsDetails
from probe.model.targets import Check, Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.authorities import kms_authorities
from probe.requirements.evidence.targets import each_leaf, latest
from probe.requirements.evidence.trust import TrustStatus, faults, trust_of
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import moment, quoted, why
from probe.wire.chain import Ending, Link, Path

_NOT_TRUSTED_BY_KMS = "an extra CA from this configuration, which KMS does not trust"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    traits={Trait.JUDGES_PEER},
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Send the server certificate first, then each issuing CA in order; the root may be omitted.",
        cli="openssl s_client -connect ADDRESS:443 -servername PRIVATE-DNS-NAME -showcerts",
    ),
)
def chain_is_complete(evidence: Evidence) -> Iterable[Finding]:
    """The server sends all CA certificates up to the root, in order and in date, each signed by the next.

    AWS lists a wrong chain among the causes of failed handshakes. KMS is not known to fetch missing
    certificates, and TLS 1.2 requires each certificate to certify the one before it (RFC 5246 section
    7.4.2). The root itself need not be sent.
    """

    def judge(target: Target, details: TlsDetails, _leaf: Certificate) -> Finding:
        trust = trust_of(details, evidence)
        if trust.path is None:
            return unknown("the server certificate cannot be read")
        fault = next(faults(trust.path, trust.status, evidence.taken_at_s), None)
        if fault is not None:
            return violated(fault)
        if trust.path.ending is Ending.MISSING_ISSUER:
            unread = unread_issuer(evidence, target, trust.path)
            return unknown(unread) if unread else _incomplete(trust.path, trust.status, details)
        root = quoted(trust.path.links[-1].subject)
        extra = f" ({_NOT_TRUSTED_BY_KMS})" if trust.status is TrustStatus.EXTRA else ""
        return met(f"{_length(trust.path)} {root}{extra}, in order and in date")

    return each_leaf(evidence, judge)


def unread_issuer(evidence: Evidence, target: Target, path: Path) -> str:
    """Why the missing issuer may be among the certificates that the server sent; "" if it is not."""
    last, measurement = path.links[-1], latest(evidence, Check.TLS).get(target.name)
    failure = measurement.failure if measurement else None
    if failure is not None and failure.reason is Reason.OVER_LIMIT:
        return f"the certificates after {quoted(last.subject)} were not read ({why(failure)})"
    if path.unreadable:
        return f"{quoted(last.issuer)} may be one of the certificates that were sent but cannot be read"
    return ""


def _incomplete(path: Path, status: TrustStatus, details: TlsDetails) -> Finding:
    """The path ends at a certificate whose issuer is not available, or whose signature cannot be verified."""
    last = path.links[-1]
    if status is TrustStatus.UNVERIFIABLE:
        return unknown(_unverifiable(path))
    if status is TrustStatus.NAMED_AS_LISTED:
        return unknown(
            f"the signature on {quoted(last.subject)} cannot be verified: {quoted(last.issuer)} was not "
            f"sent, and xks-probe has no listed certificate of that name that made it"
        )
    if status is TrustStatus.UNSENT:
        return unknown(
            f"in order up to {quoted(last.subject)}; its issuer {quoted(last.issuer)} was not sent and is "
            f"not a root that KMS lists: it is an unlisted root, or an intermediate that is missing"
        )
    if any(each.subject == last.issuer for each in details.chain):
        return violated(
            f"the chain ends at {quoted(last.subject)}: a certificate named {quoted(last.issuer)} was sent, "
            f"but the signature was not made with its key"
        )
    return violated(
        f"the chain ends at {quoted(last.subject)}: its issuer {quoted(last.issuer)} was not sent and is "
        f"not a root that KMS lists"
    )


def _unverifiable(path: Path) -> str:
    last = path.links[-1]
    return (
        f"{quoted(last.subject)} is issued by {quoted(last.issuer)}, but its signature ({path.unverifiable}) "
        f"cannot be verified here; KMS is not known to accept it"
    )


def _length(path: Path) -> str:
    sent = sum(link.position is not None for link in path.links)
    others = []
    if path.spare:
        others.append(f"{len(path.spare)} unrelated")
    if path.unreadable:
        others.append(f"{len(path.unreadable)} unreadable")
    beyond = f" (and {', '.join(others)})" if others else ""
    return f"{sent} certificate{'s' if sent > 1 else ''}{beyond} up to the root"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    traits={Trait.JUDGES_PEER},
    source=path_errors.AUTHORITIES,
    remedy=Remedy(
        text="Get a certificate from a CA in AWS's list, or send a chain that is cross-signed by one of "
        "them.",
        cli="openssl s_client -connect ADDRESS:443 -servername PRIVATE-DNS-NAME -showcerts",
    ),
)
def authority_is_trusted_by_kms(evidence: Evidence) -> Iterable[Finding]:
    """Verified signatures lead from the server certificate to a CA in AWS's list.

    KMS has its own list of trusted CAs, with public CAs only. Whether a browser or this machine trusts a CA
    does not matter. The list identifies each CA by the fingerprint of its certificate. A CA with a listed
    name and another fingerprint may be the same CA with a renewed certificate; the result is then unknown.
    """

    def judge(target: Target, details: TlsDetails, _leaf: Certificate) -> Finding:
        trust = trust_of(details, evidence)
        if trust.path is None:
            return unknown("the server certificate cannot be read")
        unread = unread_issuer(evidence, target, trust.path)
        if trust.path.ending is Ending.MISSING_ISSUER and unread:
            return unknown(unread)
        return _authority(trust.path, trust.status, evidence.taken_at_s)

    return each_leaf(evidence, judge)


def _authority(path: Path, status: TrustStatus, now_s: float) -> Finding:
    last = path.links[-1]
    match status:
        case TrustStatus.LISTED:
            return _listed(last, now_s)
        case TrustStatus.EXTRA:
            return met(f"{quoted(last.subject)} is {_NOT_TRUSTED_BY_KMS}")
        case TrustStatus.UNLISTED:
            return violated(f"{quoted(last.subject)} is not in AWS's list of {kms_authorities().as_of}")
        case TrustStatus.UNSENT:
            return violated(f"the chain leads to {quoted(last.issuer)}, which is not in AWS's list")
        case TrustStatus.NAMED_AS_LISTED | TrustStatus.UNVERIFIABLE:
            return unknown(_unverifiable(path) if path.unverifiable else _same_name(path, last))
        case TrustStatus.UNDETERMINED:
            return unknown(f"{quoted(last.issuer)} was not sent, so the root of the chain is not known")


def _listed(root: Link, now_s: float) -> Finding:
    """RFC 5280 section 6.1 ignores the dates of a root; some implementations check them. KMS may be one."""
    if now_s > root.not_after_s:
        return unknown(
            f"{quoted(root.subject)} is in AWS's list, but expired on {moment(root.not_after_s)}; "
            f"whether KMS still accepts it is not documented"
        )
    return met(f"{quoted(root.subject)} is in AWS's list of {kms_authorities().as_of}")


def _same_name(path: Path, last: Link) -> str:
    if path.ending is Ending.SELF_SIGNED:
        return (
            f"{quoted(last.subject)} has the name of a listed CA, but is another certificate "
            f"(SHA-256 {last.sha256[:16]}…); whether KMS trusts it too is not known"
        )
    return (
        f"{quoted(last.issuer)} is the name of a listed CA, but its certificate was not sent, and the "
        f"signature could not be verified with any listed certificate that xks-probe has"
    )
