"""The principals that the endpoint service allows: KMS, the key store's account, and preferably no others."""

from collections.abc import Iterable

from probe.model.account import Account, EndpointService, Principal, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, failed_owner_call, of_service, owner_only
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_CONSOLE = "VPC > Endpoint services > the service > Allow principals"
_ALLOW = "aws ec2 modify-vpc-endpoint-service-permissions --region REGION --service-id SERVICE-ID"
_DESCRIBE = "aws ec2 describe-vpc-endpoint-service-permissions --region REGION --service-id SERVICE-ID"
_EVERYONE = "*"


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
        text="Add KMS-PRINCIPAL to the allowed principals of the endpoint service.",
        console=_CONSOLE,
        cli=f"{_ALLOW} --add-allowed-principals KMS-PRINCIPAL",
    ),
)
def kms_is_an_allowed_principal(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service allows the KMS principal of the Region.

    The principal is cks.kms.REGION.amazonaws.com. A ``*`` allows everyone to connect, but whether KMS's own
    check accepts it is not documented.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        wanted = kms_principal(spec.region)
        principals = _principals(account, service)
        if isinstance(principals, Finding):
            return principals
        named = {each.principal for each in principals if each.is_for_endpoints}
        if wanted in named:
            return met(f"{wanted} is allowed")
        if spec.region.startswith(("us-iso", "eu-iso", "eusc-")):
            return unknown(f"the name of KMS's principal in {quoted(spec.region)} is not published")
        if _EVERYONE in named:
            return unknown(
                f"* is allowed, but not {wanted} by name; whether KMS accepts that is not documented"
            )
        because = f"{wanted} is not among the {len(named)} allowed principals"
        if any(each.principal == wanted for each in principals):
            because = f"{wanted} is allowed only for transit gateway attachments, not for endpoints"
        return Finding(outcome=Outcome.VIOLATED, because=because, values={"KMS-PRINCIPAL": wanted})

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.STORE_ACCOUNT_NOT_ALLOWED,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Add the account of the key store to the allowed principals of the endpoint service.",
        console=_CONSOLE,
        cli=f"{_ALLOW} --add-allowed-principals STORE-PRINCIPAL",
    ),
)
def store_account_is_an_allowed_principal(evidence: Evidence) -> Iterable[Finding]:
    """If another account owns the endpoint service, the service allows the key store's account as well.

    If the service is visible from the key store's account, that account is allowed. From the owner's account,
    the list of allowed principals is checked for the account given with ``--store-account``.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        if isinstance(account.id, Unavailable):
            return call_failed(account.id)
        owner = account.id if service.is_owner_view else service.owner
        if owner == (spec.store_account or account.id):
            return not_applicable("the service and the key store belong to the same account")
        failed = failed_owner_call(account, service)
        if failed is not None:
            return call_failed(failed)
        if not service.is_owner_view and spec.store_account in (None, account.id):
            return met("the service is visible to this account, so the account is allowed")
        principals = _principals(account, service)
        return principals if isinstance(principals, Finding) else _allowing(principals, spec)

    yield from of_service(evidence, judge)


def _allowing(principals: tuple[Principal, ...], spec: KeyStoreSpec) -> Finding:
    store_account = spec.store_account or ""
    named = {each.principal for each in principals if each.is_for_endpoints}
    if _EVERYONE in named or any(f":{store_account}:" in each for each in named):
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
        text="Declare the owner of the service, account OWNER, as XksProxyVpcEndpointServiceOwner.",
        cli="xks-probe preflight --endpoint-service SERVICE-NAME --owner OWNER --region REGION",
    ),
)
def service_owner_is_declared(evidence: Evidence) -> Iterable[Finding]:
    """If another account owns the endpoint service, that account is declared to KMS.

    KMS looks for the service in the declared account, or in the key store's own account if none is declared.
    So the owner of a service in another account must be declared.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        if isinstance(account.id, Unavailable):
            return call_failed(account.id)
        owner = service.owner or (account.id if service.is_owner_view else None)
        if owner is None:
            failed = failed_owner_call(account, service)
            return call_failed(failed) if failed else unknown("AWS returned no owner of the service")
        same = spec.store_account in (None, owner)
        if owner == account.id and same and spec.service_owner in (None, owner):
            return not_applicable("the service and the key store belong to the same account")
        if spec.service_owner == owner:
            return met(f"its owner is declared: {quoted(owner)}")
        declared = f"{quoted(spec.service_owner)} is" if spec.service_owner else "no owner is"
        because = f"{quoted(owner)} owns the service, but {declared} declared"
        values = {"OWNER": owner, "SERVICE-NAME": service.name}
        return Finding(outcome=Outcome.VIOLATED, because=because, values=values)

    yield from of_service(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=account_errors.ENDPOINT_SERVICES,
    remedy=Remedy(
        text="Remove every principal except KMS's (and the key store's account, if another account owns the "
        "service).",
        console=_CONSOLE,
        cli=_DESCRIBE,
    ),
)
def allowed_principals_are_minimal(evidence: Evidence) -> Iterable[Finding]:
    """Only KMS and the account of the key store may connect to the endpoint service.

    Every allowed principal can create an interface endpoint to the service and send requests to the proxy.
    Only the proxy's own signature check then protects the keys.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        principals = _principals(account, service)
        if isinstance(principals, Finding):
            return principals
        wanted = kms_principal(spec.region)
        store_account = spec.store_account or (account.id if isinstance(account.id, str) else "")
        others = {p.principal for p in principals if not _is_needed(p, wanted, store_account)}
        # They may all belong to the key store's own account, which is needed.
        of_one = len(set(map(_account_of, others))) == 1 and all(map(_account_of, others))
        if not store_account and isinstance(account.id, Unavailable) and of_one:
            return call_failed(account.id)
        if others:
            return violated(f"also allowed: {listed(tuple(sorted(others)))}")
        return met(f"allowed principals: {len(principals)}, all needed")

    yield from of_service(evidence, judge)


def _is_needed(principal: Principal, kms: str, account: str) -> bool:
    return principal.principal == kms or (bool(account) and f":{account}:" in principal.principal)


def _account_of(principal: str) -> str:
    """The account in an IAM ARN; "" for anything else."""
    return "".join(principal.split(":")[4:5])


def _principals(account: Account, service: EndpointService) -> tuple[Principal, ...] | Finding:
    if not service.is_owner_view:
        return owner_only(account, service, "its allowed principals")
    if isinstance(account.principals, Unavailable):
        return call_failed(account.principals)
    return account.principals
