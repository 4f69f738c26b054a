"""The VPC endpoint service as such: that it is there, where KMS looks for it, of the type that KMS takes."""

from collections.abc import Iterable

from probe.model.account import Account, EndpointService, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import (
    PUBLIC,
    hidden_as_owner,
    not_seen,
    not_told,
    of_service,
    of_spec,
    of_the_owner,
    of_vpc_account,
)
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_DESCRIBE = "aws ec2 describe-vpc-endpoint-service-configurations --region REGION --service-ids SERVICE-ID"
_MODIFY = "aws ec2 modify-vpc-endpoint-service-configuration --region REGION --service-id SERVICE-ID"
_CONSOLE = "VPC > Endpoint services > the service"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.SERVICE,
    errors=account_errors.SERVICE_NOT_FOUND,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Check the name, letter by letter, and the Region and the account in which you look.",
        console="VPC > Endpoint services",
        cli="aws ec2 describe-vpc-endpoint-service-configurations --region REGION",
    ),
)
def endpoint_service_exists(evidence: Evidence) -> Iterable[Finding]:
    """The VPC endpoint service exists and is available.

    A service of another account is seen by whom it allows only: that it can't be seen may have either reason.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        service = account.service
        if spec.service_name is None:
            return not_told(spec, account, "endpoint service", "--endpoint-service")
        if isinstance(service, Unavailable):
            return not_seen(service)
        if service is None:
            return _missing(spec, account)
        return _state(account, service)

    yield from of_vpc_account(evidence, judge)


def _state(account: Account, service: EndpointService) -> Finding:
    hidden = hidden_as_owner(account, service)
    if hidden is not None:
        return unknown(f"{service.id} is there, in which state is not known: {not_seen(hidden).because}")
    if not service.state:
        return unknown(f"{service.id} is there; AWS does not say in which state")
    if service.state.lower() != "available":
        return violated(f"its state is {quoted(service.state)}, not Available")
    return met(f"{service.id} is available")


def _missing(spec: KeyStoreSpec, account: Account) -> Finding:
    name = quoted(spec.service_name or "")
    if spec.service_owner is not None and isinstance(account.id, Unavailable):
        return not_seen(account.id)
    if spec.service_owner is not None and spec.service_owner != account.id:
        return unknown(
            f"{name} can't be seen from this account: it does not exist, or account "
            f"{quoted(spec.service_owner)}, which is said to own it, does not allow this one"
        )
    return violated(f"{name} is not among the endpoint services that this account sees in {spec.region}")


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.SERVICE,
    errors=account_errors.SERVICE_NOT_FOUND,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Make the endpoint service, its load balancer and VPC in the Region of the key store.",
        console="VPC > Endpoint services > Create endpoint service",
    ),
)
def endpoint_service_is_in_the_store_region(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service is in the Region of the key store.

    KMS makes its interface endpoint in the Region of the key store and looks for the service there. The
    service's name says where it is.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        if spec.service_name is None:
            return not_told(spec, evidence.account, "endpoint service", "--endpoint-service")
        labels = spec.service_name.split(".")
        region = labels[3] if len(labels) > 4 else ""  # noqa: PLR2004  # com.amazonaws.vpce.REGION.ID
        if not region:
            return unknown(f"{quoted(spec.service_name)} names no Region")
        if region != spec.region:
            return violated(f"it is in {quoted(region)}, the key store in {quoted(spec.region)}")
        return met(f"both are in {quoted(region)}")

    yield from of_spec(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.SERVICE_CONFIGURATION_INFERRED,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Let the endpoint service support IPv4.",
        console=f"{_CONSOLE} > Actions > Modify supported IP address types",
        cli=f"{_MODIFY} --add-supported-ip-address-types ipv4",
    ),
)
def endpoint_service_offers_ipv4(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service supports IPv4: KMS has nothing else for external key stores.

    All components of an external key store use IPv4. A service that supports IPv6 alone can't be connected
    to. AWS documents no error for it.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        types = service.address_types
        if not types:
            return unknown("AWS does not say which address types it supports")
        if "ipv4" in {each.lower() for each in types}:
            return met(f"it supports {', '.join(types)}")
        return violated(f"it supports {listed(types)} alone")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.ACCEPTANCE_REQUIRED,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Do not require acceptance: nobody would accept KMS's endpoint in time.",
        console=f"{_CONSOLE} > Actions > Modify endpoint acceptance setting",
        cli=f"{_MODIFY} --no-acceptance-required",
    ),
)
def acceptance_is_not_required(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service accepts connections by itself.

    KMS makes its interface endpoint by itself and waits for nobody. A connection that has to be accepted by
    hand is never available in time. AWS's pages have several names for the error.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        if service.acceptance_required is None:
            return unknown("AWS does not say whether acceptance is required")
        if service.acceptance_required:
            return violated("acceptance is required")
        return met("acceptance is not required")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Make an endpoint service of type Interface with a Network Load Balancer.",
        console="VPC > Endpoint services > Create endpoint service > Load balancer type: Network",
        cli=_DESCRIBE,
    ),
)
def service_uses_a_network_load_balancer(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service is of type Interface, with a Network Load Balancer behind it.

    KMS connects through an interface endpoint, which only a service with Network Load Balancers has. Gateway
    Load Balancers make another kind of service.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        types = service.types
        if types and "Interface" not in types:
            return violated(f"it is of type {listed(types)}")
        if service.gateway_load_balancer_arns:
            return violated("it has Gateway Load Balancers")
        if service.is_owner_view and not service.load_balancer_arns:
            return violated("it has no load balancer")
        if not types:
            return unknown("AWS does not say of which type it is")
        return met(f"it is of type {', '.join(types)}")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Enable a second Availability Zone, on the load balancer and then on the endpoint service.",
        console="EC2 > Load Balancers > the Network Load Balancer > Network mapping > Edit subnets",
        cli=_DESCRIBE,
    ),
)
def two_availability_zones(evidence: Evidence) -> Iterable[Finding]:
    """The service and its load balancers are in two Availability Zones at least.

    KMS takes no service with fewer, so that the loss of a zone does not stop every key. Zones are counted by
    their ids: the names differ from account to account.
    """

    def judge(_: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        offered = frozenset(service.zone_ids or service.zones) - {""}
        if not offered:
            return unknown("AWS does not say in which zones it is")
        if len(offered) < 2:  # noqa: PLR2004  # the requirement's own number
            return violated(f"the service is in {listed(tuple(sorted(offered)))} alone")
        balancers = hidden_as_owner(account, service) or account.load_balancers
        if isinstance(balancers, Unavailable):
            return not_seen(balancers)
        if not service.is_owner_view:
            return met(f"the service is in {listed(tuple(sorted(offered)))}")
        zones = {zone.zone for each in balancers for zone in each.zones} - {""}
        if balancers and len(zones) < 2:  # noqa: PLR2004
            return violated(f"its load balancers are in {listed(tuple(sorted(zones)))} alone")
        return met(f"{listed(tuple(sorted(offered)))}")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=account_errors.ENDPOINT_SERVICES,
    remedy=Remedy(
        text="Enable the zone on the endpoint service, too: enabling it on the load balancer is not enough.",
        console=f"{_CONSOLE} > Load balancers",
        cli=_DESCRIBE,
    ),
)
def endpoint_service_offers_every_load_balancer_zone(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service offers every zone in which its load balancers are.

    A zone that was enabled later on the load balancer is not offered to consumers until the service has it,
    too. KMS then has fewer zones to come through than you think.
    """

    def judge(_: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        if not service.is_owner_view:
            return of_the_owner(account, service, "its load balancers")
        if isinstance(account.load_balancers, Unavailable):
            return not_seen(account.load_balancers)
        zones = {zone.zone for each in account.load_balancers for zone in each.zones}
        if not service.zones or not zones:
            return unknown("AWS does not say in which zones they are")
        missing = tuple(sorted(zones - set(service.zones)))
        if missing:
            return violated(f"it does not offer {listed(missing)}")
        return met(f"it offers {listed(tuple(sorted(service.zones)))}")

    yield from of_service(evidence, judge)
