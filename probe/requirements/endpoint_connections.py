"""The interface endpoints that connect to the endpoint service; KMS's own is among them."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import Account, EndpointConnection, EndpointService, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, of_service, owner_only
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.wording import listed, quoted

_CONSOLE = "VPC > Endpoint services > the service > Endpoint connections"
_DESCRIBE = (
    "aws ec2 describe-vpc-endpoint-connections --region REGION --filters Name=service-id,Values=SERVICE-ID"
)
_AGAIN = "Disconnect the key store and connect it again: KMS then creates a new endpoint."
# By state, in lower case: what it means, and the fix.
_FAULTS = {
    "pendingacceptance": (
        "waits for acceptance",
        "Accept the connection: turning off the acceptance setting does not accept one that already waits.",
    ),
    "rejected": ("was rejected", f"Clear the setting Acceptance required. {_AGAIN}"),
    "failed": ("has failed", _AGAIN),
    "expired": ("was not accepted in time", f"Clear the setting Acceptance required. {_AGAIN}"),
}


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.NOT_ACCEPTED,
    source=account_errors.ENDPOINT_CONNECTIONS,
    remedy=Remedy(text=_FAULTS["pendingacceptance"][1], console=_CONSOLE, cli=_DESCRIBE),
)
def endpoint_connection_is_accepted(evidence: Evidence) -> Iterable[Finding]:
    """The connection of KMS's endpoint to the endpoint service is accepted.

    KMS creates an interface endpoint when the key store is connected. A connection that waits for acceptance,
    was rejected or has expired is never available. AWS does not say which of the endpoints is KMS's.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        store = account.key_store(spec.id)
        if store is not None and store.connection_state == "CONNECTED":
            return met("the key store is connected")
        if not service.is_owner_view:
            return owner_only(account, service, "its endpoint connections")
        if isinstance(account.connections, Unavailable):
            return call_failed(account.connections)
        return _connections(account.connections)

    yield from of_service(evidence, judge)


def _connections(connections: tuple[EndpointConnection, ...]) -> Finding:
    if not connections:
        return not_applicable("no endpoint has connected yet")
    faults = tuple(each for each in connections if each.state.lower() in _FAULTS)
    is_available = any(each.state.lower() == "available" for each in connections)
    if not faults:
        states = listed(tuple(dict.fromkeys(each.state for each in connections)))
        return (
            met("a connection is available")
            if is_available
            else unknown(f"the only connections are {states}")
        )
    because = "; ".join(dict.fromkeys(map(_fault, faults)))
    if is_available:
        return unknown(f"a connection is available, but {because}; which of them is KMS's is not known")
    text = _FAULTS[faults[0].state.lower()][1]
    remedy = replace(endpoint_connection_is_accepted.remedy, text=text)
    return replace(violated(because), remedy=remedy)


def _fault(connection: EndpointConnection) -> str:
    owner = f" of account {quoted(connection.owner)}" if connection.owner else ""
    return f"a connection{owner} {_FAULTS[connection.state.lower()][0]}"
