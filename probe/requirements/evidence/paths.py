"""Whether both validators accept a server's certificates, and with which root certificates."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from math import inf, nextafter

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence.authorities import Authorities, kms_authorities
from probe.wire.bounded_cache import BoundedCache
from probe.wire.certificate_path.anchors import Anchors, anchors_of
from probe.wire.certificate_path.decision import Decision, decide
from probe.wire.certificate_path.refusal import Cause

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Validated:
    """A result, and the times that have it: from ``from_s`` on, before ``until_s`` (Unix time)."""

    result: PathResult
    from_s: float
    until_s: float


_Key = tuple[tuple[bytes, ...], tuple[bytes, ...], Authorities]
# A validation takes about a millisecond of CPU time, and the agent judges each chain every few seconds.
_RESULTS: BoundedCache[_Key, _Validated] = BoundedCache(max_entries=1024, max_bytes=32 << 20)
_BYTES_OF_RESULT = 2048


def path_result(details: TlsDetails, evidence: Evidence) -> PathResult:
    """By the first set of roots with which both accept; else the result that says most.

    A result depends on the certificates sent, the roots and the time. It is cached until the next of these
    certificates becomes valid or expires; no OpenSSL store is kept, because a store's time cannot be changed.
    """
    now_s = evidence.taken_at_s
    sent = tuple(certificate.der for certificate in details.chain)
    key = sent, evidence.extra_authorities, kms_authorities()
    found = _RESULTS.get(key)
    if found is None or not found.from_s <= now_s < found.until_s:
        found = _validated(details, sent, evidence.extra_authorities, now_s)
        _RESULTS.put(key, found, _BYTES_OF_RESULT + sum(map(len, sent)))
    return found.result


def _validated(
    details: TlsDetails, sent: tuple[bytes, ...], extra_ders: tuple[bytes, ...], now_s: float
) -> _Validated:
    sets = tuple(_root_sets(extra_ders))
    periods = [(each.not_before_s, each.not_after_s) for each in details.chain]
    changes = sorted(_changes(chain(periods, *(anchors.periods_s for _, anchors in sets))))
    number = bisect_right(changes, now_s)
    return _Validated(
        result=_result(sent, sets, now_s),
        from_s=changes[number - 1] if number else -inf,
        until_s=changes[number] if number < len(changes) else inf,
    )


def _result(sent: tuple[bytes, ...], sets: Iterable[tuple[RootSet, Anchors]], now_s: float) -> PathResult:
    results: list[PathResult] = []
    for roots, anchors in sets:
        decision = decide(sent, anchors, now_s)
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


def _changes(periods: Iterable[tuple[float | None, float | None]]) -> Iterator[float]:
    """The times at which a certificate becomes valid or expires.

    The first and the last second of a period are part of it, so it ends just after its last second.
    """
    for first_s, last_s in periods:
        if first_s is not None:
            yield first_s
        if last_s is not None:
            yield nextafter(last_s, inf)
