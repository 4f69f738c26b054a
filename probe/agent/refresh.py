"""Reads a key store's facts that change rarely: the AWS account, and the verification record in DNS."""

from collections.abc import Callable
from dataclasses import dataclass

from probe.agent.daemon_thread import in_daemon_thread
from probe.agent.state import StoreFacts
from probe.aws.audit import audit
from probe.aws.calls import AwsClient
from probe.model.account import Account, EndpointService
from probe.model.facts import DomainFacts
from probe.network import Network
from probe.network.clock import SYSTEM_CLOCK
from probe.probes.verification_record import Search, look_up
from probe.signing.client import ProxyAccess

# In these characters a scheme, port or path shows, which a malformed endpoint leaves in the host name.
_NOT_IN_NAMES = frozenset(":/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources of one key store's facts; ``timeout_s`` applies to each.

    Without a ``caller``, no AWS call is made; without ``public_resolvers``, no query to public DNS.
    ``new_access`` returns the access to the proxy if its credential has changed, else None; it blocks, and
    raises InputError for a credential that cannot be used.
    """

    caller: AwsClient | None = None
    public_resolvers: tuple[str, ...] = ()
    source_address: str | None = None
    timeout_s: float = 10.0
    record_timeout_s: float | None = None  # default: ``timeout_s``
    new_access: Callable[[], ProxyAccess | None] | None = None


async def account_of(store: StoreFacts, sources: Sources) -> Account | None:
    """The current account; parts that could not be read are `Unavailable`. None without a caller."""
    if sources.caller is None:
        return None
    caller = sources.caller
    return await in_daemon_thread(
        lambda: audit(caller, store.declared, taken_at_s=SYSTEM_CLOCK.now_s(), timeout_s=sources.timeout_s)
    )


async def domain_of(store: StoreFacts, sources: Sources) -> DomainFacts | None:
    """The current verification record; None without public resolvers, or if it is not needed."""
    search = search_of(store, sources)
    if search is None:
        return None
    network = Network(source=sources.source_address)
    try:
        return await look_up(network, search, sources.record_timeout_s or sources.timeout_s)
    finally:
        network.close()


def search_of(store: StoreFacts, sources: Sources) -> Search | None:
    """The record to look up; None for a public endpoint, or without a valid name or a resolver."""
    spec = store.spec
    if not sources.public_resolvers or spec.host is None or spec.is_public or _NOT_IN_NAMES & set(spec.host):
        return None
    service = store.account.service if store.account else None
    expected = service.verification if isinstance(service, EndpointService) else None
    return Search(
        private_dns_name=spec.host,
        label=expected.name if expected else None,
        value=expected.value if expected else None,
        resolvers=sources.public_resolvers,
    )
