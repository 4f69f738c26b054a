"""Holds the settings, each key store's facts, and the targets derived from them.

`State.snapshot` is the only function that creates evidence, for the running agent and for preflight. Its
measurements come from the history.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from probe.agent.history import History
from probe.agent.targets import StoreTargets, targets_of
from probe.aws.selection import spec_with_defaults
from probe.model.account import Account
from probe.model.evidence import Evidence, evidence_of
from probe.model.facts import DomainFacts
from probe.model.kinds import ROLES
from probe.model.measurements import Measurement
from probe.model.settings import Settings
from probe.model.statistics import Window
from probe.model.store import KeyStoreSpec
from probe.model.targets import Role, Target
from probe.model.verdicts import MEASURED, Scope
from probe.network.clock import SYSTEM_CLOCK
from probe.network.source import source_address
from probe.signing.client import ProxyAccess
from probe.wire.hostport import is_ipv4

if TYPE_CHECKING:
    from probe.model.large_client_hello import LargeClientHello
    from probe.probes.health_request import Client


Fact = Account | DomainFacts | ProxyAccess | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """One key store. ``declared`` are the user's settings, ``spec`` adds missing ones from AWS.

    ``access`` is None if no health requests are sent to its proxy, ``account`` if AWS was not queried.
    ``listed`` is the account from which the targets are derived: its parts have no maximum age, because what
    cannot be
    read at the moment is still probed. None: the same as ``account``.
    """

    declared: KeyStoreSpec
    access: ProxyAccess | None = None
    account: Account | None = None
    listed: Account | None = None
    domain: DomainFacts | None = None

    @property
    def of_targets(self) -> Account | None:
        return self.listed or self.account

    @property
    def spec(self) -> KeyStoreSpec:
        return spec_with_defaults(self.declared, self.of_targets)

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes of the requirements that can be evaluated for it."""
        health = {Scope.HEALTH} if self.access else set()
        account = {Scope.ACCOUNT} if self.account else set()
        return MEASURED | health | account


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The contents of the `History` at one moment (Unix time)."""

    at_s: float
    latest: tuple[Measurement, ...] = ()
    recent: tuple[Measurement, ...] = ()
    windows: tuple[Window, ...] = ()


class State:
    """Owns settings, facts and targets; `update` sets newer facts. ``accesses`` match ``settings.stores``."""

    def __init__(
        self, settings: Settings, history: History, accesses: Sequence[ProxyAccess | None] = ()
    ) -> None:
        self.settings = settings
        self._history = history
        self.stores = tuple(
            StoreFacts(declared=spec, access=access) for spec, access in _with(settings.stores, accesses)
        )
        self.targets: tuple[Target, ...] = ()
        self.large_client_hellos: tuple[LargeClientHello, ...] = ()  # set by a round that sends them
        self._derive()

    def store(self, declared: KeyStoreSpec) -> StoreFacts | None:
        """The facts of the store declared as ``declared``; None if the settings no longer have it."""
        return next((each for each in self.stores if each.declared == declared), None)

    def update(self, store: KeyStoreSpec, **facts: Fact) -> bool:
        """Set ``account=…``, ``listed=…``, ``domain=…`` or ``access=…`` of the store declared as ``store``.

        Returns whether the targets have changed.
        """
        self.stores = tuple(
            replace(each, **facts) if each.declared == store else each  # type: ignore[arg-type]
            for each in self.stores
        )
        return self._derive()

    def reconfigure(self, settings: Settings, accesses: Sequence[ProxyAccess | None]) -> bool:
        """Use new settings. A key store that is the same to AWS keeps what is known of it.

        Returns whether the targets have changed. ``accesses`` match ``settings.stores``.
        """
        known = {store.declared.id: store for store in self.stores}
        self.settings = settings
        self.stores = tuple(
            _reconfigured(known.get(spec.id), spec, access)
            for spec, access in _with(settings.stores, accesses)
        )
        return self._derive()

    @property
    def clients(self) -> "dict[str, Client]":
        """The client for health requests of each key store that has one."""
        accesses = ((each.spec, each.access) for each in self.stores)
        clients = ((spec.id, access.client(spec)) for spec, access in accesses if access)
        return {id_: client for id_, client in clients if client is not None}

    def measured(self) -> Measured:
        """All measurements at once; the running agent collects them in slices instead."""
        now_s = SYSTEM_CLOCK.now_s()
        return Measured(
            at_s=now_s,
            latest=self._history.latest(),
            recent=self._history.recent(),
            windows=self._history.windows(now_s),
        )

    def snapshot(self, store: StoreFacts | None = None, measured: Measured | None = None) -> Evidence:
        """The evidence for ``store``; without a store, the measurements of all targets."""
        measured = measured or self.measured()
        evidence = evidence_of(
            taken_at_s=measured.at_s,
            targets=self.targets if store is None else self._targets_of(store.spec),
            latest=measured.latest,
            recent=measured.recent,
            windows=measured.windows,
            extra_authorities=self.settings.extra_authorities,
            large_client_hellos=self.large_client_hellos,
        )
        evidence = replace(evidence, is_simulation=self.settings.is_simulation)
        if store is None:
            return evidence
        spec, account = store.spec, store.account
        existing = account.key_store(spec.id) if account else None
        nodes = [target.host for target in evidence.targets if target.role is Role.NODE] if account else []
        return replace(
            evidence,
            scopes=store.scopes,
            spec=spec,
            account=account,
            domain=store.domain,
            credential=store.access.facts(existing) if store.access else None,
            source_addresses={host: address for host in nodes if (address := self._source_of(host))},
        )

    def _source_of(self, host: str) -> str | None:
        return self.settings.source_address or (source_address(host) if is_ipv4(host) else None)

    def _targets_of(self, spec: KeyStoreSpec) -> tuple[Target, ...]:
        """The store's targets, and those that belong to no store."""
        return tuple(target for target in self.targets if target.key_store in (spec.id, ""))

    def _derive(self) -> bool:
        """Derive the targets from settings and facts; returns whether they have changed."""
        configured = self.settings.targets
        before = self.targets
        derived = targets_of(
            [
                StoreTargets(
                    spec=store.spec,
                    account=store.of_targets,
                    configured=tuple(target for target in configured if _is_of(target, store.declared)),
                )
                for store in self.stores
            ],
            [each for each in configured if not any(_is_of(each, s.declared) for s in self.stores)],
            self.settings.plans,
        )
        if set(derived) == set(before):  # AWS lists targets in any order
            return False
        self.targets = derived
        return True


def _is_of(target: Target, store: KeyStoreSpec) -> bool:
    return target.key_store == store.id and ROLES[target.role].is_of_store


def _with(
    specs: Sequence[KeyStoreSpec], accesses: Sequence[ProxyAccess | None]
) -> Iterator[tuple[KeyStoreSpec, ProxyAccess | None]]:
    """Each spec with its access, None for those that have none."""
    return zip(specs, (*accesses, *[None] * len(specs)), strict=False)


def _reconfigured(known: StoreFacts | None, spec: KeyStoreSpec, access: ProxyAccess | None) -> StoreFacts:
    """The facts of a key store under new settings, as far as they are still about the same thing in AWS."""
    if known is None:
        return StoreFacts(declared=spec, access=access)
    is_same = _in_aws(known.declared) == _in_aws(spec)
    return StoreFacts(
        declared=spec,
        access=access,
        account=known.account if is_same else None,
        listed=known.listed if is_same else None,
        domain=known.domain if is_same and known.declared.host == spec.host else None,
    )


def _in_aws(spec: KeyStoreSpec) -> tuple[str, str, str | None, str | None]:
    return spec.id, spec.region, spec.service_name, spec.service_owner
