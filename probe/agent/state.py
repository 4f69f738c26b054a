"""What is known: settings, the slow facts of each key store, and the targets that follow from them.

`State.snapshot` is the only maker of evidence, in the running agent and in a preflight alike. The
measurements in it are the history's.
"""

from collections.abc import Sequence
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
from probe.model.targets import Target
from probe.model.verdicts import MEASURED, Scope
from probe.network.clock import SYSTEM_CLOCK
from probe.signing.client import ProxyAccess

if TYPE_CHECKING:
    from probe.probes.health_request import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """One key store. ``declared`` is what the user says of it, ``spec`` that and what AWS says of it.

    ``access`` is None where its proxy is not asked for its health, ``account`` where AWS is not asked.
    """

    declared: KeyStoreSpec
    access: ProxyAccess | None = None
    account: Account | None = None
    domain: DomainFacts | None = None

    @property
    def spec(self) -> KeyStoreSpec:
        return spec_with_defaults(self.declared, self.account)

    @property
    def scopes(self) -> frozenset[Scope]:
        """What is looked at of it."""
        health = {Scope.HEALTH} if self.access else set()
        account = {Scope.ACCOUNT} if self.account else set()
        return MEASURED | health | account


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the history has at one moment, Unix time: see `History`."""

    at_s: float
    latest: tuple[Measurement, ...] = ()
    recent: tuple[Measurement, ...] = ()
    windows: tuple[Window, ...] = ()


class State:
    """Owns what is known; newer facts come by `update`. ``accesses`` are as ``settings.stores`` are."""

    def __init__(
        self, settings: Settings, history: History, accesses: Sequence[ProxyAccess | None] = ()
    ) -> None:
        self.settings = settings
        self._history = history
        given = (*accesses, *[None] * len(settings.stores))
        self.stores = tuple(
            StoreFacts(declared=spec, access=access)
            for spec, access in zip(settings.stores, given, strict=False)
        )
        self.targets: tuple[Target, ...] = ()
        self._derive()

    def update(self, store: KeyStoreSpec, **facts: Account | DomainFacts | None) -> bool:
        """``account=…`` or ``domain=…`` are the newest facts of the store declared as ``store``.

        Whether the targets are others now.
        """
        self.stores = tuple(
            replace(each, **facts) if each.declared == store else each  # type: ignore[arg-type]
            for each in self.stores
        )
        return self._derive()

    @property
    def clients(self) -> "dict[str, Client]":
        """By key store, how its proxy is asked; without those that can't be."""
        made = ((each.spec, each.access) for each in self.stores)
        found = ((spec.id, access.client(spec)) for spec, access in made if access)
        return {id_: client for id_, client in found if client is not None}

    def measured(self) -> Measured:
        """All of it at once; the agent, which has little time, collects it in slices."""
        now_s = SYSTEM_CLOCK.now_s()
        return Measured(
            at_s=now_s,
            latest=self._history.latest(),
            recent=self._history.recent(),
            windows=self._history.windows(now_s),
        )

    def snapshot(self, store: StoreFacts | None = None, measured: Measured | None = None) -> Evidence:
        """What is known of ``store``; without one, what is measured of all targets."""
        measured = measured or self.measured()
        whole = evidence_of(
            taken_at_s=measured.at_s,
            targets=self.targets if store is None else self._targets_of(store.spec),
            latest=measured.latest,
            recent=measured.recent,
            windows=measured.windows,
            extra_authorities=self.settings.extra_authorities,
        )
        if store is None:
            return whole
        spec, account = store.spec, store.account
        seen = account.key_store(spec.id) if account else None
        return replace(
            whole,
            scopes=store.scopes,
            spec=spec,
            account=account,
            domain=store.domain,
            credential=store.access.facts(seen) if store.access else None,
        )

    def _targets_of(self, spec: KeyStoreSpec) -> tuple[Target, ...]:
        """Its own, and those that belong to no store."""
        return tuple(target for target in self.targets if target.key_store in (spec.id, ""))

    def _derive(self) -> bool:
        """Targets from settings and facts; whether they are others than before."""
        typed = self.settings.targets
        before = self.targets
        self.targets = targets_of(
            [
                StoreTargets(
                    spec=store.spec,
                    account=store.account,
                    typed=tuple(target for target in typed if _is_of(target, store.declared)),
                )
                for store in self.stores
            ],
            [target for target in typed if not any(_is_of(target, each.declared) for each in self.stores)],
            self.settings.plans,
        )
        return self.targets != before


def _is_of(target: Target, store: KeyStoreSpec) -> bool:
    return target.key_store == store.id and ROLES[target.role].is_of_store
