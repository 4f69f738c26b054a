"""Which key store and which endpoint service are meant, and what these say of themselves (pure)."""

from dataclasses import replace

from probe.model.account import Account, EndpointService, KeyStore, Maybe, Unavailable
from probe.model.preflight import EXTERNAL_KEY_STORE, PUBLIC_CONNECTIVITY, Proposal


def store_meant(proposal: Proposal, stores: Maybe[tuple[KeyStore, ...]]) -> KeyStore | None:
    """The key store that is named; where the user names nothing at all, the only external one."""
    seen = () if isinstance(stores, Unavailable) else stores
    if proposal.key_store_id is not None:
        return next((store for store in seen if store.id == proposal.key_store_id), None)
    external = [store for store in seen if store.kind == EXTERNAL_KEY_STORE]
    return external[0] if len(external) == 1 and _names_nothing(proposal) else None


def service_meant(
    proposal: Proposal, stores: Maybe[tuple[KeyStore, ...]], own: Maybe[tuple[EndpointService, ...]]
) -> str | None:
    """The endpoint service's name: the user's, the store's, that of the private DNS name, or the only one."""
    store = store_meant(proposal, stores)
    if proposal.service_name or store is not None or proposal.key_store_id is not None:
        return proposal.service_name or (store.service_name if store else None)
    if proposal.connectivity == PUBLIC_CONNECTIVITY:
        return None
    host, seen = proposal.host, () if isinstance(own, Unavailable) else own
    found = [each for each in seen if host is None or (each.private_dns_name or "").lower() == host]
    return found[0].name if len(found) == 1 else None


def _names_nothing(proposal: Proposal) -> bool:
    told = (proposal.service_name, proposal.uri_endpoint, proposal.uri_path, proposal.name)
    return not any(told) and proposal.connectivity != PUBLIC_CONNECTIVITY


def completed(proposal: Proposal, account: Account | None) -> Proposal:
    """What the existing key store has, where the user says nothing else; and the service's own names."""
    store = store_meant(proposal, account.key_stores) if account else None
    if store is not None:
        proposal = replace(
            proposal,
            key_store_id=store.id,
            connectivity=store.connectivity or proposal.connectivity,
            uri_endpoint=proposal.uri_endpoint or store.uri_endpoint,
            uri_path=proposal.uri_path or store.uri_path,
            service_name=proposal.service_name or store.service_name,
            service_owner=proposal.service_owner or store.service_owner,
        )
    service = account.service if account else None
    if isinstance(service, EndpointService) and proposal.connectivity != PUBLIC_CONNECTIVITY:
        named = f"https://{service.private_dns_name}" if service.private_dns_name else None
        proposal = replace(
            proposal,
            service_name=proposal.service_name or service.name,
            uri_endpoint=proposal.uri_endpoint or named,
        )
    return proposal
