"""Whether the Region has room for the key store, and nobody else what it wants for itself."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import Account, EndpointService, KeyStore, Unavailable, known
from probe.model.evidence import Evidence
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import (
    hidden_as_owner,
    not_seen,
    not_told,
    of_account,
    of_vpc_account,
    other_stores,
)
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_MAX_STORES = 10  # "Resource quotas" of the guide: of both kinds, in any state, not adjustable
_EXISTS = "the key store exists"
_STORES = "aws kms describe-custom-key-stores --region REGION"
_LIVE = frozenset({"available", "pendingacceptance", "pending", "partial"})  # a rejected one uses nothing
# Stores of other accounts are invisible: KMS compares some values with theirs, too.
_OF_THIS_ACCOUNT = "; stores of other accounts can't be seen"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,
    errors=account_errors.QUOTA,
    source=account_errors.QUOTAS,
    remedy=Remedy(
        text="Delete a custom key store that nobody needs, or use another account: the quota is fixed.",
        console="KMS > Custom key stores",
        cli=_STORES,
    ),
)
def key_store_quota_has_room(evidence: Evidence) -> Iterable[Finding]:
    """The account has fewer than ten custom key stores in the Region.

    Stores of both kinds count, whatever their connection state: external ones and those of CloudHSM. The
    quota can't be raised.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.id:
            return not_applicable(_EXISTS)
        if isinstance(account.key_stores, Unavailable):
            return not_seen(account.key_stores)
        count = len(account.key_stores)
        said = f"{count} of {_MAX_STORES} custom key stores exist"
        return met(said) if count < _MAX_STORES else violated(said)

    yield from of_account(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,
    errors=account_errors.NAME_IN_USE,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(text="Choose another name.", cli=_STORES),
)
def key_store_name_is_free(evidence: Evidence) -> Iterable[Finding]:
    """No other custom key store of the account has the name in the Region.

    The name is for people, but KMS refuses a second store of the same one, whatever its kind and connection
    state.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.name is None:
            words = _EXISTS if spec.id else "no name was given with --name"
            return not_applicable(words)
        others = other_stores(spec, account)
        if isinstance(others, Unavailable):
            return not_seen(others)
        taken = next((store for store in others if store.name == spec.name), None)
        if taken is not None:
            return violated(f"{taken.id} is named {quoted(spec.name)}")
        return met(f"no other store is named {quoted(spec.name)}")

    yield from of_account(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,
    errors=account_errors.ADDRESS_IN_USE,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(
        text="Give this key store a private DNS name of its own (public connectivity: a path).",
        cli=_STORES,
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def proxy_address_is_unused(evidence: Evidence) -> Iterable[Finding]:
    """No other key store uses this endpoint and path, nor the endpoint in a way that excludes it.

    Stores with VPC connectivity share no endpoint. Stores with public connectivity may share one if their
    paths differ. A store of the one kind shares none with a store of the other, even in another account.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.uri_endpoint is None:
            return not_told(spec, account, "proxy URI endpoint", "--uri-endpoint")
        others = other_stores(spec, account)
        if isinstance(others, Unavailable):
            return not_seen(others)
        for store in others:
            if _same_endpoint(store, spec):
                finding = _sharing(store, spec)
                if finding is not None:
                    return finding
        return met(f"none of {len(others)} other stores uses it{_OF_THIS_ACCOUNT}")

    yield from of_account(evidence, judge)


def _same_endpoint(store: KeyStore, spec: KeyStoreSpec) -> bool:
    return (store.uri_endpoint or "").lower() == (spec.uri_endpoint or "").lower()


def _sharing(store: KeyStore, spec: KeyStoreSpec) -> Finding | None:
    """What comes of the same endpoint: with the path it is the same address."""
    if store.uri_path == spec.uri_path:
        return violated(f"{store.id} has the same endpoint and path")
    if store.connectivity == PUBLIC_CONNECTIVITY and spec.is_public:
        return None
    words = "the same endpoint" if store.connectivity == spec.connectivity else "it by other connectivity"
    return violated(f"{store.id} has {words}", kms_errors=account_errors.ENDPOINT_IN_USE)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,
    errors=account_errors.SERVICE_IN_USE,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Make an endpoint service, with a private DNS name of its own, for this key store alone.",
        console="VPC > Endpoint services",
        cli=_STORES,
    ),
)
def endpoint_service_is_unused(evidence: Evidence) -> Iterable[Finding]:
    """No other key store uses the VPC endpoint service.

    Stores may share a VPC, but each needs an endpoint service and a private DNS name of its own. KMS compares
    with the stores of all accounts; only this account's can be seen. A connection to the service of somebody
    else may be the one that KMS has made for a store of another account.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.service_name is None:
            return not_told(spec, account, "endpoint service", "--endpoint-service")
        others = other_stores(spec, account)
        if isinstance(others, Unavailable):
            return not_seen(others)
        user = next((store for store in others if store.service_name == spec.service_name), None)
        if user is not None:
            return violated(f"{user.id} uses it")
        said = f"none of {len(others)} other stores uses it"
        hint = _somebody_elses(spec, account)
        if hint is not None:
            return replace(hint, because=f"{said}, but {hint.because}")
        return met(f"{said}{_OF_THIS_ACCOUNT}")

    yield from of_vpc_account(evidence, judge)


def _somebody_elses(spec: KeyStoreSpec, account: Account) -> Finding | None:
    """*Unknown* where connections to the service, or that none can be seen, leave room for another's store.

    Of an existing store the connection is its own. Of another account's service none is shown to us.
    """
    store = account.key_store(spec.id)
    if store is not None and store.service_name == spec.service_name:
        return None
    service = account.service
    hidden = hidden_as_owner(account, service) if isinstance(service, EndpointService) else service
    for part in (hidden, account.connections, account.id):
        if isinstance(part, Unavailable):
            return not_seen(part)
    connections = known(account.connections)
    foreign = {each.owner for each in connections if each.owner != account.id and each.state.lower() in _LIVE}
    if not foreign:
        return None
    because = (
        f"{listed(tuple(sorted(foreign)))} has a connection to it: of KMS for a key store of another account?"
    )
    return replace(unknown(because), kms_errors=account_errors.SERVICE_AT_TIMES_IN_USE)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,  # before the proxy is asked for the key (specification, "Error codes")
    errors=account_errors.NOT_CONNECTED,
    source=account_errors.CONNECTING,
    remedy=Remedy(
        text="Mend what is wrong above, then connect. A store that is FAILED has to be disconnected first.",
        console="KMS > Custom key stores > External key stores > Key store actions > Connect",
        cli="aws kms connect-custom-key-store --region REGION --custom-key-store-id KEY-STORE-ID",
    ),
    outcomes=tuple(Outcome),
)
def key_store_is_connected(evidence: Evidence) -> Iterable[Finding]:
    """The existing key store is connected to its proxy.

    No key can be made or used in a store that is not. That it is connected says that it was once; it says
    nothing about the proxy's health now.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if not spec.id:
            return not_applicable("the key store does not exist yet")
        if isinstance(account.key_stores, Unavailable):
            return not_seen(account.key_stores)
        store = account.key_store(spec.id)
        if store is None:
            return unknown("the key store was not found")
        return _state(store)

    yield from of_account(evidence, judge)


def _state(store: KeyStore) -> Finding:
    match store.connection_state:
        case "CONNECTED":
            return met("CONNECTED")
        case "CONNECTING" | "DISCONNECTING":
            return unknown(f"{store.connection_state}: that takes some minutes")
        case "FAILED":
            code = store.connection_error_code or "no connection error code"
            return violated(f"FAILED with {quoted(code)}")
        case "DISCONNECTED":
            return violated("DISCONNECTED")
    return unknown(f"KMS says {quoted(store.connection_state)}")
