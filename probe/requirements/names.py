"""Whether the certificate is in the name of the proxy."""

from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, TlsDetails
from probe.model.targets import Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.targets import each_leaf
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted
from probe.wire.names import matches

_NO_NAME = "the private DNS name is not known, so nothing to compare with"
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
        "profiles leave the common name out: ask the authority for one that has it.",
        cli="openssl x509 -in certificate.pem -noout -subject -ext subjectAltName",
    ),
)
def common_name_matches(evidence: Evidence) -> Iterable[Finding]:
    """The certificate's subject common name is the private DNS name, or a wildcard one label above it.

    AWS promises the common name only: whether KMS would be content with an alternative name is documented
    nowhere. Modern profiles of public authorities leave the common name out, and every browser accepts
    that.
    """

    def judge(target: Target, details: TlsDetails, leaf: Certificate) -> Finding:
        host = _host(target, details)
        return _common_name(host, leaf.subject_common_names) if host else unknown(_NO_NAME)

    return each_leaf(evidence, judge)


def _common_name(host: str, names: tuple[str, ...]) -> Finding:
    if not names:
        long = f"; {len(host)} characters do not fit into one" if len(host) > _MAX_COMMON_NAME else ""
        return violated(f"the certificate has no common name at all, {quoted(host)} is wanted{long}")
    covering = [name for name in names if matches(name, host)]
    if not covering:
        return violated(f"common name {listed(names)} does not cover {quoted(host)}")
    if len(covering) < len(names):
        return unknown(
            f"of the common names {listed(names)} some do not cover {quoted(host)}; KMS may read any"
        )
    return met(f"common name {listed(names)} covers {quoted(host)}")


@requirement(
    level=Level.ADVICE,
    scope=Scope.CERTIFICATES,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(text="Get a certificate that has the private DNS name among its alternative names too."),
)
def subject_alternative_name_matches(evidence: Evidence) -> Iterable[Finding]:
    """The certificate has the private DNS name among its subject alternative names.

    Most TLS clients look at the alternative names only (RFC 9525), and public authorities must repeat the
    common name there. A certificate without it works for KMS as far as documented, and for hardly anything
    else.
    """

    def judge(target: Target, details: TlsDetails, leaf: Certificate) -> Finding:
        host = _host(target, details)
        if not host:
            return unknown(_NO_NAME)
        if not leaf.dns_names:
            return violated(f"the certificate has no DNS names, {quoted(host)} is wanted")
        if any(matches(name, host) for name in leaf.dns_names):
            return met(f"one of the DNS names {listed(leaf.dns_names)} covers {quoted(host)}")
        return violated(f"none of the DNS names {listed(leaf.dns_names)} covers {quoted(host)}")

    return each_leaf(evidence, judge)


def _host(target: Target, details: TlsDetails) -> str:
    return target.server_name or details.server_name or ""
