"""The JSON schemas, and the checker that other tests use."""

import copy
import json
import re
import runpy
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest
from support.reports.examples import answer, handshake, report, survey
from support.reports.schema_check import SCHEMAS, faults, schema

from exporters.report import dns, tls
from exporters.report import survey as survey_report
from probe.model.measurements import Phase, Reason, Timestamps
from probe.model.targets import Role
from probe.model.verdicts import Basis, Level, Likelihood, Operation, Outcome

WORDS = runpy.run_path(str(SCHEMAS.parents[1] / "tools" / "schemas.py"))["WORDS"]
NAMES = (
    "common",
    "ping",
    "tls",
    "dns",
    "survey",
    "report",
    "preflight",
    "health",
    "history",
    "status",
    "targets",
    "doctor",
    "check-config",
)


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(part)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    return (part for part in parts(value) if part.get("type") == "object")


def test_every_schema_is_tested_here() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {*NAMES, "configuration"}


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_self_contained(name: str) -> None:
    """Validating a document needs no other file and no network."""
    text = json.dumps(schema(name))
    wanted = set(re.findall(r'"\$ref": "([^"]*)"', text))
    assert wanted <= {f"#/$defs/{each}" for each in schema(name).get("$defs", {})}
    if name != "common":
        shared = schema("common")["$defs"]
        assert all(part == shared[each] for each, part in schema(name)["$defs"].items() if each in shared)


@pytest.mark.parametrize("name", NAMES)
def test_every_enum_in_a_schema_names_its_enumeration(name: str) -> None:
    """tools/schemas.py updates only enums that have the title of an enumeration."""
    for part in parts(schema(name)):
        if "enum" in part:
            assert list(filter(None, part["enum"])) == list(WORDS[part["title"]])


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_closed_and_requires_only_its_own_properties(name: str) -> None:
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for part in objects(schema(name)):
        assert part["additionalProperties"] is False
        assert set(part.get("required", ())) <= part["properties"].keys()


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (Phase, "failure.phase"),
        (Reason, "failure.reason"),
        (Role, "target.role"),
        (Outcome, "verdict.outcome"),
        (Level, "verdict.level"),
        (Operation, "kms_error.operation"),
        (Likelihood, "kms_error.likelihood"),
        (Basis, "kms_error.basis"),
    ],
)
def test_enum_values_equal_the_values_of_the_model(words: type[StrEnum], where: str) -> None:
    definition, field = where.split(".")
    assert set(schema("report")["$defs"][definition]["properties"][field]["enum"]) == set(words)


def test_timestamp_values_equal_the_values_of_the_model() -> None:
    options = schema("ping")["properties"]["timestamps"]["anyOf"]
    assert set(options[0]["enum"]) == set(Timestamps)


DOCUMENTS: dict[str, Any] = {
    "tls": tls.document(handshake(), report()),
    "dns": dns.document(answer()),
    "survey": survey_report.document(survey()),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_checker_finds_missing_unknown_and_wrong_values(name: str) -> None:
    document = json.loads(json.dumps(DOCUMENTS[name]))
    for key in schema(name)["required"]:
        without = copy.deepcopy(document)
        del without[key]
        assert faults(without, name) == [f"$.{key}: missing"]
        wrong = {**document, key: {"no": "such"}}
        assert faults(wrong, name)
    assert faults({**document, "more": 1}, name) == ["$.more: unknown"]


def test_the_checker_rejects_sentinel_values() -> None:
    regions = json.loads(json.dumps(DOCUMENTS["survey"]))
    regions["regions"][0]["rtt_seconds"]["median"] = -1
    assert faults(regions, "survey")
