"""Keys, types and defaults of the configuration, in the model, the JSON schema and the documentation."""

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError
from support.settings_from_text import BACKEND, ROOT, parse

from probe.config.schema import Document, json_schema


def test_the_published_schema_equals_the_generated_one() -> None:
    text = (ROOT / "docs" / "schemas" / "configuration.json").read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(json.dumps(json_schema()))


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    schema = json_schema()
    keys = {key for model in (schema, *schema["$defs"].values()) for key in model["properties"]}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_the_documented_defaults_are_the_defaults() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n# defaults\n(.*?)```", text, re.DOTALL)
    assert block is not None
    assert parse(block[1] + BACKEND) == parse(BACKEND)


def test_a_region_is_a_name_or_a_mapping_in_the_model_and_in_the_schema() -> None:
    short, long = Document.model_validate({"regions": ["eu-west-1", {"region": "eu-west-1"}]}).regions
    assert short == long
    kinds = json_schema()["properties"]["regions"]["items"]["anyOf"]
    assert {"type": "string"} in kinds
    assert len(kinds) == 2


@pytest.mark.parametrize(
    "section",
    [
        *("nodes", "backends", "key_managers", "regions", "resolvers"),
        *("resolve_with", "extra_authorities", "intervals", "timeouts", "history"),
    ],
)
def test_an_empty_section_counts_as_absent(section: str) -> None:
    assert Document.model_validate({section: None}) == Document()


@pytest.mark.parametrize(
    "raw",
    [
        {"x": 1},
        {"proxy": {"private_dns_name": "p.example.com", "x": 1}},
        {"nodes": [{"name": "n", "address": "10.0.0.1", "x": 1}]},
        {"resolvers": [{"name": "r", "address": "10.0.0.1", "question": {"x": 1}}]},
        {"intervals": {"x": "1s"}},
    ],
    ids=["file", "proxy", "node", "question", "intervals"],
)
def test_an_unknown_key_is_an_error_at_every_depth(raw: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        Document.model_validate(raw)
    assert [(error["type"], error["loc"][-1]) for error in raised.value.errors()] == [
        ("extra_forbidden", "x")
    ]
