"""Whether both validators accept a server's certificates, with KMS's roots or else with extra CAs."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence.authorities import kms_authorities
from probe.wire.certificate_path.anchors import Anchors, anchors_of
from probe.wire.certificate_path.decision import Decision, decide
from probe.wire.certificate_path.refusal import Cause

_CACHED_PATHS = 512
_CACHED_EXTRA = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PathResult:
    """``is_extra`` is whether the decision was made with the extra CAs, which KMS does not trust."""

    decision: Decision
    is_extra: bool


def path_result(details: TlsDetails, evidence: Evidence) -> PathResult:
    """By the first set of anchors with which both accept; else the result that says most."""
    sent = tuple(certificate.der for certificate in details.chain)
    sets = [(kms_authorities().anchors, False)]
    if evidence.extra_authorities:
        sets.append((_extra(evidence.extra_authorities), True))
    results = [
        PathResult(
            decision=_decided(sent, anchors, _moment(details, anchors, evidence.taken_at_s)),
            is_extra=is_extra,
        )
        for anchors, is_extra in sets
    ]
    return min(results, key=_rank)


def _rank(result: PathResult) -> int:
    """Accepted, then undecided, then refused for another reason than that there is no path at all."""
    decision = result.decision
    if decision.is_accepted:
        return 0
    if not decision.is_refused:
        return 1
    causes = (decision.openssl, decision.cryptography)
    return 2 if all(each is not None and each.cause is not Cause.NO_PATH for each in causes) else 3


_extra = lru_cache(maxsize=_CACHED_EXTRA)(anchors_of)
# A validation takes about a millisecond of CPU time, and the agent judges each chain every few seconds.
_decided = lru_cache(maxsize=_CACHED_PATHS)(decide)


def _moment(details: TlsDetails, anchors: Anchors, now_s: float) -> float:
    """A time since which no certificate has become valid or expired: it has the same decision as ``now_s``.

    The first and the last second of a validity period are part of it.
    """
    periods = [(each.not_before_s, each.not_after_s) for each in details.chain] + list(anchors.periods_s)
    return max(_changes(periods, now_s), default=now_s)


def _changes(periods: Iterable[tuple[float | None, float | None]], now_s: float) -> Iterable[float]:
    for first_s, last_s in periods:
        if first_s is not None and first_s <= now_s:
            yield first_s
        if last_s is not None and last_s < now_s:
            yield last_s + 0.5
