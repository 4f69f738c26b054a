"""A Hypothesis strategy: AWS's answers about three accounts, with values replaced, removed or repeated anywhere."""

import copy
import json
from typing import Any

from hypothesis import strategies as st
from support.accounts.collected import GROUP, HOST, SERVICE_NAME, STORE_ID, answer, healthy, seen_by_consumers
from support.fuzzing import Path, hostile, paths


def _other_store() -> dict[str, Any]:
    proxy = {"Connectivity": "VPC_ENDPOINT_SERVICE", "UriEndpoint": "https://other.example.com"}
    proxy |= {"UriPath": "/kms/xks/v1", "VpcEndpointServiceName": f"{SERVICE_NAME}f"}
    kind = {"CustomKeyStoreType": "EXTERNAL_KEY_STORE", "ConnectionState": "DISCONNECTED"}
    return {
        "CustomKeyStoreId": "cks-2",
        "CustomKeyStoreName": "other",
        **kind,
        "XksProxyConfiguration": proxy,
    }


def existing() -> dict[str, Any]:
    document = healthy()
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"].append(_other_store())
    return document


def guarded() -> dict[str, Any]:
    """A planned key store behind a load balancer with a security group, and one route table per subnet."""
    document = healthy()
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] = [_other_store()]
    answer(document, "DescribeVpcEndpointConnections")["VpcEndpointConnections"] = []
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["SecurityGroups"] = ["sg-1"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": [rule]}]}
    call = {"service": "ec2", "operation": "DescribeSecurityGroups", "parameters": {"GroupIds": ["sg-1"]}}
    document["calls"].append({**call, "answer": groups})
    (table,) = answer(document, "DescribeRouteTables")["RouteTables"]
    answer(document, "DescribeRouteTables")["RouteTables"] = [
        {**table, "RouteTableId": f"rtb-{n}", "Associations": [{"SubnetId": f"subnet-{n}"}]} for n in (1, 2)
    ]
    return document


def consumed() -> dict[str, Any]:
    """The service belongs to another account."""
    document = existing()
    own = answer(document, "DescribeVpcEndpointServiceConfigurations")
    (service,) = own["ServiceConfigurations"]
    own["ServiceConfigurations"] = []
    call = {"service": "ec2", "operation": "DescribeVpcEndpointServices"}
    call |= {"parameters": {"ServiceNames": [SERVICE_NAME]}}
    document["calls"].append(
        {**call, "answer": {"ServiceDetails": [seen_by_consumers(service, "444455556666")]}}
    )
    return document


BASES = {"existing": existing(), "new": guarded(), "consumed": consumed()}


PATHS = {
    name: [
        ("calls", n, "answer", *path)
        for n, each in enumerate(base["calls"])
        for path in paths(each["answer"])
    ]
    for name, base in BASES.items()
}
_PLAUSIBLE = st.sampled_from(
    [None, True, False, 0, 1, -1, 443, 443.0, 65536, 10**30, 1e400, "", " ", "443", "true", "false", "True", "*", "all",
     "ipv4", "ipv6", "active", "verified", "Verified ", "pendingVerification", "healthy", "unhealthy", "draining",
     "blackhole", "igw-1", "vgw-1", "0.0.0.0/0", "192.168.0.0/16", "10.0.0.0/33", "10.0.1.10", "1.2.3", "CONNECTED",
     "PUBLIC_ENDPOINT", HOST.upper(), HOST + ".", f"*.{HOST}", "a" * 64 + ".example.com", "x..example.com", "münchen.example",
     "com", "proxy.internal", f"https://{HOST}:443", "https://", "/kms/xks/v2", "arn:aws:iam::444455556666:root",
     "cks.kms.eu-west-2.amazonaws.com", [], {}, [[]], [{}], [None], [""], {"State": "verified"}, GROUP, STORE_ID]
)  # fmt: skip
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_CODES = st.sampled_from(
    [
        "AccessDenied",
        "Throttling",
        "InvalidServiceName",
        "AuthFailure",
        "ExpiredToken",
        "Unexpected",
        "",
        "X.NotFound",
    ]
)
# One change: its path, its kind, and the kind's argument. Short, so that a failing example is easy to read.
Change = tuple[Path, str, Any]


def changes_of(name: str) -> st.SearchStrategy[list[Change]]:
    paths = st.sampled_from(PATHS[name])
    error = st.fixed_dictionaries({}, optional={"code": _CODES | st.integers(), "message": hostile})
    kinds = st.one_of(
        st.tuples(st.just("put"), _PLAUSIBLE),
        st.tuples(st.just("put"), _PLAUSIBLE | _ANY | hostile),
        st.tuples(st.just("append"), hostile),
        st.tuples(st.just("swap"), paths),
        st.tuples(st.just("swap"), paths),
        st.tuples(st.sampled_from(["gone", "twice", "upper", "title", "cut"]), st.none()),
        st.tuples(st.just("many"), st.sampled_from([2, 12, 3000])),
        st.tuples(st.just("error"), error),
    )
    return st.lists(st.tuples(paths, kinds).map(lambda both: (both[0], *both[1])), min_size=1, max_size=3)


def _exists(document: Any, path: Path) -> bool:
    for key in path:
        is_there = key in document if isinstance(document, dict) else False
        if isinstance(document, list):
            is_there = isinstance(key, int) and key < len(document)
        if not is_there:
            return False
        document = document[key]
    return True


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def changed(name: str, changes: list[Change]) -> dict[str, Any]:
    """A base with changes. A change has no effect if an earlier one removed its path."""
    document: dict[str, Any] = json.loads(_JSON_TEXTS[name])
    for path, kind, value in changes:
        if _exists(document, path):
            _change(document, path, kind, value)
    return document


def _change(document: dict[str, Any], path: Path, kind: str, value: Any) -> None:
    parent, key = _at(document, path[:-1]), path[-1]
    old = parent[key]
    match kind:
        case "put":
            parent[key] = copy.deepcopy(value)
        case "swap" if _exists(document, value):
            parent[key] = copy.deepcopy(_at(document, value))
        case "gone":
            del parent[key]
        case "error":
            document["calls"][path[1]].pop("answer", None)
            document["calls"][path[1]]["error"] = value
        case "twice" if isinstance(parent, list):
            parent.append(copy.deepcopy(old))
        case "many" if isinstance(old, list) and len(old) < 20:
            parent[key] = old * value
        case "append" if isinstance(old, str):
            parent[key] = old + value
        case "upper" | "title" if isinstance(old, str):
            parent[key] = getattr(old, kind)()
        case "cut" if isinstance(old, str):
            parent[key] = old[:-1]


_JSON_TEXTS = {name: json.dumps(base) for name, base in BASES.items()}
changed_accounts = st.one_of([st.tuples(st.just(name), changes_of(name)) for name in BASES])
ChangedAccount = tuple[str, list[Change]]
