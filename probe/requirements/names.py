"""Whether the names in the certificate match the host name of the proxy."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, TlsDetails
from probe.model.targets import Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.targets import each_leaf
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import SHOW_LEAF, listed, quoted
from probe.wire.names import matches

_NO_NAME = "the private DNS name is not known, so the names cannot be compared"
# X.520's upper bound of a common name; the endpoint of a key store may be longer.
_MAX_COMMON_NAME = 64


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.COMMON_NAME,
    traits={Trait.JUDGES_PEER},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Get a certificate whose subject common name is the private DNS name or *.PARENT-DOMAIN. Some "
        "certificate profiles omit the common name: ask the CA for one that includes it.",
        cli=SHOW_LEAF + " -subject -ext subjectAltName",
    ),
)
def common_name_matches(evidence: Evidence) -> Iterable[Finding]:
    """The certificate's subject common name is the private DNS name, or a wildcard for its parent domain.

    AWS documents only the common name. Whether KMS would accept a matching alternative name instead is not
    documented. Modern certificate profiles of public CAs omit the common name, and every browser accepts
    that.
    """

    def judge(target: Target, details: TlsDetails, leaf: Certificate) -> Finding:
        host = _host(target, details)
        return _common_name(host, leaf.subject_common_names) if host else unknown(_NO_NAME)

    return each_leaf(evidence, judge)


def _common_name(host: str, names: tuple[str, ...]) -> Finding:
    if not names:
        long = (
            f"; {len(host)} characters do not fit into a common name" if len(host) > _MAX_COMMON_NAME else ""
        )
        return violated(f"the certificate has no common name at all; {quoted(host)} is required{long}")
    covering = [name for name in names if matches(name, host)]
    if not covering:
        return violated(f"common name {listed(names)} does not cover {quoted(host)}")
    if len(covering) < len(names):
        return unknown(
            f"some of the common names {listed(names)} do not cover {quoted(host)}; KMS may use any of them"
        )
    return met(f"common name {listed(names)} covers {quoted(host)}")


@requirement(
    level=Level.ADVICE,
    scope=Scope.CERTIFICATES,
    traits={Trait.JUDGES_PEER},
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Get a certificate that also has the private DNS name among its subject alternative names."
    ),
)
def subject_alternative_name_matches(evidence: Evidence) -> Iterable[Finding]:
    """The certificate has the private DNS name among its subject alternative names.

    Most TLS clients check only the alternative names (RFC 9525), and public CAs must repeat the common name
    there. According to AWS's documentation, a certificate without alternative names works with KMS, but
    hardly any other client accepts it. If it has alternative names but only of other hosts, this is a risk,
    because a client that checks alternative names refuses the server.
    """

    def judge(target: Target, details: TlsDetails, leaf: Certificate) -> Finding:
        host = _host(target, details)
        if not host:
            return unknown(_NO_NAME)
        if not leaf.dns_names:
            return violated(f"the certificate has no DNS names; {quoted(host)} is expected")
        if any(matches(name, host) for name in leaf.dns_names):
            return met(f"one of the DNS names {listed(leaf.dns_names)} covers {quoted(host)}")
        return _of_other_hosts(f"none of the DNS names {listed(leaf.dns_names)} covers {quoted(host)}")

    return each_leaf(evidence, judge)


def _of_other_hosts(because: str) -> Finding:
    found = violated(because, kms_errors=path_errors.AT_TIMES_TLS)
    return replace(found, level=Level.RISK, step=KmsStep.TLS)


def _host(target: Target, details: TlsDetails) -> str:
    return target.server_name or details.server_name or ""
