"""The account in moto, created and queried by ordinary boto3 calls within this process.

moto's own server is not used: `protocol` reads requests and writes responses by botocore's model, and the
responses must be available as values so that they can be changed.
"""

import os
import threading
from collections.abc import Mapping
from typing import Any

from simulator.aws.account import ACCOUNT_ID, EVERY_ZONE, AccountPlan, Resources, Zone
from simulator.aws.members import interface_description
from simulator.aws.protocol import AwsError
from simulator.control import SimulationError

NAME = "xks"
_SEED = 1
# moto uses the ARN format of application load balancers for all; these parts are replaced both ways.
_MOTOS, _AWSS = ("loadbalancer/app/", "listener/app/"), ("loadbalancer/net/", "listener/net/")


class Moto:
    """One account in all Regions. Calls block; the class is thread-safe."""

    def __init__(self) -> None:
        _forget_the_environment()
        try:
            import boto3
            from moto import mock_aws
        except ImportError as error:
            raise SimulationError(
                f"a scenario with an account needs moto ({error}): install 'moto'"
            ) from error
        self._boto3 = boto3
        self._mock = mock_aws()
        self._mock.start()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def model(self, service: str, region: str) -> Any:
        """Botocore's model of the service."""
        with self._lock:
            return self._client(service, region).meta.service_model

    def zones(self, region: str) -> tuple[Zone, ...]:
        """The zones of a Region. Raises SimulationError for a Region unknown to moto."""
        with self._lock:
            try:
                answer = self._client("ec2", region).describe_availability_zones()
            except Exception as error:
                raise SimulationError(f"account.region: moto does not know the Region {region}") from error
        return tuple(Zone(name=each["ZoneName"], id=each["ZoneId"]) for each in answer["AvailabilityZones"])

    def build(self, region: str, plan: AccountPlan, private_dns_name: str) -> Resources:
        """Create all resources in a Region. The ids are the same in every simulation."""
        from moto.moto_api._internal import mock_random

        with self._lock:
            mock_random.seed(_SEED)
            ec2, elbv2 = self._client("ec2", region), self._client("elbv2", region)
            vpc = ec2.create_vpc(CidrBlock=plan.ranges[0])["Vpc"]["VpcId"]
            subnets = _network(ec2, vpc, plan)
            group = _security_group(ec2, vpc)
            motos_arn = _load_balancer(elbv2, vpc, plan, subnets, group)
            arn = _renamed(motos_arn, _MOTOS, _AWSS)
            for node in plan.nodes:
                ec2.create_network_interface(
                    SubnetId=subnets[node.zone],
                    PrivateIpAddress=node.address,
                    Description=interface_description(arn),
                    Groups=[group],
                )
            service = _endpoint_service(ec2, motos_arn, region, private_dns_name)
        return Resources(
            plan=plan,
            region=region,
            service_id=service["ServiceId"],
            service_name=service["ServiceName"],
            load_balancer_arn=arn,
            subnets=subnets,
        )

    def ask(self, service: str, region: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The response of moto, in one page. Raises AwsError if moto returns an error."""
        with self._lock:
            client = self._client(service, region)
            method = next(name for name, of in client.meta.method_to_api_mapping.items() if of == operation)
            try:
                answer = getattr(client, method)(**_renamed(dict(parameters), _AWSS, _MOTOS))
            except client.exceptions.ClientError as error:
                details = error.response["Error"]
                raise AwsError(details.get("Code", "InternalFailure"), details.get("Message", "")) from error
            except NotImplementedError as error:
                raise AwsError("InvalidAction", f"moto has no {operation}") from error
        answer.pop("ResponseMetadata", None)
        answered: dict[str, Any] = _renamed(answer, _MOTOS, _AWSS)
        return answered

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._boto3.client(service, region_name=region)
        return self._clients[service, region]


def _network(ec2: Any, vpc: str, plan: AccountPlan) -> dict[str, str]:
    """Create ranges, subnets and routes of the VPC. Returns the subnet ids by zone."""
    for each in plan.ranges[1:]:
        ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=each)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets: dict[str, str] = {
        zone: ec2.create_subnet(VpcId=vpc, CidrBlock=subnet, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, subnet in plan.subnets.items()
    }
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    for subnet in subnets.values():
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=gateway)
    for each in plan.beyond:
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=each, GatewayId=gateway)
    return subnets


def _security_group(ec2: Any, vpc: str) -> str:
    """Create a security group that allows TCP 443 from anywhere."""
    group: str = ec2.create_security_group(GroupName=NAME, Description="XKS proxy", VpcId=vpc)["GroupId"]
    anywhere = [{"CidrIp": "0.0.0.0/0"}]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": anywhere}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return group


def _load_balancer(elbv2: Any, vpc: str, plan: AccountPlan, subnets: Mapping[str, str], group: str) -> str:
    """Create the load balancer with its listener and target group. Returns its ARN."""
    arn: str = elbv2.create_load_balancer(
        Name=NAME, Type="network", Scheme="internal", Subnets=list(subnets.values()), SecurityGroups=[group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    target_group: str = elbv2.create_target_group(
        Name=NAME,
        Protocol="TCP",
        Port=443,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckProtocol="HTTPS",
        HealthCheckPath="/ping",
    )["TargetGroups"][0]["TargetGroupArn"]
    targets = [
        {"Id": target.address, "Port": target.port}
        | ({"AvailabilityZone": EVERY_ZONE} if target.zone == EVERY_ZONE else {})
        for target in plan.targets
    ]
    if targets:
        elbv2.register_targets(TargetGroupArn=target_group, Targets=targets)
    forward = {"Type": "forward", "TargetGroupArn": target_group}
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=443, DefaultActions=[forward])
    return arn


def _endpoint_service(ec2: Any, load_balancer: str, region: str, private_dns_name: str) -> dict[str, Any]:
    """Create an endpoint service that KMS may use. Returns the description from the call."""
    service: dict[str, Any] = ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[load_balancer], AcceptanceRequired=False, PrivateDnsName=private_dns_name
    )["ServiceConfiguration"]
    ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], AddAllowedPrincipals=[f"cks.kms.{region}.amazonaws.com"]
    )
    return service


def _renamed(value: Any, words: tuple[str, ...], others: tuple[str, ...]) -> Any:
    """The value with each of ``words`` replaced by its counterpart in ``others``."""
    if isinstance(value, str):
        for word, other in zip(words, others, strict=True):
            value = value.replace(word, other)
        return value
    if isinstance(value, list):
        return [_renamed(each, words, others) for each in value]
    if isinstance(value, dict):
        return {key: _renamed(each, words, others) for key, each in value.items()}
    return value


def _forget_the_environment() -> None:
    """Ignore any real AWS configuration of this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOTO_ACCOUNT_ID": ACCOUNT_ID,
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    }
