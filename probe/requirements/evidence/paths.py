"""Whether both validators accept a server's certificates, and with which root certificates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence.authorities import kms_authorities
from probe.wire.certificate_path.anchors import Anchors, anchors_of
from probe.wire.certificate_path.decision import Decision, decide
from probe.wire.certificate_path.refusal import Cause

_CACHED_PATHS = 512
_CACHED_EXTRA = 16


class RootSet(StrEnum):
    """The root certificates with which a path was validated."""

    IN_BOTH_LISTS = "in_both_lists"
    IN_ONE_LIST = "in_one_list"
    EXTRA = "extra"  # of this configuration; KMS does not trust them


@dataclass(frozen=True, slots=True, kw_only=True)
class PathResult:
    decision: Decision
    roots: RootSet


def path_result(details: TlsDetails, evidence: Evidence) -> PathResult:
    """By the first set of roots with which both accept; else the result that says most."""
    results: list[PathResult] = []
    for roots, anchors in _root_sets(evidence.extra_authorities):
        sent = tuple(certificate.der for certificate in details.chain)
        decision = _decided(sent, anchors, _moment(details, anchors, evidence.taken_at_s))
        results.append(PathResult(decision=decision, roots=roots))
        if decision.is_accepted:
            break
    return min(results, key=_rank)


def _root_sets(extra_ders: tuple[bytes, ...]) -> Iterator[tuple[RootSet, Anchors]]:
    authorities = kms_authorities()
    yield RootSet.IN_BOTH_LISTS, authorities.in_both
    yield RootSet.IN_ONE_LIST, authorities.in_one
    if extra_ders:
        yield RootSet.EXTRA, _extra(extra_ders)


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
