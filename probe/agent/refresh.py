"""Slow facts of a key store, looked at anew: the account, and the verification record in public DNS."""

import asyncio
from dataclasses import dataclass

from probe.agent.state import StoreFacts
from probe.aws.audit import audit
from probe.aws.calls import AwsClient
from probe.model.account import Account, EndpointService
from probe.model.facts import DomainFacts
from probe.network import Network
from probe.network.clock import SYSTEM_CLOCK
from probe.probes.verification_record import Search, look_up

_NO_NAME = frozenset(":/")  # another scheme, a port or a path is left in what a user gave as the endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where slow facts come from, each within ``timeout_s``.

    ``caller`` None: AWS is not asked. Without ``public_resolvers`` public DNS is not.
    """

    caller: AwsClient | None = None
    public_resolvers: tuple[str, ...] = ()
    source_address: str | None = None
    timeout_s: float = 10.0


async def account_of(store: StoreFacts, sources: Sources) -> Account | None:
    """What AWS says now; parts that could not be looked at are `Unavailable`."""
    if sources.caller is None:
        return None
    return await asyncio.to_thread(
        audit,
        sources.caller,
        store.declared,
        taken_at_s=SYSTEM_CLOCK.now_s(),
        timeout_s=sources.timeout_s,
    )


async def domain_of(store: StoreFacts, sources: Sources) -> DomainFacts | None:
    """What public DNS says now of the private DNS name; None where that is none, or nobody is asked."""
    spec = store.spec
    if not sources.public_resolvers or spec.host is None or spec.is_public or _NO_NAME & set(spec.host):
        return None
    service = store.account.service if store.account else None
    wanted = service.verification if isinstance(service, EndpointService) else None
    search = Search(
        private_dns_name=spec.host,
        label=wanted.name if wanted else None,
        value=wanted.value if wanted else None,
        resolvers=sources.public_resolvers,
    )
    network = Network(source=sources.source_address)
    try:
        return await look_up(network, search, sources.timeout_s)
    finally:
        network.close()
