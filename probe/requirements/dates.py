"""The dates of the server certificate; ``chain`` checks those of the other certificates."""

from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, TlsDetails
from probe.model.targets import Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, violated
from probe.requirements.evidence.targets import each_leaf
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import SHOW_LEAF, days, moment

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
        cli=SHOW_LEAF + " -dates",
    ),
)
def certificate_is_in_date(evidence: Evidence) -> Iterable[Finding]:
    """The server certificate is in date: its validity period has begun and has not ended.

    Otherwise KMS refuses the handshake. The first and the last second of the period count as valid.
    """

    def judge(_target: Target, _details: TlsDetails, leaf: Certificate) -> Finding:
        now_s, first_s, last_s = evidence.taken_at_s, leaf.not_before_s, leaf.not_after_s
        assert first_s is not None  # noqa: S101 -- each_leaf gives certificates with both dates
        assert last_s is not None  # noqa: S101 -- the same
        if now_s < first_s:
            return violated(f"not valid before {moment(first_s)}, {days(first_s - now_s)} from now")
        if now_s > last_s:
            return violated(f"expired on {moment(last_s)}, {days(now_s - last_s)} ago")
        return met(f"valid from {moment(first_s)} to {moment(last_s)}")

    return each_leaf(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.CERTIFICATES,
    source=path_errors.MONITORING,
    remedy=Remedy(
        text="Renew the certificate on every target, and find out why automatic renewal did not happen.",
        cli=SHOW_LEAF + " -enddate",
    ),
)
def certificate_expires_in_10_days_or_more(evidence: Evidence) -> Iterable[Finding]:
    """The server certificate is valid for at least ten more days.

    After expiry KMS refuses every handshake, and all keys of the store become unusable at once. AWS
    recommends an alarm at ten days. The maximum lifetime of public certificates will fall to 47 days, so
    renewal must be automatic.
    """

    def judge(_target: Target, _details: TlsDetails, leaf: Certificate) -> Finding:
        assert leaf.not_after_s is not None  # noqa: S101 -- each_leaf gives certificates with both dates
        left_s = leaf.not_after_s - evidence.taken_at_s
        if left_s < 0:
            return violated(f"expired {days(-left_s)} ago")
        left = f"{days(left_s)} left, until {moment(leaf.not_after_s)}"
        return met(left) if left_s >= _SOON_S else violated(left)

    return each_leaf(evidence, judge)
