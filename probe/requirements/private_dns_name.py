"""The private DNS name of the endpoint service, as PrivateLink has it."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import Account, EndpointService, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.account import not_seen, not_told, of_service
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
        text="Give the endpoint service the private DNS name PRIVATE-DNS-NAME, whose domain is then verified "
        "anew; or give KMS the endpoint that the service has.",
        console=_CONSOLE,
        cli=f"{_MODIFY} --private-dns-name PRIVATE-DNS-NAME",
    ),
)
def private_dns_name_matches_the_endpoint(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service has a private DNS name, and it is the host of the proxy URI endpoint.

    KMS resolves the endpoint's host inside its own VPC, where PrivateLink has made a hosted zone for the
    service's private DNS name. Another name is not found there.
    """

    def judge(spec: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        host, name = spec.host, service.private_dns_name
        if not name:
            return _named(spec, violated("the endpoint service has no private DNS name"))
        if "*" in name:  # PrivateLink takes a wildcard; KMS's pattern for an endpoint has no '*'
            said = f"it is {quoted(name)}, a wildcard, which no proxy URI endpoint can be"
            return _named(spec, violated(said))
        if host is None:
            return not_told(spec, account, "proxy URI endpoint", "--uri-endpoint")
        if name.rstrip(".").lower() == host:
            return met(f"it is {quoted(name)}")
        said = f"it is {quoted(name)}, the endpoint's host is {quoted(host)}"
        return _named(spec, violated(said))

    yield from of_service(evidence, judge)


_CHOOSE = Remedy(
    text="Give the endpoint service a private DNS name below a domain that is yours in public DNS, without a "
    "wildcard, and let the proxy URI endpoint be https:// and this name.",
    console=_CONSOLE,
)


def _named(spec: KeyStoreSpec, finding: Finding) -> Finding:
    """The finding, whose remedy names the endpoint's host only if that may be a private DNS name."""
    is_name = spec.uri_endpoint is not None and endpoint_fault(spec.uri_endpoint) is None
    return finding if is_name else replace(finding, remedy=_CHOOSE)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.NAME,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Give each endpoint service of the Region a private DNS name of its own.",
        console=_CONSOLE,
        cli="aws ec2 describe-vpc-endpoint-service-configurations --region REGION "
        "--query 'ServiceConfigurations[].[ServiceId,PrivateDnsName]'",
    ),
)
def private_dns_name_is_unique_in_the_region(evidence: Evidence) -> Iterable[Finding]:
    """No other endpoint service of the Region has the private DNS name.

    KMS tells the services of its key stores apart by their names: a second service with the same one is
    refused. Those of other accounts can't be seen.
    """

    def judge(_: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        name = (service.private_dns_name or "").rstrip(".").lower()
        if not name:
            return unknown("the endpoint service has no private DNS name")
        if isinstance(account.services, Unavailable):
            return not_seen(account.services)
        same = tuple(
            each.id
            for each in account.services
            if each.id != service.id and (each.private_dns_name or "").rstrip(".").lower() == name
        )
        if same:
            return violated(f"{listed(same)} has it, too")
        return met(f"no other endpoint service of this account has {quoted(name)}")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.DOMAIN,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=account_errors.MANAGE_DNS_NAMES,
    remedy=Remedy(
        text="Publish the verification record, then let PrivateLink look for it.",
        console="VPC > Endpoint services > the service > Actions > Verify domain ownership",
        cli="aws ec2 start-vpc-endpoint-service-private-dns-verification --region REGION "
        "--service-id SERVICE-ID",
    ),
)
def domain_is_verified(evidence: Evidence) -> Iterable[Finding]:
    """PrivateLink has verified that the domain of the private DNS name is the owner's.

    Until the state is *verified* KMS takes no such service, and PrivateLink lets nobody use its private DNS
    name. It looks for a TXT record in public DNS, and again from time to time.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        if not service.private_dns_name:
            return unknown("the endpoint service has no private DNS name to verify")
        if service.verification is None or not service.verification.state:
            return unknown("AWS does not say whether the domain is verified")
        state = service.verification.state
        said = f"its state is {quoted(state)}"
        return met(said) if state.lower() == "verified" else violated(said)

    yield from of_service(evidence, judge)
