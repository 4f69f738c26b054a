"""Whether the certificates sent lead from the server's to a root, and whether KMS lists that root."""

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

_NOT_OF_KMS = "an extra authority of this configuration, which KMS does not have"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    traits={Trait.JUDGES_PEER},
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Send the server's certificate first, then each authority's that signed the one before; the "
        "root may be left out.",
        cli="openssl s_client -connect ADDRESS:443 -servername PRIVATE-DNS-NAME -showcerts",
    ),
)
def chain_is_complete(evidence: Evidence) -> Iterable[Finding]:
    """The server sends every certificate up to the root, in order, each signed by the next and in date.

    AWS names wrong chaining among the causes of failed handshakes. KMS is not known to fetch what is
    missing, and TLS 1.2 wants each certificate to certify the one before it (RFC 5246 section 7.4.2). The
    root need not be sent.
    """

    def judge(target: Target, details: TlsDetails, _leaf: Certificate) -> Finding:
        trust = trust_of(details, evidence)
        if trust.path is None:
            return unknown("the server's certificate cannot be read")
        fault = next(faults(trust.path, trust.standing, evidence.taken_at_s), None)
        if fault is not None:
            return violated(fault)
        if trust.path.ending is Ending.MISSING_ISSUER:
            passed_over = _passed_over(evidence, target, trust.path)
            return unknown(passed_over) if passed_over else _open_end(trust.path, trust.standing, details)
        root = f"{_NOT_OF_KMS}, closes it" if trust.standing is TrustStatus.EXTRA else "closes it"
        return met(
            f"{_length(trust.path)}, in order and in date; {quoted(trust.path.links[-1].subject)}, {root}"
        )

    return each_leaf(evidence, judge)


def _passed_over(evidence: Evidence, target: Target, path: Path) -> str:
    """Why the issuer that is missing may be among what the server sent, "" if it is not."""
    last, measurement = path.links[-1], latest(evidence, Check.TLS).get(target.name)
    failure = measurement.failure if measurement else None
    if failure is not None and failure.reason is Reason.OVER_LIMIT:
        return f"the certificates were not read beyond {quoted(last.subject)} ({why(failure)})"
    if path.unreadable:
        return f"{quoted(last.issuer)} may be a certificate that was sent and cannot be read"
    return ""


def _open_end(path: Path, standing: TrustStatus, details: TlsDetails) -> Finding:
    """The last signature is by somebody whose certificate nobody here has, or can't be verified."""
    last = path.links[-1]
    if standing is TrustStatus.UNVERIFIABLE:
        return unknown(_unverifiable(path))
    if standing is TrustStatus.NAMED_AS_LISTED:
        return unknown(
            f"the signature on {quoted(last.subject)} cannot be verified: {quoted(last.issuer)} was not "
            f"sent, and is not the listed certificate of that name that we have, if we have one"
        )
    if standing is TrustStatus.UNSENT:
        return unknown(
            f"in order up to {quoted(last.subject)}; {quoted(last.issuer)}, which signed it, "
            f"was not sent and is no root that KMS lists: a root of its own, or one more that is missing"
        )
    if any(each.subject == last.issuer for each in details.chain):
        return violated(
            f"the chain ends at {quoted(last.subject)}: a certificate of {quoted(last.issuer)} was sent, "
            f"but the signature is not by its key"
        )
    return violated(
        f"the chain ends at {quoted(last.subject)}: {quoted(last.issuer)}, which signed it, was not sent "
        f"and is no root that KMS lists"
    )


def _unverifiable(path: Path) -> str:
    last = path.links[-1]
    return (
        f"{quoted(last.subject)} is issued by {quoted(last.issuer)}, but its signature ({path.unverifiable}) "
        f"cannot be verified here; KMS is not known to accept it"
    )


def _length(path: Path) -> str:
    sent = sum(link.position is not None for link in path.links)
    parts = [f"{sent} certificate{'s' if sent > 1 else ''} lead to the root"]
    if path.spare:
        parts.append(f"{len(path.spare)} sent besides have no part in it")
    if path.unreadable:
        parts.append(f"{len(path.unreadable)} cannot be read")
    return ", ".join(parts)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    traits={Trait.JUDGES_PEER},
    source=path_errors.AUTHORITIES,
    remedy=Remedy(
        text="Get a certificate of an authority in AWS's list, or a chain that is cross-signed under one.",
        cli="openssl s_client -connect ADDRESS:443 -servername PRIVATE-DNS-NAME -showcerts",
    ),
)
def authority_is_trusted_by_kms(evidence: Evidence) -> Iterable[Finding]:
    """Verified signatures lead from the server's certificate to an authority in AWS's list.

    KMS has a list of its own, of public authorities only; neither a browser's nor this machine's trust says
    anything about it. The list gives fingerprints. An authority that has a listed name and another
    fingerprint may be the same one with a renewed certificate, which is not for us to guess.
    """

    def judge(target: Target, details: TlsDetails, _leaf: Certificate) -> Finding:
        trust = trust_of(details, evidence)
        if trust.path is None:
            return unknown("the server's certificate cannot be read")
        passed_over = _passed_over(evidence, target, trust.path)
        if trust.path.ending is Ending.MISSING_ISSUER and passed_over:
            return unknown(passed_over)
        return _authority(trust.path, trust.standing, evidence.taken_at_s)

    return each_leaf(evidence, judge)


def _authority(path: Path, standing: TrustStatus, now_s: float) -> Finding:
    last = path.links[-1]
    match standing:
        case TrustStatus.LISTED:
            return _listed(last, now_s)
        case TrustStatus.EXTRA:
            return met(f"{quoted(last.subject)} is {_NOT_OF_KMS}")
        case TrustStatus.UNLISTED:
            return violated(f"{quoted(last.subject)} is not in AWS's list of {kms_authorities().as_of}")
        case TrustStatus.UNSENT:
            return violated(f"{quoted(last.issuer)}, where the chain leads, is not in AWS's list")
        case TrustStatus.NAMED_AS_LISTED | TrustStatus.UNVERIFIABLE:
            return unknown(_unverifiable(path) if path.unverifiable else _same_name(path, last))
        case TrustStatus.UNDETERMINED:
            return unknown(f"the chain ends under {quoted(last.issuer)}, by which no root can be determined")


def _listed(root: Link, now_s: float) -> Finding:
    """RFC 5280 section 6.1 takes no dates of a trust anchor; some implementations do; KMS's is not known."""
    if now_s > root.not_after_s:
        return unknown(
            f"{quoted(root.subject)} is in AWS's list, but expired on {moment(root.not_after_s)}; "
            f"what KMS makes of that is not documented"
        )
    return met(f"{quoted(root.subject)} is in AWS's list of {kms_authorities().as_of}")


def _same_name(path: Path, last: Link) -> str:
    if path.ending is Ending.SELF_SIGNED:
        return (
            f"{quoted(last.subject)} has the name of a listed authority but another certificate "
            f"(SHA-256 {last.sha256[:16]}…); whether KMS has it as well is not known"
        )
    return (
        f"{quoted(last.issuer)} is the name of a listed authority, but it was not sent and the signature "
        f"could not be verified with any listed certificate that we have"
    )
