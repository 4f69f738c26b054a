"""A preflight: look at the account, find what there is to probe, measure it, judge it. Composes only."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from probe.agent.agent import ROUND_TRIP_SPACING_S, ROUND_TRIPS, Agent
from probe.agent.history import History
from probe.agent.runner import SilentObserver
from probe.agent.targets import Place, targets_of
from probe.aws.audit import audit
from probe.aws.calls import Caller
from probe.aws.selection import completed
from probe.model.account import Account, EndpointService
from probe.model.evidence import Evidence
from probe.model.facts import CredentialFacts, DomainFacts
from probe.model.measurements import Measurement
from probe.model.settings import Settings
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, Plan, Target
from probe.model.verdicts import Report, Scope
from probe.network import Network
from probe.network.clock import SYSTEM_CLOCK
from probe.probes import health
from probe.probes.health import Client
from probe.probes.verification_record import Search, look_up
from probe.requirements.key_store_form import path_fault
from probe.signing.credential import Credential
from probe.signing.peer_check import anybody, approval
from probe.signing.sigv4 import Signer
from probe.verdicts.judge import judge

_Value = TypeVar("_Value")
Health = Callable[[KeyStoreSpec, Sequence[Target]], Awaitable[Sequence[Measurement]]]
Domain = Callable[[KeyStoreSpec, Account | None], Awaitable[DomainFacts | None]]
Progress = Callable[[int, int], None]
# The last of the round trips starts this late; what is left of the time is for it.
_ROUND_TRIPS_S = ROUND_TRIPS * ROUND_TRIP_SPACING_S
_LEAST_S = 0.25  # as long as KMS waits
_NO_NAME = frozenset(":/")  # another scheme, a port or a path is left in what a user gave as the endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a preflight is asked. ``caller`` None: AWS is not asked at all.

    ``timeout_s`` is that of the audit, and again that of all that is measured after it.
    """

    spec: KeyStoreSpec
    caller: Caller | None
    timeout_s: float
    places: Sequence[Place] = ()
    settings: Settings
    credential: Credential | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Also:
    """What else is looked at while the network is measured: each gets what was found by then."""

    health: Health | None = None
    domain: Domain | None = None


async def take(request: Request, progress: Progress, also: Also) -> Evidence:
    """All that can be known within the time."""
    account = await _account(request)
    spec = completed(request.spec, account)
    targets = targets_of(spec, account, request.places, plans(request.timeout_s))
    settings = replace(request.settings, targets=targets, stores=(spec,))
    agent = Agent(settings, (), SilentObserver(), History())
    async with asyncio.TaskGroup() as group:
        if targets:
            group.create_task(agent.once(progress), name="round trips")
        domain = group.create_task(_or_none(also.domain and also.domain(spec, account)), name="domain")
        asked = group.create_task(_or_none(also.health and also.health(spec, targets)), name="health")
    measured = tuple(asked.result() or ())
    seen = agent.evidence()
    return replace(
        seen,
        latest=(*seen.latest, *measured),
        recent=(*seen.recent, *measured),
        spec=spec,
        account=account,
        domain=domain.result(),
        credential=_facts(request.credential, spec, account),
        scopes=frozenset(Scope),
    )


def judged(evidence: Evidence) -> Report:
    """The whole catalogue."""
    return judge(evidence)


def plans(timeout_s: float) -> tuple[Plan, ...]:
    """One round: TCP often enough for a verdict on 35 ms, TLS once. All of it ends within ``timeout_s``."""
    connect_s = max(_LEAST_S, timeout_s - _ROUND_TRIPS_S)
    return (
        Plan(check=Check.TCP, interval_s=connect_s, timeout_s=connect_s),
        Plan(check=Check.TLS, interval_s=timeout_s, timeout_s=timeout_s),
    )


async def _account(request: Request) -> Account | None:
    caller, spec = request.caller, request.spec
    if caller is None:
        return None
    return await asyncio.to_thread(
        audit,
        caller,
        spec,
        taken_at_s=SYSTEM_CLOCK.now_s(),
        timeout_s=request.timeout_s,
    )


def health_of(credential: Credential | None, settings: Settings, timeout_s: float, *, anyway: bool) -> Health:
    """What asks every target for its health, all of them at once, as KMS would. ``anyway``: whoever it is."""
    may_sign = anybody if anyway else approval(settings.extra_authorities)

    async def ask(spec: KeyStoreSpec, targets: Sequence[Target]) -> Sequence[Measurement]:
        if spec.uri_path is None or path_fault(spec.uri_path) is not None:
            return ()
        signer = Signer(credential, spec.region) if credential else None
        client = Client(
            path=spec.uri_path,
            may_sign=may_sign,
            sign=signer.headers if signer else None,
            key_id=spec.key_id,
        )
        network = Network(resolvers=settings.resolvers, source=settings.source_address)
        asked = [each for each in targets if not each.plans or each.plan(Check.TLS)]
        try:
            found = await asyncio.gather(
                *(health.measure(each, client, network, max(timeout_s, _LEAST_S)) for each in asked)
            )
        finally:
            network.close()
        return tuple(measurement for one in found for measurement in one)

    return ask


def domain_of(settings: Settings, timeout_s: float, resolvers: tuple[str, ...]) -> Domain:
    """What looks for the verification record in public DNS."""

    async def look(spec: KeyStoreSpec, account: Account | None) -> DomainFacts | None:
        if spec.host is None or spec.is_public:
            return None
        if _NO_NAME & set(spec.host):
            return None
        service = account.service if account else None
        wanted = service.verification if isinstance(service, EndpointService) else None
        search = Search(
            private_dns_name=spec.host,
            label=wanted.name if wanted else None,
            value=wanted.value if wanted else None,
            resolvers=resolvers,
        )
        network = Network(source=settings.source_address)
        try:
            return await look_up(network, search, timeout_s)
        finally:
            network.close()

    return look


def _facts(
    credential: Credential | None, spec: KeyStoreSpec, account: Account | None
) -> CredentialFacts | None:
    store = account.key_store(spec.id) if account else None
    return credential.facts(store.access_key_id if store else None) if credential else None


async def _or_none(looked: Awaitable[_Value] | None) -> _Value | None:
    return None if looked is None else await looked
