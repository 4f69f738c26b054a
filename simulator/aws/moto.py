"""The account in moto: made by ordinary calls of boto3, asked by them, in this process alone.

moto's own server is not needed: it reads a request and writes an answer by botocore's model, as `aws_model`
does, and an answer has to be at hand as a value to be changed.
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
# moto calls every load balancer an application's. Both ways, in every ARN.
_MOTOS, _AWSS = ("loadbalancer/app/", "listener/app/"), ("loadbalancer/net/", "listener/net/")


class Moto:
    """One account in all Regions. Blocking; several threads may ask."""

    def __init__(self) -> None:
        _forget_the_environment()
        try:
            import boto3
            from moto import mock_aws
        except ImportError as error:
            raise SimulationError(
                f"a scenario with an account needs moto, which only the tests need ({error}): install 'moto'"
            ) from error
        self._boto3 = boto3
        self._mock = mock_aws()
        self._mock.start()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def model(self, service: str, region: str) -> Any:
        """The model that botocore has of the service."""
        with self._lock:
            return self._client(service, region).meta.service_model

    def zones(self, region: str) -> tuple[Zone, ...]:
        """The zones of a Region. Raises SimulationError for one that moto does not know."""
        with self._lock:
            try:
                answer = self._client("ec2", region).describe_availability_zones()
            except Exception as error:
                raise SimulationError(f"account.region: {region} is no Region that moto knows") from error
        return tuple(Zone(name=each["ZoneName"], id=each["ZoneId"]) for each in answer["AvailabilityZones"])

    def build(self, region: str, plan: AccountPlan, private_dns_name: str) -> Resources:
        """Make everything in a Region. The ids are the same in every simulation."""
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
        )

    def ask(self, service: str, region: str, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What moto answers, all of it in one page. Raises AwsError with what it says instead."""
        with self._lock:
            client = self._client(service, region)
            method = next(name for name, of in client.meta.method_to_api_mapping.items() if of == operation)
            try:
                answer = getattr(client, method)(**_renamed(dict(asked), _AWSS, _MOTOS))
            except client.exceptions.ClientError as error:
                said = error.response["Error"]
                raise AwsError(said.get("Code", "InternalFailure"), said.get("Message", "")) from error
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
    """Ranges, subnets and routes of the VPC; the subnets' ids by zone."""
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
    """One that admits TCP 443 from anywhere."""
    group: str = ec2.create_security_group(GroupName=NAME, Description="XKS proxy", VpcId=vpc)["GroupId"]
    everybody = [{"CidrIp": "0.0.0.0/0"}]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": everybody}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return group


def _load_balancer(elbv2: Any, vpc: str, plan: AccountPlan, subnets: Mapping[str, str], group: str) -> str:
    """The ARN of the load balancer, which has its listener and target group."""
    arn: str = elbv2.create_load_balancer(
        Name=NAME, Type="network", Scheme="internal", Subnets=list(subnets.values()), SecurityGroups=[group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    target_group: str = elbv2.create_target_group(
        Name=NAME, Protocol="TCP", Port=443, VpcId=vpc, TargetType="ip"
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
    """One that KMS may use; as the call that made it describes it."""
    service: dict[str, Any] = ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[load_balancer], AcceptanceRequired=False, PrivateDnsName=private_dns_name
    )["ServiceConfiguration"]
    ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], AddAllowedPrincipals=[f"cks.kms.{region}.amazonaws.com"]
    )
    return service


def _renamed(value: Any, words: tuple[str, ...], others: tuple[str, ...]) -> Any:
    """The value with each of the words in it replaced."""
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
    """Nothing of the real AWS that this machine may be set up for is used here."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOTO_ACCOUNT_ID": ACCOUNT_ID,
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    }
