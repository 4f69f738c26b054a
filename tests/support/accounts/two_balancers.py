"""A collected account with a second Network Load Balancer."""

import json
from collections.abc import Mapping
from typing import Any

_ONE, _OTHER = "/net/xks/", "/net/other/"


def with_another_balancer(document: Mapping[str, Any], *, state: str = "active") -> dict[str, Any]:
    """The account with a second load balancer in this state, which gets the second node."""
    calls = [*document["calls"]]
    for each in document["calls"]:
        text = json.dumps(each)
        if each["operation"] == "DescribeVpcEndpointServiceConfigurations":
            arns = each["answer"]["ServiceConfigurations"][0]["NetworkLoadBalancerArns"]
            arns.append(arns[0].replace(_ONE, _OTHER))
        elif each["operation"] == "DescribeLoadBalancers":
            (balancer,) = each["answer"]["LoadBalancers"]
            other = json.loads(json.dumps(balancer).replace(_ONE, _OTHER))
            each["answer"]["LoadBalancers"].append({**other, "State": {"Code": state}})
            each["parameters"]["LoadBalancerArns"].append(other["LoadBalancerArn"])
        elif each["operation"] == "DescribeNetworkInterfaces":
            other = json.loads(text.replace("net/xks/", "net/other/"))
            each["answer"]["NetworkInterfaces"].pop(1)
            other["answer"]["NetworkInterfaces"].pop(0)
            calls.append(other)
        elif "LoadBalancerArn" in each["parameters"]:
            calls.append(json.loads(text.replace(_ONE, _OTHER)))
    return {**document, "calls": calls}
