"""The key store's quota, the uniqueness of its settings, and the connection state of an existing one."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import Account, EndpointService, KeyStore, Unavailable, known
from probe.model.evidence import Evidence
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import (
    call_failed,
    failed_owner_call,
    not_given,
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
_LIVE = frozenset(
    {"available", "pendingacceptance", "pending", "partial"}
)  # a rejected connection does not use it
# KMS also compares some settings with those of other accounts' stores, which are not visible.
_IN_THIS_ACCOUNT = "; stores of other accounts are not visible"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,
    errors=account_errors.QUOTA,
    source=account_errors.QUOTAS,
    remedy=Remedy(
        text="Delete a custom key store that is no longer needed, or use another account: the quota is "
        "fixed.",
        console="KMS > Custom key stores",
        cli=_STORES,
    ),
)
def key_store_quota_has_room(evidence: Evidence) -> Iterable[Finding]:
    """The account has fewer than ten custom key stores in the Region.

    External and CloudHSM key stores both count, in any connection state. The quota cannot be raised.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.exists:
            return not_applicable(_EXISTS)
        if isinstance(account.key_stores, Unavailable):
            return call_failed(account.key_stores)
        count = len(account.key_stores)
        usage = f"{count} custom key stores exist; the quota is {_MAX_STORES}"
        return met(usage) if count < _MAX_STORES else violated(usage)

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
    """No other custom key store of the account and Region has this name.

    KMS refuses a second store with the same name, whatever its kind (external or CloudHSM) and connection
    state.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.name is None:
            return not_applicable(_EXISTS if spec.exists else "no name was given with --name")
        others = other_stores(spec, account)
        if isinstance(others, Unavailable):
            return call_failed(others)
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
        text="Use a private DNS name that no other key store uses; with public connectivity, another path is "
        "enough.",
        cli=_STORES,
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def proxy_address_is_unused(evidence: Evidence) -> Iterable[Finding]:
    """No other key store uses the same endpoint and path, or the same endpoint where it cannot be shared.

    Stores with VPC connectivity cannot share an endpoint. Stores with public connectivity can share one if
    their paths differ. A store with VPC connectivity and one with public connectivity cannot share one, not
    even in different accounts.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.uri_endpoint is None:
            return not_given(spec, account, "proxy URI endpoint", "--uri-endpoint")
        others = other_stores(spec, account)
        if isinstance(others, Unavailable):
            return call_failed(others)
        for store in others:
            if _same_endpoint(store, spec):
                conflict = _conflict(store, spec)
                if conflict is not None:
                    return conflict
        return met(f"none of {len(others)} other stores uses it{_IN_THIS_ACCOUNT}")

    yield from of_account(evidence, judge)


def _same_endpoint(store: KeyStore, spec: KeyStoreSpec) -> bool:
    return (store.uri_endpoint or "").lower() == (spec.uri_endpoint or "").lower()


def _conflict(store: KeyStore, spec: KeyStoreSpec) -> Finding | None:
    """Why two stores with the same endpoint conflict; None if they may share it."""
    if store.uri_path == spec.uri_path:
        return violated(f"{store.id} has the same endpoint and path")
    if store.connectivity == PUBLIC_CONNECTIVITY and spec.is_public:
        return None
    other = "" if store.connectivity == spec.connectivity else " with the other type of connectivity"
    return violated(f"{store.id} has the same endpoint{other}", kms_errors=account_errors.ENDPOINT_IN_USE)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,
    errors=account_errors.SERVICE_IN_USE,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Create an endpoint service with its own private DNS name, only for this key store.",
        console="VPC > Endpoint services",
        cli=_STORES,
    ),
)
def endpoint_service_is_unused(evidence: Evidence) -> Iterable[Finding]:
    """No other key store uses the VPC endpoint service.

    Stores may share a VPC, but each needs its own endpoint service and private DNS name. KMS checks the
    stores of all accounts; xks-probe sees only those of this account. A connection to the service from an
    unknown account may be one that KMS has made for a store of another account.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if spec.service_name is None:
            return not_given(spec, account, "endpoint service", "--endpoint-service")
        others = other_stores(spec, account)
        if isinstance(others, Unavailable):
            return call_failed(others)
        user = next((store for store in others if store.service_name == spec.service_name), None)
        if user is not None:
            return violated(f"{user.id} uses it")
        unused = f"none of {len(others)} other stores uses it"
        doubt = _possible_other_user(spec, account)
        if doubt is not None:
            return replace(doubt, because=f"{unused}, but {doubt.because}")
        return met(f"{unused}{_IN_THIS_ACCOUNT}")

    yield from of_vpc_account(evidence, judge)


def _possible_other_user(spec: KeyStoreSpec, account: Account) -> Finding | None:
    """*Unknown* if a store of another account may use the service, judging by the service's connections.

    An existing store has a connection of its own. AWS shows no connections of another account's service.
    """
    store = account.key_store(spec.id)
    if store is not None and store.service_name == spec.service_name:
        return None
    service = account.service
    failed = failed_owner_call(account, service) if isinstance(service, EndpointService) else service
    for part in (failed, account.connections, account.id):
        if isinstance(part, Unavailable):
            return call_failed(part)
    connections = known(account.connections)
    foreign = {each.owner for each in connections if each.owner != account.id and each.state.lower() in _LIVE}
    if not foreign:
        return None
    because = (
        f"{listed(tuple(sorted(foreign)))} has a connection to it, perhaps of KMS for another account's store"
    )
    return replace(unknown(because), kms_errors=account_errors.SERVICE_AT_TIMES_IN_USE)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.UNIQUENESS,  # checked before the proxy is asked for the key (specification, "Error codes")
    errors=account_errors.NOT_CONNECTED,
    source=account_errors.CONNECTING,
    remedy=Remedy(
        text="Fix the other violated requirements, then connect the key store. If its state is FAILED, "
        "disconnect it first.",
        console="KMS > Custom key stores > External key stores > Key store actions > Connect",
        cli="aws kms connect-custom-key-store --region REGION --custom-key-store-id KEY-STORE-ID",
    ),
    outcomes=tuple(Outcome),
)
def key_store_is_connected(evidence: Evidence) -> Iterable[Finding]:
    """The existing key store is connected to its proxy.

    Keys can be created and used only in a connected store. CONNECTED means that KMS could connect at that
    time; it does not show whether the proxy works now.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if not spec.exists:
            return not_applicable("the key store does not exist yet")
        if isinstance(account.key_stores, Unavailable):
            return call_failed(account.key_stores)
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
            return unknown(f"{store.connection_state}, which takes a few minutes")
        case "FAILED":
            code = store.connection_error_code or "no connection error code"
            return violated(f"FAILED with {quoted(code)}")
        case "DISCONNECTED":
            return violated("DISCONNECTED")
    return unknown(f"KMS reports an unknown state, {quoted(store.connection_state)}")
