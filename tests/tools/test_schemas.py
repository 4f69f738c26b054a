"""The tool writes the values of the model into every schema."""

import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "schemas.py"))


def read(written: dict[Path, str], name: str) -> Any:
    return json.loads(next(text for path, text in written.items() if path.name == f"{name}.json"))


def test_the_schemas_are_up_to_date(tool: dict[str, Any]) -> None:
    assert {path: path.read_text(encoding="utf-8") for path in tool["schemas"]()} == tool["schemas"]()


def test_a_new_value_appears_in_every_use_of_its_enumeration(tool: dict[str, Any]) -> None:
    tool["WORDS"]["Reason"] = (*tool["WORDS"]["Reason"], "lost_in_space")
    tool["WORDS"]["Role"] = (*tool["WORDS"]["Role"], "clock")
    tool["KEYS"]["by Check"] = (*tool["KEYS"]["by Check"], "ntp")
    written = tool["schemas"]()
    for name in ("common", "ping", "tls", "dns", "health", "report"):
        assert "lost_in_space" in read(written, name)["$defs"]["failure"]["properties"]["reason"]["enum"]
    target = read(written, "report")["$defs"]["target"]["properties"]
    assert target["role"]["enum"][-1] == "clock"
    assert target["checks"]["properties"]["ntp"] == target["checks"]["properties"]["tcp"]


def test_a_shared_definition_is_changed_once(tool: dict[str, Any], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "docs" / "schemas", tmp_path / "schemas"))
    common = json.loads((folder / "common.json").read_text(encoding="utf-8"))
    common["$defs"]["remedy"]["properties"]["text"] = {"$ref": "#/$defs/words"}
    common["$defs"]["words"] = {"type": "string"}
    (folder / "common.json").write_text(json.dumps(common), encoding="utf-8")
    written = tool["schemas"](folder)
    for name in ("tls", "health", "report", "preflight"):
        definitions = read(written, name)["$defs"]
        assert definitions["remedy"]["properties"]["text"] == {"$ref": "#/$defs/words"}
        assert definitions["words"] == {"type": "string"}
    assert "words" not in read(written, "ping")["$defs"]


def test_formatted_schemas_parse_to_the_same_value(tool: dict[str, Any]) -> None:
    value = {"a": [], "b": {}, "c": [{"d": [1, None, "e"]}], "f": "x" * 120, "g": list(range(50))}
    assert json.loads(tool["written"](value)) == value
