"""What verdicts rest on: a snapshot, in which nothing changes any more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from probe.model.account import Account
from probe.model.facts import CredentialFacts, DomainFacts
from probe.model.measurements import Measurement
from probe.model.statistics import Window
from probe.model.store import AWS_PARTITION, KeyStoreSpec
from probe.model.targets import Target
from probe.model.verdicts import MEASURED, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a requirement may see.

    ``latest`` has the newest measurement of each (target, check, purpose of a health request).
    ``windows`` are those of round trips, one per (target, method). ``recent`` are the last measurements
    of each (target, check, purpose), oldest first, for what needs more than one. ``extra_authorities``
    are DER certificates of roots that the user trusts and KMS does not. ``spec``, ``account``,
    ``credential`` and ``domain`` are those of the key store: None where there is none, or where nobody
    looked. ``scopes`` is what was looked at: the requirements of these are judged, and no other.
    """

    taken_at_s: float
    targets: tuple[Target, ...] = ()
    latest: tuple[Measurement, ...] = ()
    recent: tuple[Measurement, ...] = ()
    windows: tuple[Window, ...] = ()
    extra_authorities: tuple[bytes, ...] = ()
    spec: KeyStoreSpec | None = None
    account: Account | None = None
    credential: CredentialFacts | None = None
    domain: DomainFacts | None = None
    scopes: frozenset[Scope] = MEASURED

    @property
    def partition(self) -> str:
        """AWS's partition of the key store."""
        return self.spec.partition if self.spec else AWS_PARTITION


def evidence_of(
    taken_at_s: float,
    targets: Iterable[Target],
    recent: Sequence[Measurement],
    *,
    latest: Iterable[Measurement] | None = None,
    windows: Iterable[Window] = (),
    extra_authorities: tuple[bytes, ...] = (),
    scopes: frozenset[Scope] = MEASURED,
) -> Evidence:
    """Evidence of what was measured of ``targets``, and of nothing else.

    ``recent`` is in the order of measuring. Without ``latest`` the newest of each kind in it are the latest.
    """
    wanted = tuple(targets)
    identities, names = {target.identity for target in wanted}, {target.name for target in wanted}
    newest = (
        {(each.target.identity, each.check, each.purpose): each for each in recent}.values()
        if latest is None
        else latest
    )
    return Evidence(
        taken_at_s=taken_at_s,
        targets=wanted,
        latest=tuple(each for each in newest if each.target.identity in identities),
        recent=tuple(each for each in recent if each.target.identity in identities),
        windows=tuple(window for window in windows if window.target in names),
        extra_authorities=extra_authorities,
        scopes=scopes,
    )
