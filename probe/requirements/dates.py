"""The server certificate's dates; those of the rest of the chain are in ``chain``."""

from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, TlsDetails
from probe.model.targets import Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, violated
from probe.requirements.evidence.targets import each_leaf
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import days, moment

# AWS's alarm on the metric XksProxyCertificateDaysToExpire.
_SOON_S = 10 * 86400.0


@requirement(
    level=Level.REQUIRED,
    scope=Scope.CERTIFICATES,
    step=KmsStep.TLS,
    errors=path_errors.TLS,
    traits={Trait.JUDGES_PEER},
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Install a certificate that is valid now, on every target.",
        cli="openssl x509 -in certificate.pem -noout -dates",
    ),
)
def certificate_is_in_date(evidence: Evidence) -> Iterable[Finding]:
    """The server's certificate is valid now: its first day has come and its last has not passed.

    KMS refuses the handshake otherwise. The bounds themselves belong to the time of validity.
    """

    def judge(_target: Target, _details: TlsDetails, leaf: Certificate) -> Finding:
        now_s, first_s, last_s = evidence.taken_at_s, leaf.not_before_s, leaf.not_after_s
        assert first_s is not None  # noqa: S101 -- each_leaf gives certificates with both dates
        assert last_s is not None  # noqa: S101 -- the same
        if now_s < first_s:
            return violated(f"not valid before {moment(first_s)}, in {days(first_s - now_s)}")
        if now_s > last_s:
            return violated(f"expired on {moment(last_s)}, {days(now_s - last_s)} ago")
        return met(f"valid from {moment(first_s)} to {moment(last_s)}")

    return each_leaf(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.CERTIFICATES,
    source=path_errors.MONITORING,
    remedy=Remedy(
        text="Renew the certificate on every target, and see why the renewal did not come by itself.",
        cli="openssl x509 -in certificate.pem -noout -enddate",
    ),
)
def certificate_expires_in_10_days_or_more(evidence: Evidence) -> Iterable[Finding]:
    """The server's certificate is valid for ten more days at least.

    From its last day on KMS refuses every handshake, and all keys of the store are unusable at once. AWS
    recommends an alarm at ten days. Certificates of 47 days are coming: renewal has to be automatic.
    """

    def judge(_target: Target, _details: TlsDetails, leaf: Certificate) -> Finding:
        assert leaf.not_after_s is not None  # noqa: S101 -- each_leaf gives certificates with both dates
        left_s = leaf.not_after_s - evidence.taken_at_s
        if left_s < 0:
            return violated(f"expired {days(-left_s)} ago")
        said = f"{days(left_s)} left, until {moment(leaf.not_after_s)}"
        return met(said) if left_s >= _SOON_S else violated(said)

    return each_leaf(evidence, judge)
