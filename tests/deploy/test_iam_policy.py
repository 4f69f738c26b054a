"""The IAM policy allows exactly the calls of the audit: read-only, in one Region."""

import json
import re
from pathlib import Path

from support.accounts.behind import with_instances
from support.accounts.collected import REGION, SERVICE_NAME, answer, healthy, with_rules

from probe.aws.audit import audit
from probe.aws.calls import action
from probe.aws.collected_answers import CollectedAnswers, Recorder
from probe.model.store import KeyStoreSpec

POLICY = Path(__file__).parents[2] / "deploy" / "aws" / "iam-policy.json"


def test_the_policy_allows_exactly_the_calls_of_the_audit() -> None:
    document = with_instances(with_rules(healthy()))
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["SecurityGroups"] = ["sg-1"]
    recorder = Recorder(CollectedAnswers(document))
    for name in (SERVICE_NAME, "com.amazonaws.vpce.eu-west-1.vpce-svc-ffff"):
        audit(recorder, KeyStoreSpec(region=REGION, service_name=name), taken_at_s=1.0, timeout_s=100.0)
    called = {action(each["service"], each["operation"]) for each in recorder.calls}
    (statement,) = json.loads(POLICY.read_text())["Statement"]
    assert set(statement["Action"]) == called - {"sts:GetCallerIdentity"}


def test_the_policy_allows_only_reading_in_one_region() -> None:
    (statement,) = json.loads(POLICY.read_text())["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": "REGION"}}
    for allowed in statement["Action"]:
        assert allowed.partition(":")[2].startswith(("Describe", "Get", "List"))
        assert "*" not in allowed


def test_a_separate_policy_allows_reading_one_secret() -> None:
    (statement,) = json.loads(POLICY.with_name("iam-policy-secret.json").read_text())["Statement"]
    assert statement["Action"] == ["secretsmanager:GetSecretValue"]
    assert statement["Resource"].startswith("arn:aws:secretsmanager:")
    assert "GetSecretValue" not in POLICY.read_text()


def test_every_placeholder_is_explained() -> None:
    text = POLICY.read_text() + POLICY.with_name("iam-policy-secret.json").read_text()
    explained = POLICY.with_name("README.md").read_text()
    placeholders = set(re.findall(r"\b[A-Z]{3,}\b", text))
    assert placeholders == {"REGION", "ACCOUNT", "NAME"}
    assert all(f"`{placeholder}`" in explained for placeholder in placeholders)
