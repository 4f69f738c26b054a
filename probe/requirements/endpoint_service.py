"""The VPC endpoint service: its existence, Region, type, acceptance setting and Availability Zones."""

from collections.abc import Iterable

from probe.model.account import Account, EndpointService, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import (
    PUBLIC,
    call_failed,
    failed_owner_call,
    not_given,
    of_service,
    of_spec,
    of_vpc_account,
    owner_only,
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
        text="Check the service name letter by letter, and check that you use the right Region and account.",
        console="VPC > Endpoint services",
        cli="aws ec2 describe-vpc-endpoint-service-configurations --region REGION",
    ),
)
def endpoint_service_exists(evidence: Evidence) -> Iterable[Finding]:
    """The VPC endpoint service exists and is available.

    Another account's service is visible only to the accounts that it allows. If it is not visible, it may not
    exist, or it may not allow this account.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        service = account.service
        if spec.service_name is None:
            return not_given(spec, account, "endpoint service", "--endpoint-service")
        if isinstance(service, Unavailable):
            return call_failed(service)
        if service is None:
            return _missing(spec, account)
        return _state(account, service)

    yield from of_vpc_account(evidence, judge)


def _state(account: Account, service: EndpointService) -> Finding:
    failed = failed_owner_call(account, service)
    if failed is not None:
        return unknown(f"{service.id} exists, but its state is not known: {call_failed(failed).because}")
    if not service.state:
        return unknown(f"{service.id} exists, but AWS returned no state for it")
    if service.state.lower() != "available":
        return violated(f"its state is {quoted(service.state)}, not Available")
    return met(f"{service.id} is available")


def _missing(spec: KeyStoreSpec, account: Account) -> Finding:
    name = quoted(spec.service_name or "")
    if spec.service_owner is not None and isinstance(account.id, Unavailable):
        return call_failed(account.id)
    if spec.service_owner is not None and spec.service_owner != account.id:
        return unknown(
            f"{name} is not visible to this account: it does not exist, or its declared owner, account "
            f"{quoted(spec.service_owner)}, does not allow this account"
        )
    return violated(f"{name} is not among the endpoint services visible to this account in {spec.region}")


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.SERVICE,
    errors=account_errors.SERVICE_NOT_FOUND,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Create the endpoint service, its load balancer and VPC in the Region of the key store.",
        console="VPC > Endpoint services > Create endpoint service",
    ),
)
def endpoint_service_is_in_the_store_region(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service is in the Region of the key store.

    KMS creates its interface endpoint in the Region of the key store and looks for the service there. The
    service name contains the service's Region.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        if spec.service_name is None:
            return not_given(spec, evidence.account, "endpoint service", "--endpoint-service")
        labels = spec.service_name.split(".")
        region = labels[3] if len(labels) > 4 else ""  # noqa: PLR2004  # com.amazonaws.vpce.REGION.ID
        if not region:
            return unknown(f"{quoted(spec.service_name)} contains no Region")
        if region != spec.region:
            return violated(f"it is in {quoted(region)}, but the key store is in {quoted(spec.region)}")
        return met(f"both are in {quoted(region)}")

    yield from of_spec(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.SERVICE_CONFIGURATION_INFERRED,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Add IPv4 to the supported IP address types of the endpoint service.",
        console=f"{_CONSOLE} > Actions > Modify supported IP address types",
        cli=f"{_MODIFY} --add-supported-ip-address-types ipv4",
    ),
)
def endpoint_service_offers_ipv4(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service supports IPv4, which is all that KMS uses for external key stores.

    All components of an external key store use IPv4. KMS cannot connect to a service that supports only
    IPv6. AWS documents no error for this.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        types = service.address_types
        if not types:
            return unknown("AWS returned no supported IP address types")
        if "ipv4" in {each.lower() for each in types}:
            return met(f"it supports {', '.join(types)}")
        return violated(f"it supports only {listed(types)}")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.ACCEPTANCE_REQUIRED,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Clear the setting Acceptance required: KMS does not wait for a manual acceptance.",
        console=f"{_CONSOLE} > Actions > Modify endpoint acceptance setting",
        cli=f"{_MODIFY} --no-acceptance-required",
    ),
)
def acceptance_is_not_required(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service accepts connections automatically.

    KMS creates its interface endpoint without your involvement and does not wait for a manual acceptance. A
    connection that must be accepted manually is never available in time. AWS's pages give different errors
    for this.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        if service.acceptance_required is None:
            return unknown("AWS returned no acceptance setting")
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
        text="Create an endpoint service of type Interface with a Network Load Balancer.",
        console="VPC > Endpoint services > Create endpoint service > Load balancer type: Network",
        cli=_DESCRIBE,
    ),
)
def service_uses_a_network_load_balancer(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service is of type Interface, with a Network Load Balancer behind it.

    KMS connects through an interface endpoint, which needs a service with Network Load Balancers. A service
    with Gateway Load Balancers has another type.
    """

    def judge(_: KeyStoreSpec, _account: Account, service: EndpointService) -> Finding:
        types = service.types
        if types and "Interface" not in types:
            return violated(f"its type is {listed(types)}")
        if service.gateway_load_balancer_arns:
            return violated("it has Gateway Load Balancers")
        if service.is_owner_view and not service.load_balancer_arns:
            return violated("it has no load balancer")
        if not types:
            return unknown("AWS returned no service type")
        return met(f"its type is {', '.join(types)}")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Enable a second Availability Zone on the load balancer, then on the endpoint service.",
        console="EC2 > Load Balancers > the Network Load Balancer > Network mapping > Edit subnets",
        cli=_DESCRIBE,
    ),
)
def two_availability_zones(evidence: Evidence) -> Iterable[Finding]:
    """The service and its load balancers are in at least two Availability Zones.

    KMS rejects a service with fewer zones, so that the loss of one zone does not stop every key. Zones are
    counted by id, because their names differ between accounts.
    """

    def judge(_: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        offered = frozenset(service.zone_ids or service.zones) - {""}
        if not offered:
            return unknown("AWS returned no zones of the service")
        if len(offered) < 2:  # noqa: PLR2004  # the requirement's own number
            return violated(f"the service is only in {listed(tuple(sorted(offered)))}")
        balancers = failed_owner_call(account, service) or account.load_balancers
        if isinstance(balancers, Unavailable):
            return call_failed(balancers)
        if not service.is_owner_view:
            return met(f"the service is in {listed(tuple(sorted(offered)))}")
        zones = {zone.zone for each in balancers for zone in each.zones} - {""}
        if balancers and len(zones) < 2:  # noqa: PLR2004
            return violated(f"its load balancers are only in {listed(tuple(sorted(zones)))}")
        return met(f"the service is in {listed(tuple(sorted(offered)))}")

    yield from of_service(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=account_errors.ENDPOINT_SERVICES,
    remedy=Remedy(
        text="Enable the zone on the endpoint service as well: enabling it on the load balancer is not "
        "enough.",
        console=f"{_CONSOLE} > Load balancers",
        cli=_DESCRIBE,
    ),
)
def endpoint_service_offers_every_load_balancer_zone(evidence: Evidence) -> Iterable[Finding]:
    """The endpoint service offers every zone of its load balancers.

    If a zone is added to the load balancer later, consumers cannot use it until it is enabled on the service
    as well. KMS then has fewer zones to connect through than you expect.
    """

    def judge(_: KeyStoreSpec, account: Account, service: EndpointService) -> Finding:
        if not service.is_owner_view:
            return owner_only(account, service, "its load balancers")
        if isinstance(account.load_balancers, Unavailable):
            return call_failed(account.load_balancers)
        zones = {zone.zone for each in account.load_balancers for zone in each.zones}
        if not service.zones or not zones:
            return unknown("AWS returned no zones of the service or its load balancers")
        missing = tuple(sorted(zones - set(service.zones)))
        if missing:
            return violated(f"it does not offer {listed(missing)}")
        return met(f"it offers {listed(tuple(sorted(service.zones)))}")

    yield from of_service(evidence, judge)
