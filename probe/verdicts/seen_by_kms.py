"""What is unknown about a certificate is met if KMS was seen to accept that certificate.

KMS connects only if it accepts the proxy's certificate, and it publishes the days until the certificate that
it saw expires. If they fit the certificate measured here, KMS accepts its path and CA: inferred, because KMS
does not publish which certificate it was. A violated verdict stays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from probe.model.account import Unavailable
from probe.model.aws_metrics import WINDOW_S, CertificateDays
from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, TlsDetails
from probe.model.targets import Check
from probe.model.verdicts import Outcome, Trait, Verdict
from probe.requirements.evidence.targets import latest
from probe.verdicts.agreement import different_setting

MAX_DIFFERENCE_DAYS = 1.0
_DAY_S = 86400.0
_MINUTE_S = 60.0


def apply(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts; unknown ones about an accepted certificate are met, and marked as inferred."""
    accepted = _accepted(evidence)

    def corrected(verdict: Verdict) -> Verdict:
        is_about_it = Trait.MET_IF_KMS_ACCEPTED in verdict.traits and verdict.subject in accepted
        if not is_about_it or verdict.outcome is not Outcome.UNKNOWN:
            return verdict
        return _met(verdict, accepted[verdict.subject], evidence.taken_at_s)

    return tuple(map(corrected, verdicts))


def _met(verdict: Verdict, seen: CertificateDays, now_s: float) -> Verdict:
    minutes = (now_s - seen.period_start_s) / _MINUTE_S
    because = (
        f"{verdict.because}; but KMS is connected, and {minutes:.0f} minutes ago it saw a certificate of "
        f"this name with {seen.days:.0f} days left, as this one has: KMS accepts it (inferred)"
    )
    return replace(
        verdict,
        outcome=Outcome.MET,
        because=because,
        kms_errors=(),
        remedy=None,
        told_by=(),
        is_inferred=True,
    )


def _accepted(evidence: Evidence) -> Mapping[str, CertificateDays]:
    """By target name, what KMS saw of the certificate that the target sends.

    Nothing if targets send different chains that fit: KMS may have seen only one of them.
    """
    seen = tuple(_seen(evidence))
    if not seen:
        return {}
    chains = {name: _chain(measured.details) for name, measured in latest(evidence, Check.TLS).items()}
    fitting = {
        name: (days, chain)
        for name, chain in chains.items()
        for days in seen
        if chain and _is_it(chain[0], days)
    }
    sent = {tuple(each.sha256 for each in chain) for _, chain in fitting.values()}
    return {name: days for name, (days, _) in fitting.items()} if len(sent) == 1 else {}


def _seen(evidence: Evidence) -> Iterator[CertificateDays]:
    """The certificates that KMS saw in the last hour, if the key store is connected with these settings."""
    account, spec, now_s = evidence.account, evidence.spec, evidence.taken_at_s
    if account is None or spec is None or not _is_recent(account.taken_at_s, now_s):
        return
    store = account.key_store(spec.id)
    if store is None or store.connection_state != "CONNECTED" or different_setting(store, spec) is not None:
        return
    if account.metrics is None or isinstance(account.metrics, Unavailable):
        return
    yield from (each for each in account.metrics.certificates if _is_recent(each.period_start_s, now_s))


def _is_recent(at_s: float, now_s: float) -> bool:
    return 0 <= now_s - at_s <= WINDOW_S


def _chain(details: object) -> tuple[Certificate, ...]:
    return details.chain if isinstance(details, TlsDetails) else ()


def _is_it(leaf: Certificate, seen: CertificateDays) -> bool:
    name = leaf.subject_common_name
    if name is None or leaf.not_after_s is None or name.lower() != seen.common_name.lower():
        return False
    days = (leaf.not_after_s - seen.period_start_s) / _DAY_S
    return abs(days - seen.days) <= MAX_DIFFERENCE_DAYS
