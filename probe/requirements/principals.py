"""Who may connect to the endpoint service: KMS, and the account of the key store; nobody else need."""

from collections.abc import Iterable

from probe.model.account import Account, EndpointService, Principal, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import hidden_as_owner, not_seen, of_service, of_the_owner
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_CONSOLE = "VPC > Endpoint services > the service > Allow principals"
_ALLOW = "aws ec2 modify-vpc-endpoint-service-permissions --region REGION --service-id SERVICE-ID"
_SEE = "aws ec2 describe-vpc-endpoint-service-permissions --region REGION --service-id SERVICE-ID"
_EVERYBODY = "*"


def kms_principal(region: str) -> str:
    """The principal of KMS's external key stores in a Region.

    >>> kms_principal("eu-west-1")
    'cks.kms.eu-west-1.amazonaws.com'
    """
    return f"cks.kms.{region}.amazonaws.com"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.KMS_NOT_ALLOWED,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Allow the principal KMS-PRINCIPAL.",
        console=_CONSOLE,
        cli=f"{_ALLOW} --add-allowed-principals KMS-PRINCIPAL",
    ),
)
def kms_is_an_allowed_principal(evidence: Evidence) -> Iterable[Finding]:
    """KMS's principal of the Region is among the allowed principals of the endpoint service.

    A ``*`` lets everybody connect; whether KMS's own check takes it is not documented.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        wanted = kms_principal(spec.region)
        principals = _principals(account, service)
        if isinstance(principals, Finding):
            return principals
        named = {each.principal for each in principals}
        if wanted in named:
            return met(f"{wanted} is allowed")
        if spec.region.startswith(("us-iso", "eu-iso", "eusc-")):
            return unknown(f"the name of KMS's principal in {quoted(spec.region)} is not published")
        if _EVERYBODY in named:
            return unknown(f"* is allowed, {wanted} by name is not; whether KMS takes that is not documented")
        because = f"{wanted} is not among the {len(named)} allowed principals"
        return Finding(outcome=Outcome.VIOLATED, because=because, values={"KMS-PRINCIPAL": wanted})

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.STORE_ACCOUNT_NOT_ALLOWED,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Allow the account of the key store as a principal of the endpoint service.",
        console=_CONSOLE,
        cli=f"{_ALLOW} --add-allowed-principals STORE-PRINCIPAL",
    ),
)
def store_account_is_an_allowed_principal(evidence: Evidence) -> Iterable[Finding]:
    """Where another account owns the endpoint service, it allows the key store's account, too.

    That the service can be seen from the store's account is the proof. From the owner's account it is read
    from the list, once ``--store-account`` says whose store it will be.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        if isinstance(account.id, Unavailable):
            return not_seen(account.id)
        owner = account.id if service.is_owner_view else service.owner
        if owner == (spec.store_account or account.id):
            return not_applicable("service and key store are of one account")
        hidden = hidden_as_owner(account, service)
        if hidden is not None:
            return not_seen(hidden)
        if not service.is_owner_view and spec.store_account in (None, account.id):
            return met("this account sees the service, so it is allowed")
        principals = _principals(account, service)
        return principals if isinstance(principals, Finding) else _allowing(principals, spec)

    yield from of_service(evidence, judge)


def _allowing(principals: tuple[Principal, ...], spec: KeyStoreSpec) -> Finding:
    store_account = spec.store_account or ""
    named = {each.principal for each in principals}
    if _EVERYBODY in named or any(f":{store_account}:" in each for each in named):
        return met(f"account {quoted(store_account)} is allowed")
    because = f"account {quoted(store_account)} is not among the {len(named)} allowed principals"
    partition = "aws-us-gov" if spec.region.startswith("us-gov-") else "aws"
    principal = f"arn:{partition}:iam::{store_account}:root"
    return Finding(outcome=Outcome.VIOLATED, because=because, values={"STORE-PRINCIPAL": principal})


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.SERVICE_NOT_FOUND,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Name the owning account OWNER as XksProxyVpcEndpointServiceOwner.",
        cli="xks-probe preflight --endpoint-service SERVICE-NAME --owner OWNER --region REGION",
    ),
)
def service_owner_is_declared(evidence: Evidence) -> Iterable[Finding]:
    """Where another account owns the endpoint service, KMS is told which.

    KMS looks for the service in the account that it is told, and in the store's own if it is told none. A
    service of another account has to be named with its owner.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        if isinstance(account.id, Unavailable):
            return not_seen(account.id)
        owner = service.owner or (account.id if service.is_owner_view else None)
        if owner is None:
            hidden = hidden_as_owner(account, service)
            return not_seen(hidden) if hidden else unknown("AWS does not say who owns the service")
        same = spec.store_account in (None, owner)
        if owner == account.id and same and spec.service_owner in (None, owner):
            return not_applicable("service and key store are of one account")
        if spec.service_owner == owner:
            return met(f"its owner is declared: {quoted(owner)}")
        said = quoted(spec.service_owner) if spec.service_owner else "none"
        because = f"{quoted(owner)} owns the service, declared is {said}"
        values = {"OWNER": owner, "SERVICE-NAME": service.name}
        return Finding(outcome=Outcome.VIOLATED, because=because, values=values)

    yield from of_service(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=account_errors.ENDPOINT_SERVICES,
    remedy=Remedy(
        text="Take away every principal but KMS's (and the key store's account, if it is another one).",
        console=_CONSOLE,
        cli=_SEE,
    ),
)
def allowed_principals_are_minimal(evidence: Evidence) -> Iterable[Finding]:
    """Nobody but KMS and the account of the key store may connect to the endpoint service.

    Whoever is allowed can make an interface endpoint to the service and speak with the proxy. Only the
    proxy's own check of signatures is then in the way.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        principals = _principals(account, service)
        if isinstance(principals, Finding):
            return principals
        wanted = kms_principal(spec.region)
        store_account = spec.store_account or (account.id if isinstance(account.id, str) else "")
        others = {p.principal for p in principals if not _is_needed(p, wanted, store_account)}
        # They may all be of the key store's own account, and that one is needed.
        of_one = len(set(map(_account_of, others))) == 1 and all(map(_account_of, others))
        if not store_account and isinstance(account.id, Unavailable) and of_one:
            return not_seen(account.id)
        if others:
            return violated(f"also allowed: {listed(tuple(sorted(others)))}")
        return met(f"{len(principals)} allowed, each of them needed")

    yield from of_service(evidence, judge)


def _is_needed(principal: Principal, kms: str, account: str) -> bool:
    return principal.principal == kms or (bool(account) and f":{account}:" in principal.principal)


def _account_of(principal: str) -> str:
    """The account in an ARN of IAM; "" for anything else."""
    return "".join(principal.split(":")[4:5])


def _principals(account: Account, service: EndpointService) -> tuple[Principal, ...] | Finding:
    if not service.is_owner_view:
        return of_the_owner(account, service, "its allowed principals")
    if isinstance(account.principals, Unavailable):
        return not_seen(account.principals)
    return account.principals
