"""Whether the server sends a complete certificate chain, and whether KMS trusts its root CA."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, Reason, TlsDetails
from probe.model.targets import Check, Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.authorities import kms_authorities
from probe.requirements.evidence.authority_advice import advice_on
from probe.requirements.evidence.paths import RootSet, path_result
from probe.requirements.evidence.targets import each_leaf, latest
from probe.requirements.evidence.trust import Trust, TrustStatus, out_of_date, trust_of
from probe.requirements.extra_authority import extra_authority, met_with_extra_authority
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import SHOW_CHAIN, moment, quoted, why
from probe.wire.chain import MAX_CERTIFICATES, Ending, Link, Path

_DATE = len("2026-11-27")
_STATUS = {
    RootSet.IN_BOTH_LISTS: TrustStatus.LISTED,
    RootSet.IN_ONE_LIST: TrustStatus.LISTED_ONCE,
    RootSet.EXTRA: TrustStatus.EXTRA,
}


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Send the server certificate first, then each issuing CA in order; the root may be omitted.",
        cli=SHOW_CHAIN,
    ),
)
def chain_is_complete(evidence: Evidence) -> Iterable[Finding]:
    """The server sends all CA certificates up to the root, in order and in date, each signed by the next.

    AWS lists a wrong chain among the causes of failed handshakes. KMS is not known to fetch missing
    certificates, and TLS 1.2 requires each certificate to certify the one before it (RFC 5246 section
    7.4.2). All TLS clients that were tried accept another order, so an error for it is only possible. The
    root itself need not be sent.
    """

    def judge(target: Target, details: TlsDetails, _leaf: Certificate) -> Finding:
        trust = trust_of(details, evidence)
        if trust.path is None:
            return unknown("the server certificate cannot be read")
        is_accepted = path_result(details, evidence).decision.is_accepted
        if not is_accepted and (found := _gap(target, details, evidence, trust)) is not None:
            return found
        if not trust.path.in_order:
            return violated(_order(trust.path), kms_errors=path_errors.AT_TIMES_TLS)
        return _complete(trust.path, trust.status, evidence)

    return each_leaf(evidence, judge)


def _gap(target: Target, details: TlsDetails, evidence: Evidence, trust: Trust) -> Finding | None:
    """What our own look at a chain that the validators do not accept finds: a date, or a missing issuer."""
    if trust.path is None:
        return None
    date = next(out_of_date(trust, evidence.taken_at_s), None)
    if date is not None:
        return violated(date)
    if trust.path.ending is not Ending.MISSING_ISSUER:
        return None
    unread = unread_issuer(evidence, target, details, trust.path)
    return unknown(unread) if unread else _incomplete(trust.path, trust.status, details)


def _order(path: Path) -> str:
    order = ", ".join(str(link.position) for link in path.links if link.position is not None)
    return f"sent in the wrong order: the correct order of the certificates sent is {order}"


def _complete(path: Path, status: TrustStatus, evidence: Evidence) -> Finding:
    if path.ending is Ending.MISSING_ISSUER:
        return met("OpenSSL and cryptography find a path to a root in the certificates sent")
    up_to_root = f"{_length(path)} {quoted(path.links[-1].subject)}"
    if status is not TrustStatus.EXTRA:
        return met(f"{up_to_root}, in order and in date")
    because = f"{up_to_root} ({extra_authority(evidence)}), in order and in date"
    return met_with_extra_authority(because, evidence)


def unread_issuer(evidence: Evidence, target: Target, details: TlsDetails, path: Path) -> str:
    """Why the missing issuer may be among the certificates that the server sent; "" if it is not."""
    last, measurement = path.links[-1], latest(evidence, Check.TLS).get(target.name)
    failure = measurement.failure if measurement else None
    if failure is not None and failure.reason is Reason.OVER_LIMIT:
        return f"the certificates after {quoted(last.subject)} were not read ({why(failure)})"
    if len(details.chain) > MAX_CERTIFICATES:
        return f"only the first {MAX_CERTIFICATES} of {len(details.chain)} certificates are considered"
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
    traits={Trait.MET_IF_KMS_ACCEPTED},
    source=path_errors.AUTHORITIES,
    remedy=Remedy(
        text="Get a certificate from a CA in both of AWS's lists, or send a chain that is cross-signed by "
        "one of them; docs/authorities.md lists them.",
        cli=SHOW_CHAIN,
    ),
)
def authority_is_trusted_by_kms(evidence: Evidence) -> Iterable[Finding]:
    """Verified signatures lead from the server certificate to a CA in AWS's list.

    KMS has its own list of trusted CAs, with public CAs only. Whether a browser or this machine trusts a CA
    does not matter. AWS published its list in 2022; its author proposed a newer one in 2024, which AWS has
    not published. What KMS uses now is not known, so a CA in only one of them is unknown. A CA is identified
    by its name and key.
    """

    def judge(target: Target, details: TlsDetails, _leaf: Certificate) -> Finding:
        trust = trust_of(details, evidence)
        if trust.path is None:
            return unknown("the server certificate cannot be read")
        result = path_result(details, evidence)
        if result.decision.is_accepted:
            return _authority(trust.path, _STATUS[result.roots], evidence)
        unread = unread_issuer(evidence, target, details, trust.path)
        if trust.path.ending is Ending.MISSING_ISSUER and unread:
            return unknown(unread)
        return _authority(trust.path, trust.status, evidence)

    return each_leaf(evidence, judge)


def _authority(path: Path, status: TrustStatus, evidence: Evidence) -> Finding:
    last = path.links[-1]
    match status:
        case TrustStatus.LISTED:
            found = _listed(path, evidence.taken_at_s)
        case TrustStatus.LISTED_ONCE:
            found = _with_remedy(unknown(_listed_once(last)), path)
        case TrustStatus.EXTRA:
            because = f"{quoted(last.subject)} is {extra_authority(evidence)}"
            found = met_with_extra_authority(because, evidence)
        case TrustStatus.UNLISTED:
            found = _with_remedy(violated(f"{quoted(last.subject)} is {_in_neither()}"), path)
        case TrustStatus.UNSENT:
            leads = f"the chain leads to {quoted(last.issuer)}, which is {_in_neither()}"
            found = _with_remedy(violated(leads), path)
        case TrustStatus.NAMED_AS_LISTED | TrustStatus.UNVERIFIABLE:
            found = unknown(_unverifiable(path) if path.unverifiable else _same_name(path, last))
        case TrustStatus.UNDETERMINED:
            found = unknown(f"{quoted(last.issuer)} was not sent, so the root of the chain is not known")
    return found


def _in_neither() -> str:
    authorities = kms_authorities()
    return f"in neither of AWS's lists ({authorities.as_of}, {authorities.proposed})"


def _listed_once(root: Link) -> str:
    authorities = kms_authorities()
    if authorities.as_of in authorities.lists_of(root):
        return (
            f"{quoted(root.subject)} is in AWS's list of {authorities.as_of}, but no longer in the newer one "
            f"of {authorities.proposed}, which AWS has not published; whether KMS still trusts it is unknown"
        )
    return (
        f"{quoted(root.subject)} is not in AWS's list of {authorities.as_of}, only in the newer one of "
        f"{authorities.proposed}, which AWS has not published; whether KMS trusts it is not known"
    )


def _with_remedy(found: Finding, path: Path) -> Finding:
    advice = advice_on(path)
    return (
        replace(found, remedy=Remedy(text=advice.remedy, cli=SHOW_CHAIN))
        if advice and advice.remedy
        else found
    )


def _listed(path: Path, now_s: float) -> Finding:
    """RFC 5280 section 6.1 ignores the dates of a root; some implementations check them. KMS may be one."""
    root, authorities = path.links[-1], kms_authorities()
    if now_s > root.not_after_s:
        return unknown(
            f"{quoted(root.subject)} is in AWS's lists, but expired on {moment(root.not_after_s)}; "
            f"whether KMS still accepts it is not documented"
        )
    listed = f"{quoted(root.subject)} is in AWS's lists of {authorities.as_of} and {authorities.proposed}"
    return met(f"{listed}{_renewal(path, now_s)}")


def _renewal(path: Path, now_s: float) -> str:
    """What will change at a renewal: a cross-certificate that ends, or a root that browsers do not trust."""
    for link in path.links[1:-1]:
        if link.root_id in kms_authorities().lists_by_root:
            return f"; the cross-certificate of {quoted(link.subject)} ends on {moment(link.not_after_s)}"
    advice = advice_on(path)
    note = advice.note(moment(now_s)[:_DATE]) if advice else ""
    return f"; {note}" if note else ""


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
