"""All sources of untrusted text in a preflight's evidence, and hostile texts to put there."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from support.accounts.collected import HOST, REGION, SERVICE_NAME, STORE_ID, answer, call, healthy
from support.accounts.discovered_targets import targets_for
from support.evidence import NOW_S, issue, sent, tcp, tls
from support.network.xks_proxy import HEALTHY

from probe.aws.audit import audit
from probe.aws.collected_answers import CollectedAnswers
from probe.aws.selection import spec_with_defaults
from probe.model.evidence import Evidence
from probe.model.facts import DomainFacts, RecordSeen, RecordState, View
from probe.model.measurements import Failure, Measurement, Phase, Reason, Timestamps
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, Target
from probe.model.verdicts import Scope
from probe.network.http import HttpResponse
from probe.probes.health_request import RequestKind, details_of

# The harmful part comes first, because names are truncated.
PAYLOADS = (
    "\x1b]0;o\x07[/red]<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>\u202e\u2066',
    "=cmd()|'x'\n| a |\r\n# h",
    "`](javascript:a)![x](https://e.example)",
    "\ud800\x9b31m\x85\u2028\x00\ufeff",
    "]]>&amp;&#x1b;{{ 7*7 }}{% raw %}",
    "[link=file:///x]y[/link]:smile:",
    "x" * 65536,
    "\n" * 65536,
)
IDS = [
    "escape",
    "tag and override",
    "formula and table",
    "links",
    "controls",
    "entities",
    "rich",
    "64 kB",
    "64 kB of line breaks",
]


@dataclass
class Inputs:
    """The parts from which a preflight's evidence is made. A test changes one of them."""

    document: dict[str, Any]
    chain: tuple[Any, ...] = ()
    failure: Failure | None = None
    version: str | None = "TLSv1.3"
    not_tls: bytes = b""
    server_header: str = "nginx"
    cipher: str | None = "TLS_AES_256_GCM_SHA384"
    status: int = 200
    body: bytes = json.dumps(HEALTHY).encode()
    answers: tuple[str, ...] = ("vpce:other",)
    record: str = "_x.example.com"
    server: str = "192.0.2.1"
    rcode: str = "NOERROR"
    because: str = "so"
    vantage: str = "here"
    name: str | None = None
    older: dict[str, Any] | None = None

    def evidence(self) -> Evidence:
        client = CollectedAnswers(self.document)
        account = audit(
            client,
            KeyStoreSpec(region=REGION, id=STORE_ID, service_name=SERVICE_NAME),
            taken_at_s=NOW_S,
            timeout_s=100.0,
        )
        given = KeyStoreSpec(region=REGION, id=STORE_ID, service_name=SERVICE_NAME, name=self.name)
        spec = spec_with_defaults(given, account)
        targets = targets_for(spec, account)
        measurements = tuple(each for target in targets for each in self.measured(target))
        domain = DomainFacts(
            private_dns_name=self.record, registrable=self.record, names=(self.record,), expected_value="vpce:Value",
            is_public=None, public_zone=self.record, seen=(self.seen(),), because=self.because,
        )  # fmt: skip
        return Evidence(
            taken_at_s=NOW_S,
            targets=targets,
            latest=measurements,
            recent=measurements,
            spec=spec,
            account=account,
            domain=domain,
            scopes=frozenset(Scope),
        )

    def seen(self) -> RecordSeen:
        return RecordSeen(
            name=self.record,
            view=View.PUBLIC,
            server=self.server,
            state=RecordState.WRONG_VALUE,
            answers=self.answers,
        )

    def measured(self, of: Target) -> tuple[Measurement, ...]:
        handshake = tls(
            of, self.chain, self.failure, version=self.version, cipher=self.cipher, not_tls=self.not_tls
        )
        reply = HttpResponse(
            status=self.status, headers=(("date", self.because), ("server", self.server_header), ("location", self.server_header)), body=self.body, failure=self.failure,
            phases_s={Phase.WAIT: 0.02}, timestamps=Timestamps.KERNEL,
        )  # fmt: skip
        purposes = (RequestKind.HEALTH, RequestKind.KEY_METADATA, RequestKind.UNSIGNED)
        health = (
            Measurement(
                target=of, check=Check.HEALTH_COLD, started_at_s=NOW_S, phases_s=reply.phases_s, failure=self.failure,
                details=details_of(reply, purpose, NOW_S, 2),
            )
            for purpose in purposes
        )  # fmt: skip
        return (tcp(of), handshake, *health)


Put = Callable[[Inputs, str], None]


def in_aws(operation: str, *path: Any) -> Put:
    """The payload in one field of the answer to the first call of an operation."""

    def put(inputs: Inputs, payload: str) -> None:
        parent: Any = answer(inputs.document, operation)
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = payload

    return put


def _aws_error(field: str) -> Put:
    def put(inputs: Inputs, payload: str) -> None:
        for operation in ("DescribeVpcs", "DescribeTargetHealth", "DescribeVpcEndpointServicePermissions"):
            recorded = call(inputs.document, operation)
            recorded.pop("answer")
            recorded["error"] = {"code": "Unexpected", "message": "m", field: payload}

    return put


def _field(name: str) -> Put:
    def put(inputs: Inputs, payload: str) -> None:
        setattr(inputs, name, payload)

    return put


def _without_tls(inputs: Inputs, payload: str) -> None:
    inputs.version = inputs.cipher = None
    inputs.chain = ()
    inputs.not_tls = payload.encode("utf-8", "surrogatepass")[:64]
    inputs.failure = Failure(phase=Phase.HANDSHAKE, reason=Reason.PROTOCOL_ERROR)


def _front_end(inputs: Inputs, payload: str) -> None:
    inputs.status, inputs.body, inputs.server_header = 503, b"<html>", payload


def _body(make: Callable[[str], object], status: int) -> Put:
    def put(inputs: Inputs, payload: str) -> None:
        body = make(payload)
        inputs.body = (
            body.encode("utf-8", "surrogatepass") if isinstance(body, str) else json.dumps(body).encode()
        )
        inputs.status = status

    return put


def _certificate(**fields: Callable[[str], Any]) -> Put:
    def put(inputs: Inputs, payload: str) -> None:
        (leaf,) = sent(LEAF)
        inputs.chain = (replace(leaf, **{name: make(payload) for name, make in fields.items()}),)

    return put


def _issued(inputs: Inputs, payload: str) -> None:
    """Issue real certificates with the payload, for the code that parses them.

    Only 60 ASCII characters of it are used, because the cryptography library accepts no more.
    """
    name = payload.encode("ascii", "ignore").decode()[:60] or "x"
    root = issue(name, ca=True)
    inputs.chain = sent(issue(name, by=root), root)


def _manager(inputs: Inputs, payload: str) -> None:
    fleet = [{"id": payload, "model": payload, "healthStatus": "UNAVAILABLE"}]
    vendors = {"xksProxyVendor": payload, "xksProxyModel": payload, "ekmVendor": payload}
    inputs.body = json.dumps({**HEALTHY, **vendors, "ekmFleetDetails": fleet}).encode()


def _failed(inputs: Inputs, payload: str) -> None:
    inputs.failure = Failure(phase=Phase.RECEIVE, reason=Reason.PROTOCOL_ERROR, detail=payload)


def _older(inputs: Inputs, payload: str) -> None:
    verdict = {"requirement": payload, "subject": payload, "outcome": "violated"}
    error = {"error": payload, "likelihood": "expected", "masked_by": None}
    inputs.older = {
        "verdicts": [verdict], "prediction": {payload: {"errors": [error]}, "connect": {"errors": [error]}}, "taken_at": payload
    }  # fmt: skip


def _node_zone(inputs: Inputs, payload: str) -> None:
    for each in answer(inputs.document, "DescribeNetworkInterfaces")["NetworkInterfaces"]:
        each["AvailabilityZone"] = payload


LEAF = issue(HOST)
_SERVICE = ("DescribeVpcEndpointServiceConfigurations", "ServiceConfigurations", 0)
_STORE = ("DescribeCustomKeyStores", "CustomKeyStores", 0)
_BALANCER = ("DescribeLoadBalancers", "LoadBalancers", 0)
_HEALTH = ("DescribeTargetHealth", "TargetHealthDescriptions", 0)
_GROUP = ("DescribeTargetGroups", "TargetGroups", 0)
SOURCES: dict[str, Put] = {
    "common name": _certificate(subject_common_names=lambda p: (p,), subject=lambda p: f"CN={p}"),
    "alternative names": _certificate(dns_names=lambda p: (p, p)),
    "issuer": _certificate(issuer=lambda p: f"CN={p}", issuer_common_name=lambda p: p),
    "serial and key": _certificate(serial=lambda p: p, key=lambda p: p),
    "names in a chain": _issued,
    "TLS version": _field("version"),
    "cipher": _field("cipher"),
    "first bytes of a server without TLS": _without_tls,
    "detail of a failure": _failed,
    "errorName": _body(lambda p: {"errorName": p}, 500),
    "errorMessage": _body(lambda p: {"errorName": "InternalException", "errorMessage": p}, 500),
    "HTML body": _body(lambda p: f"<html>{p}", 404),
    "Server and Location headers": _front_end,
    "body that is not JSON": _body(lambda p: p, 200),
    "key managers": _manager,
    "key metadata": _body(lambda p: {"keySpec": p, "keyStatus": p, "keyUsage": [p]}, 200),
    "TXT values": lambda w, p: setattr(w, "answers", (p, p)),
    "TXT name": _field("record"),
    "name server": _field("server"),
    "rcode": _field("rcode"),
    "reason and Date header": _field("because"),
    "vantage": _field("vantage"),
    "key store name": _field("name"),
    "an older preflight": _older,
    "Region of the file": lambda w, p: w.document.__setitem__("region", p),
    "account": in_aws("GetCallerIdentity", "Account"),
    "store name in AWS": in_aws(*_STORE, "CustomKeyStoreName"),
    "store kind": in_aws(*_STORE, "CustomKeyStoreType"),
    "connection state": in_aws(*_STORE, "ConnectionState"),
    "connection error code": in_aws(*_STORE, "ConnectionErrorCode"),
    "endpoint": in_aws(*_STORE, "XksProxyConfiguration", "UriEndpoint"),
    "path": in_aws(*_STORE, "XksProxyConfiguration", "UriPath"),
    "connectivity": in_aws(*_STORE, "XksProxyConfiguration", "Connectivity"),
    "service owner": in_aws(*_STORE, "XksProxyConfiguration", "VpcEndpointServiceOwner"),
    "service id": in_aws(*_SERVICE, "ServiceId"),
    "service state": in_aws(*_SERVICE, "ServiceState"),
    "service type": in_aws(*_SERVICE, "ServiceType", 0, "ServiceType"),
    "tags": in_aws(*_SERVICE, "Tags"),
    "private DNS name": in_aws(*_SERVICE, "PrivateDnsName"),
    "verification state": in_aws(*_SERVICE, "PrivateDnsNameConfiguration", "State"),
    "verification name": in_aws(*_SERVICE, "PrivateDnsNameConfiguration", "Name"),
    "verification value": in_aws(*_SERVICE, "PrivateDnsNameConfiguration", "Value"),
    "address type": in_aws(*_SERVICE, "SupportedIpAddressTypes", 0),
    "zone of the service": in_aws(*_SERVICE, "AvailabilityZones", 0),
    "zone id of the service": in_aws(*_SERVICE, "AvailabilityZoneIds", 0),
    "load balancer's ARN": in_aws(*_SERVICE, "NetworkLoadBalancerArns", 0),
    "gateway load balancer": lambda w, p: answer(w.document, _SERVICE[0])["ServiceConfigurations"][0].update(
        GatewayLoadBalancerArns=[p]
    ),
    "principal": in_aws("DescribeVpcEndpointServicePermissions", "AllowedPrincipals", 0, "Principal"),
    "scheme": in_aws(*_BALANCER, "Scheme"),
    "load balancer's state": in_aws(*_BALANCER, "State", "Code"),
    "load balancer's addresses": in_aws(*_BALANCER, "IpAddressType"),
    "load balancer's zone": in_aws(*_BALANCER, "AvailabilityZones", 0, "ZoneName"),
    "VPC": in_aws(*_BALANCER, "VpcId"),
    "security group": lambda w, p: answer(w.document, _BALANCER[0])["LoadBalancers"][0].update(SecurityGroups=[p]),
    "node's zone": _node_zone,
    "listener's protocol": in_aws("DescribeListeners", "Listeners", 0, "Protocol"),
    "target group's name": in_aws(*_GROUP, "TargetGroupName"),
    "target group's type": in_aws(*_GROUP, "TargetType"),
    "target group's protocol": in_aws(*_GROUP, "Protocol"),
    "target": in_aws(*_HEALTH, "Target", "Id"),
    "target's zone": in_aws(*_HEALTH, "Target", "AvailabilityZone"),
    "target's state": in_aws(*_HEALTH, "TargetHealth", "State"),
    "reason code": lambda w, p: answer(w.document, _HEALTH[0])["TargetHealthDescriptions"][0].update(
        TargetHealth={"State": "unhealthy", "Reason": p, "Description": p}
    ),
    "route's destination": in_aws("DescribeRouteTables", "RouteTables", 0, "Routes", 1, "DestinationCidrBlock"),
    "route's gateway": in_aws("DescribeRouteTables", "RouteTables", 0, "Routes", 1, "GatewayId"),
    "VPC's range": in_aws("DescribeVpcs", "Vpcs", 0, "CidrBlockAssociationSet", 0, "CidrBlock"),
    "subnet": in_aws("DescribeSubnets", "Subnets", 0, "SubnetId"),
    "error code of AWS": _aws_error("code"),
    "error message of AWS": _aws_error("message"),
}  # fmt: skip


def put(source: str, payload: str) -> Inputs:
    inputs = Inputs(document=healthy(), chain=sent(LEAF))
    SOURCES[source](inputs, payload)
    return inputs
