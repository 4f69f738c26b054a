"""The input of the verdicts: an immutable snapshot of measurements and facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from probe.model.account import Account
from probe.model.facts import CredentialFacts, DomainFacts
from probe.model.large_client_hello import LargeClientHello
from probe.model.measurements import Measurement
from probe.model.statistics import Window
from probe.model.store import AWS_PARTITION, KeyStoreSpec
from probe.model.targets import Target
from probe.model.verdicts import MEASURED, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that a requirement may use.

    ``latest`` has the newest measurement of each (target, check, purpose of a health request).
    ``windows`` are the round-trip windows, one per (target, method). ``recent`` are the last measurements
    of each (target, check, purpose), oldest first, for requirements that need more than one.
    ``extra_authorities`` are DER certificates of root CAs that the user trusts and KMS does not;
    ``is_simulation``: the network is simulated, and they count as KMS's. ``spec``, ``account``,
    ``credential`` and ``domain`` describe the key store: None if there is none, or if it was not checked.
    ``source_addresses`` are this machine's own addresses, by the host that it connects to.
    ``large_client_hellos`` are the targets' answers to a ClientHello of two segments, empty if none was sent.
    ``scopes`` is what was collected: only requirements with these scopes are evaluated.
    """

    taken_at_s: float
    targets: tuple[Target, ...] = ()
    latest: tuple[Measurement, ...] = ()
    recent: tuple[Measurement, ...] = ()
    windows: tuple[Window, ...] = ()
    extra_authorities: tuple[bytes, ...] = ()
    is_simulation: bool = False
    spec: KeyStoreSpec | None = None
    account: Account | None = None
    credential: CredentialFacts | None = None
    domain: DomainFacts | None = None
    source_addresses: Mapping[str, str] = field(default_factory=dict)
    large_client_hellos: tuple[LargeClientHello, ...] = ()
    scopes: frozenset[Scope] = MEASURED

    @property
    def partition(self) -> str:
        """The AWS partition of the key store."""
        return self.spec.partition if self.spec else AWS_PARTITION


def evidence_of(
    taken_at_s: float,
    targets: Iterable[Target],
    recent: Sequence[Measurement],
    *,
    latest: Iterable[Measurement] | None = None,
    windows: Iterable[Window] = (),
    extra_authorities: tuple[bytes, ...] = (),
    large_client_hellos: Iterable[LargeClientHello] = (),
    scopes: frozenset[Scope] = MEASURED,
) -> Evidence:
    """Evidence from measurements of ``targets`` only.

    ``recent`` is in the order of measuring. Without ``latest``, the newest of each kind in it is used.
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
        large_client_hellos=tuple(each for each in large_client_hellos if each.target.identity in identities),
        scopes=scopes,
    )
