"""Checks whether a request may be signed for a server: TLS clients must accept its certificates and names."""

import time

from probe.model.evidence import evidence_of
from probe.model.measurements import Measurement, TlsDetails
from probe.model.targets import Check, Target
from probe.model.verdicts import Level, Outcome, Trait
from probe.probes.health_request import PeerCheck
from probe.requirements import Finding, Rule, with_trait
from probe.requirements.evidence.authorities import kms_authorities

_OF_PEER = with_trait(Trait.JUDGES_PEER)


def unmet_requirement(extra_authorities: tuple[bytes, ...]) -> PeerCheck:
    """A check that returns the first requirement a server does not meet, or None.

    *Unknown* is not met. Advice does not count. The lists of CAs, which take 0.2 s to read, are read now and
    not within the first exchange.
    """
    kms_authorities()

    def unmet(target: Target, details: TlsDetails) -> str | None:
        seen = Measurement(target=target, check=Check.TLS, started_at_s=time.time(), details=details)
        evidence = evidence_of(seen.started_at_s, (target,), (seen,), extra_authorities=extra_authorities)
        for rule in _OF_PEER:
            findings = tuple(rule.judge(evidence))
            if not findings or any(_forbids(rule, each) for each in findings):
                return rule.id
        return None

    return unmet


def _forbids(rule: Rule, finding: Finding) -> bool:
    level = finding.level or rule.published.level
    return finding.outcome is not Outcome.MET and level is not Level.ADVICE


def accept_any_peer(_target: Target, _details: TlsDetails) -> str | None:
    """Accepts every server; for testing only."""
    return None
