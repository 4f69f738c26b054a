"""AWS responses that moto does not have at all; `members` completes those it has. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.aws import metrics
from simulator.aws.account import ACCOUNT_ID, KMS_ACCOUNT_ID, Resources
from simulator.aws.protocol import AwsError
from simulator.aws_paths import changed
from simulator.scenario.aws_section import AccountSection
from simulator.scenario.scenario import Scenario

_CREATED = dt.datetime(2026, 1, 15, 9, 30, tzinfo=dt.UTC)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The data for a response. ``resources`` is None in a Region without resources."""

    scenario: Scenario
    section: AccountSection
    resources: Resources | None


def _key_stores(view: View, parameters: Json) -> Json:
    resources = view.resources
    stores = (
        [changed(_key_store(view, resources), each) for each in view.section.key_stores] if resources else []
    )
    wanted = {
        "CustomKeyStoreId": parameters.get("CustomKeyStoreId"),
        "CustomKeyStoreName": parameters.get("CustomKeyStoreName"),
    }
    for key, value in wanted.items():
        if value is not None:
            stores = [store for store in stores if store.get(key) == value]
            if not stores:
                raise AwsError("CustomKeyStoreNotFoundException", f"there is no custom key store {value}")
    return {"CustomKeyStores": stores}


def _key_store(view: View, resources: Resources) -> Json:
    scenario, owner = view.scenario, view.section.service_owner
    proxy = {
        "Connectivity": "VPC_ENDPOINT_SERVICE",
        "AccessKeyId": scenario.proxy.credentials[0].access_key_id,
        "UriEndpoint": f"https://{scenario.private_dns_name}",
        "UriPath": scenario.uri_path,
        "VpcEndpointServiceName": resources.service_name,
        **({"VpcEndpointServiceOwner": owner} if owner else {}),
    }
    return {
        "CustomKeyStoreId": scenario.key_store,
        "CustomKeyStoreName": "xks",
        "ConnectionState": "CONNECTED",
        "CreationDate": _CREATED,
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConfiguration": proxy,
    }


def _connections(view: View, parameters: Json) -> Json:
    """The endpoint of KMS, if there is a key store for which KMS would have created one."""
    resources = view.resources
    if (
        resources is None
        or not view.section.key_stores
        or not _wants(parameters, "service-id", resources.service_id)
    ):
        return {"VpcEndpointConnections": []}
    connection = {
        "ServiceId": resources.service_id,
        "VpcEndpointId": "vpce-0a1b2c3d4e5f60718",
        "VpcEndpointOwner": KMS_ACCOUNT_ID,
        "VpcEndpointState": "available",
        "CreationTimestamp": _CREATED,
        "NetworkLoadBalancerArns": [resources.load_balancer_arn],
        "IpAddressType": "ipv4",
        "VpcEndpointConnectionId": "vpce-con-0a1b2c3d4e5f60718",
        "VpcEndpointRegion": resources.region,
    }
    return {"VpcEndpointConnections": [connection]}


def _wants(parameters: Json, name: str, value: str) -> bool:
    """Whether the value passes the request's filters of that name, if any."""
    values = [each.get("Values", []) for each in parameters.get("Filters", []) if each.get("Name") == name]
    return all(value in each for each in values)


def _services(view: View, parameters: Json) -> Json:
    """The endpoint service as its consumers see it."""
    resources = view.resources
    names = parameters.get("ServiceNames", [])
    known = resources.service_name if resources else None
    unknown = next((name for name in names if name != known), None)
    if unknown is not None:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{unknown}' does not exist")
    if resources is None:
        return {"ServiceNames": [], "ServiceDetails": []}
    detail = {
        "ServiceName": resources.service_name,
        "ServiceId": resources.service_id,
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": resources.region,
        "AvailabilityZoneIds": [zone.id for zone in resources.plan.zones],
        "AvailabilityZones": [zone.name for zone in resources.plan.zones],
        "Owner": view.section.service_owner or ACCOUNT_ID,
        "BaseEndpointDnsNames": [f"{resources.service_id}.{resources.region}.vpce.amazonaws.com"],
        "PrivateDnsName": view.scenario.private_dns_name,
        "PrivateDnsNames": [{"PrivateDnsName": view.scenario.private_dns_name}],
        "VpcEndpointPolicySupported": False,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "PrivateDnsNameVerificationState": "verified",
        "SupportedIpAddressTypes": ["ipv4"],
        "Tags": [],
    }
    return {"ServiceNames": [resources.service_name], "ServiceDetails": [detail]}


def instance_id(number: int) -> str:
    """The id of the instance that the proxy of that number runs on, from 1.

    >>> instance_id(1)
    'i-00000000000000001'
    """
    return f"i-{number:017x}"


def _instances(view: View, parameters: Json) -> Json:
    """The proxies as instances, each in the subnet of its zone; in the first one if it is in no zone."""
    resources = view.resources
    if resources is None:
        return {"Reservations": []}
    first = resources.plan.zones[0].name
    found: list[Json] = []
    for number, target in enumerate(resources.plan.targets, 1):
        zone = target.zone if target.zone in resources.subnets else first
        id_ = instance_id(number)
        one = {
            "InstanceId": id_,
            "Placement": {"AvailabilityZone": zone},
            "SubnetId": resources.subnets.get(zone, ""),
            "PrivateIpAddress": target.address,
            "SecurityGroups": [],
        }
        if _wants(parameters, "instance-id", id_):
            found.append(one)
    return {"Reservations": [{"OwnerId": ACCOUNT_ID, "Instances": found}] if found else []}


def _metrics(view: View, parameters: Json) -> Json:
    resources = view.resources
    if resources is None:
        return {"MetricDataResults": []}
    has_store = bool(view.section.key_stores)
    of_store = {"CustomKeyStoreId": view.scenario.key_store} if has_store else None
    of_service = {"Service Id": resources.service_id}
    return metrics.answer(view.section.metrics, of_store, of_service, parameters)


# Calls that moto does not have, or only with machine images, or with all of AWS's own services (a second).
LACKING: Mapping[str, Callable[[View, Json], Json]] = {
    "DescribeCustomKeyStores": _key_stores,
    "DescribeVpcEndpointConnections": _connections,
    "DescribeVpcEndpointServices": _services,
    "DescribeInstances": _instances,
    "GetMetricData": _metrics,
}
