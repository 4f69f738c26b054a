"""The private DNS name of the endpoint service."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import Account, EndpointService, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, not_given, of_service
from probe.requirements.key_store_form import endpoint_fault
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_CONSOLE = "VPC > Endpoint services > the service > Actions > Modify private DNS name"
_MODIFY = "aws ec2 modify-vpc-endpoint-service-configuration --region REGION --service-id SERVICE-ID"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.NAME,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Set the private DNS name of the endpoint service to PRIVATE-DNS-NAME (its domain must then be "
        "verified again), or set the key store's proxy URI endpoint to the service's private DNS name.",
        console=_CONSOLE,
        cli=f"{_MODIFY} --private-dns-name PRIVATE-DNS-NAME",
    ),
)
def private_dns_name_matches_the_endpoint(evidence: Evidence) -> Iterable[Finding]:
    """The private DNS name of the endpoint service is the host name in the proxy URI endpoint.

    KMS resolves the host name inside its own VPC, where PrivateLink has created a hosted zone for the
    service's private DNS name. Any other name does not resolve there.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        host, name = spec.host, service.private_dns_name
        if not name:
            return _with_remedy(spec, violated("the endpoint service has no private DNS name"))
        if "*" in name:  # PrivateLink accepts a wildcard; KMS's pattern for an endpoint has no '*'
            because = f"it is {quoted(name)}, but a proxy URI endpoint cannot be a wildcard"
            return _with_remedy(spec, violated(because))
        if host is None:
            return not_given(spec, account, "proxy URI endpoint", "--uri-endpoint")
        if name.rstrip(".").lower() == host:
            return met(f"it is {quoted(name)}")
        because = f"it is {quoted(name)}, but the host name in the endpoint is {quoted(host)}"
        return _with_remedy(spec, violated(because))

    yield from of_service(evidence, judge)


_CHOOSE_A_NAME = Remedy(
    text="Give the endpoint service a private DNS name without a wildcard, under a domain that you own in "
    "public DNS. Set the proxy URI endpoint to https:// and this name.",
    console=_CONSOLE,
)


def _with_remedy(spec: KeyStoreSpec, finding: Finding) -> Finding:
    """The finding; its remedy names the endpoint's host only if that can be a private DNS name."""
    is_name = spec.uri_endpoint is not None and endpoint_fault(spec.uri_endpoint) is None
    return finding if is_name else replace(finding, remedy=_CHOOSE_A_NAME)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.NAME,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Give each endpoint service in the Region a different private DNS name.",
        console=_CONSOLE,
        cli="aws ec2 describe-vpc-endpoint-service-configurations --region REGION "
        "--query 'ServiceConfigurations[].[ServiceId,PrivateDnsName]'",
    ),
)
def private_dns_name_is_unique_in_the_region(evidence: Evidence) -> Iterable[Finding]:
    """No other endpoint service in the Region has the same private DNS name.

    KMS identifies the endpoint services of its key stores by their private DNS names, and refuses a second
    service with the same one. Services of other accounts are not visible.
    """

    def judge(_: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        name = (service.private_dns_name or "").rstrip(".").lower()
        if not name:
            return unknown("the endpoint service has no private DNS name")
        if isinstance(account.services, Unavailable):
            return call_failed(account.services)
        same = tuple(
            each.id
            for each in account.services
            if each.id != service.id and (each.private_dns_name or "").rstrip(".").lower() == name
        )
        if same:
            return violated(f"{listed(same)} has the same private DNS name")
        return met(f"no other endpoint service of this account has {quoted(name)}")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.DOMAIN,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=account_errors.MANAGE_DNS_NAMES,
    remedy=Remedy(
        text="Publish the verification record, then start the verification.",
        console="VPC > Endpoint services > the service > Actions > Verify domain ownership for private DNS "
        "name",
        cli="aws ec2 start-vpc-endpoint-service-private-dns-verification --region REGION "
        "--service-id SERVICE-ID",
    ),
)
def domain_is_verified(evidence: Evidence) -> Iterable[Finding]:
    """PrivateLink has verified that the service's owner owns the domain of the private DNS name.

    Until the state is *verified*, KMS rejects the service, and its private DNS name cannot be used.
    PrivateLink looks for a TXT record in public DNS, and repeats the check from time to time.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        if not service.private_dns_name:
            return unknown("the endpoint service has no private DNS name to verify")
        if service.verification is None or not service.verification.state:
            return unknown("AWS returned no verification state")
        state = service.verification.state
        because = f"the verification state is {quoted(state)}"
        return met(because) if state.lower() == "verified" else violated(because)

    yield from of_service(evidence, judge)
