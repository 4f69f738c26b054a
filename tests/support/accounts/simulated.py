"""The account of a healthy scenario, and a check of its answers against botocore's model of AWS."""

import datetime as dt
from typing import Any

import botocore.parsers
import botocore.session

from simulator.aws.account import Resources, Zone, plan_account
from simulator.aws.answers import View
from simulator.aws.protocol import write_answer
from simulator.scenario.addressing import assign_addresses
from simulator.scenario.aws_section import OPERATIONS
from simulator.scenario.load import load_scenario
from simulator.scenario.reader import read_account

SESSION = botocore.session.Session()
SCENARIO = load_scenario("healthy")
ZONES = (Zone(name="eu-central-1a", id="euc1-az1"), Zone(name="eu-central-1b", id="euc1-az2"))
ARN = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/xks/50dc6c495c0c9188"
RESOURCES = Resources(
    plan=plan_account(SCENARIO, assign_addresses(SCENARIO), ZONES),
    region="eu-central-1",
    service_id="vpce-svc-1",
    service_name="com.amazonaws.vpce.eu-central-1.vpce-svc-1",
    load_balancer_arn=ARN,
    subnets={zone.name: f"subnet-{zone.id}" for zone in ZONES},
)


def view(section: object = None, *, elsewhere: bool = False) -> View:
    return View(scenario=SCENARIO, section=read_account(section), resources=None if elsewhere else RESOURCES)


def check_against_the_model(operation: str, answer: Any) -> None:
    """Each field must be in botocore's model with the correct type, and botocore must parse the same value."""
    model = SESSION.get_service_model(OPERATIONS[operation])
    shape = model.operation_model(operation).output_shape
    assert list(differences(shape, answer)) == []
    reply = write_answer(model, operation, answer)
    read = botocore.parsers.create_parser(model.resolved_protocol).parse(
        {"body": reply.body, "headers": {}, "status_code": 200}, shape
    )
    assert {key: value for key, value in read.items() if key != "ResponseMetadata"} == answer


def differences(shape: Any, value: Any, path: str = "") -> Any:
    """The paths of values that are not in the model, have another type, or are not in the enumeration."""
    if shape.type_name == "structure":
        yield from (f"{path}.{key}" for key in value if key not in shape.members)
        for key in value.keys() & shape.members.keys():
            yield from differences(shape.members[key], value[key], f"{path}.{key}")
    elif shape.type_name == "list":
        for each in value:
            yield from differences(shape.member, each, f"{path}[]")
    else:
        types = {"string": str, "boolean": bool, "integer": int, "double": float, "timestamp": dt.datetime}
        # Case is ignored, because EC2's answers differ from the model in it.
        allowed = {item.lower() for item in getattr(shape, "enum", ())}
        if type(value) is not types[shape.type_name] or (allowed and value.lower() not in allowed):
            yield f"{path}: {value!r}"
