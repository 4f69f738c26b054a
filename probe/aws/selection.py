"""Selects the key store and endpoint service to check, and fills in missing settings from them (pure)."""

from dataclasses import replace

from probe.model.account import Account, EndpointService, KeyStore, Unavailable, known
from probe.model.store import EXTERNAL_KEY_STORE, KeyStoreSpec


def selected_key_store(spec: KeyStoreSpec, stores: tuple[KeyStore, ...] | Unavailable) -> KeyStore | None:
    """The key store that ``spec`` identifies; for an empty ``spec``, the only external key store."""
    readable = known(stores)
    if spec.id:
        return next((store for store in readable if store.id == spec.id), None)
    external = [store for store in readable if store.kind == EXTERNAL_KEY_STORE]
    return external[0] if len(external) == 1 and _is_empty(spec) else None


def selected_service(
    spec: KeyStoreSpec,
    stores: tuple[KeyStore, ...] | Unavailable,
    own: tuple[EndpointService, ...] | Unavailable,
) -> str | None:
    """The name of the endpoint service.

    It is the user's, else the key store's, else that of the service with the store's private DNS name, else
    that of the only service.
    """
    store = selected_key_store(spec, stores)
    if spec.service_name or store is not None or spec.id:
        return spec.service_name or (store.service_name if store else None)
    if spec.is_public:
        return None
    host = spec.host
    found = [each for each in known(own) if host is None or (each.private_dns_name or "").lower() == host]
    return found[0].name if len(found) == 1 else None


def _is_empty(spec: KeyStoreSpec) -> bool:
    given = (spec.service_name, spec.uri_endpoint, spec.uri_path, spec.name)
    return not any(given) and not spec.is_public


def spec_with_defaults(spec: KeyStoreSpec, account: Account | None) -> KeyStoreSpec:
    """``spec``, with missing settings from the existing key store, then from the endpoint service."""
    store = selected_key_store(spec, account.key_stores) if account else None
    if store is not None:
        spec = replace(
            spec,
            id=store.id,
            connectivity=store.connectivity or spec.connectivity,
            uri_endpoint=spec.uri_endpoint or store.uri_endpoint,
            uri_path=spec.uri_path or store.uri_path,
            service_name=spec.service_name or store.service_name,
            service_owner=spec.service_owner or store.service_owner,
        )
    service = account.service if account else None
    if isinstance(service, EndpointService) and not spec.is_public:
        named = f"https://{service.private_dns_name}" if service.private_dns_name else None
        spec = replace(
            spec,
            service_name=spec.service_name or service.name,
            uri_endpoint=spec.uri_endpoint or named,
        )
    return spec
