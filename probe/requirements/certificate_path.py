"""Whether a TLS client accepts the server's certificates, as two independent validators see it."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, TlsDetails
from probe.model.targets import Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.chain import unread_issuer
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.paths import PathResult, RootSet, path_result
from probe.requirements.evidence.targets import each_leaf
from probe.requirements.evidence.trust import TrustStatus, trust_of
from probe.requirements.extra_authority import extra_authority, met_with_extra_authority
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import SHOW_CHAIN, quoted
from probe.wire.certificate_path.refusal import Cause, Refusal

_COMMAND = SHOW_CHAIN.replace(" -showcerts", " -purpose sslserver -showcerts")
_RFC = "https://www.rfc-editor.org/rfc/rfc5280#section-6"
_WORDS = {
    Cause.NO_PATH: "no path leads to a trusted root",
    Cause.OUT_OF_DATE: "a certificate of the path is not valid now",
    Cause.PURPOSE: "the extended key usage does not allow TLS servers",
    Cause.KEY_USAGE: "the key usage does not allow what the certificate is used for",
    Cause.NOT_A_CA: "an issuer is not a CA certificate",
    Cause.PATH_LENGTH: "a CA allows fewer CAs below it than there are",
    Cause.NAME_CONSTRAINTS: "the name constraints of a CA exclude the names of the server certificate",
    Cause.CRITICAL_EXTENSION: "an extension is critical that TLS clients do not know",
    Cause.POLICY: "a CA requires a certificate policy, and the path has no valid one",
    Cause.SIGNATURE: "a signature is wrong, or its algorithm is too weak",
    Cause.KEY: "the key is of a kind or size that KMS is not known to accept",
    Cause.VERSION: "a certificate is not of version 3",
    Cause.MALFORMED: "a certificate is malformed",
}
_REMEDIES = {
    Cause.PURPOSE: "Get a certificate from a profile for TLS servers (extended key usage serverAuth).",
    Cause.KEY_USAGE: "Get a certificate from a profile for TLS servers (key usage digitalSignature).",
    Cause.NAME_CONSTRAINTS: "Get a certificate from a CA that may issue for this domain.",
    Cause.KEY: "Get a certificate for an RSA key of at least 2048 bits, or on P-256, P-384 or P-521.",
    Cause.VERSION: "Get certificates of version 3; openssl x509 -req makes them with the option -extfile.",
    Cause.OUT_OF_DATE: "Renew the certificate that is not valid now.",
    Cause.NO_PATH: "Send the certificate of each issuing CA, up to one issued by a root that KMS trusts.",
}
_ABOVE_THE_LEAF = ("chain-is-complete", "authority-is-trusted-by-kms")
# Requirements that judge the same cause.
_TOLD_BY = {
    Cause.OUT_OF_DATE: ("certificate-is-in-date", *_ABOVE_THE_LEAF),
    Cause.NO_PATH: _ABOVE_THE_LEAF,
}
# KMS may trust the root, but its certificate is not known here.
_MAY_BE_TRUSTED = frozenset({TrustStatus.NAMED_AS_LISTED, TrustStatus.UNVERIFIABLE})


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    traits={Trait.JUDGES_PEER, Trait.MET_IF_KMS_ACCEPTED},
    source=_RFC,
    remedy=Remedy(
        text="Get a certificate for a TLS server from a CA that KMS trusts, and send its whole chain.",
        cli=_COMMAND,
    ),
)
def certificate_path_validates(evidence: Evidence) -> Iterable[Finding]:
    """The server's certificates form a valid path for a TLS server: purpose, constraints, signatures, dates.

    Which validator KMS uses is not known, so two independent ones decide: OpenSSL, and the Python library
    cryptography. If one accepts the path and the other refuses it, the outcome is unknown.
    """

    def judge(target: Target, details: TlsDetails, _leaf: Certificate) -> Finding:
        result = path_result(details, evidence)
        if result.decision.is_accepted:
            return _accepted(result, evidence)
        if not result.decision.is_refused:
            return unknown(f"the validators differ: {_differing(result, details)}; KMS may do either")
        if (reason := _may_be_trusted(target, details, evidence, result)) is not None:
            return replace(unknown(reason), told_by=_ABOVE_THE_LEAF)
        return _refused(result, details)

    return each_leaf(evidence, judge)


def _accepted(result: PathResult, evidence: Evidence) -> Finding:
    because = "OpenSSL and cryptography accept the path"
    if result.roots is not RootSet.EXTRA:
        return met(because)
    return met_with_extra_authority(f"{because} (to {extra_authority(evidence)})", evidence)


def _may_be_trusted(
    target: Target, details: TlsDetails, evidence: Evidence, result: PathResult
) -> str | None:
    """Why the refusal may be due to a root that is not known here, or to a certificate that was not read."""
    refusals = (result.decision.openssl, result.decision.cryptography)
    if not any(each is not None and each.cause is Cause.NO_PATH for each in refusals):
        return None
    trust = trust_of(details, evidence)
    if trust.path is None:
        return None
    if trust.status in _MAY_BE_TRUSTED:
        return f"whether KMS trusts the issuer {quoted(trust.path.links[-1].issuer)} is not known"
    return unread_issuer(evidence, target, details, trust.path) or None


def _refused(result: PathResult, details: TlsDetails) -> Finding:
    refusals = [each for each in (result.decision.openssl, result.decision.cryptography) if each is not None]
    told = _most_exact(refusals)
    text = _REMEDIES.get(told.cause)
    found = replace(
        violated(f"OpenSSL and cryptography refuse the path: {_words(told, details)}"),
        told_by=_TOLD_BY.get(told.cause, ()),
    )
    return replace(found, remedy=Remedy(text=text, cli=_COMMAND)) if text else found


def _most_exact(refusals: list[Refusal]) -> Refusal:
    """OpenSSL's, because it has a number; cryptography gives only text.

    OpenSSL has one number for the extended key usage and the key usage.
    """
    found = next((each for each in refusals if each.cause in _WORDS), refusals[0])
    if found.cause is Cause.PURPOSE and any(each.cause is Cause.KEY_USAGE for each in refusals):
        return replace(found, cause=Cause.KEY_USAGE)
    return found


def _words(refusal: Refusal, details: TlsDetails) -> str:
    words = _WORDS.get(refusal.cause) or quoted(refusal.detail)
    if refusal.position is None or refusal.position >= len(details.chain):
        return words
    return f"{words} (certificate {refusal.position}, {quoted(details.chain[refusal.position].subject)})"


def _differing(result: PathResult, details: TlsDetails) -> str:
    named = (("OpenSSL", result.decision.openssl), ("cryptography", result.decision.cryptography))
    return ", ".join(
        f"{name} accepts the path" if refusal is None else f"{name} refuses it: {_words(refusal, details)}"
        for name, refusal in named
    )
