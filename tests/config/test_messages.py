"""Formatting of errors, and removal of invalid parts."""

from typing import Any

import pytest
from pydantic import ValidationError
from support.settings_from_text import mistakes

from probe.config import schema
from probe.config.messages import line, located, model_at, without


def lines_for(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        schema.Document.model_validate(raw)
    return [line(located(error, raw), schema.Document) for error in raised.value.errors()]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"nodse": []}, "nodse: unknown key; did you mean 'nodes'?"),
        (
            {"key_store": {"colour": 1, "id": "x"}},
            "key_store.colour: unknown key; valid keys: id, region, endpoint_service, uri_endpoint, owner, uri_path, key_id, credential, proxy, nodes, backends, key_managers, discovery",
        ),
        (
            {"nodes": [{"address": "10.0.0.1"}]},
            "nodes[0].name: is missing; add it, for example `name: nlb-use1-az1`",
        ),
        (
            {"nodes": "x"},
            "nodes: 'x' is text; expected a list, with a line starting with `- ` for each entry",
        ),
        ({"timeouts": 5}, "timeouts: 5 is a number; expected a mapping such as {icmp: 1s}"),
    ],
    ids=["similar to a key", "unknown key", "missing", "not a list", "not a mapping"],
)
def test_an_error_is_one_line_with_the_path_and_the_fix(raw: dict[str, Any], words: str) -> None:
    assert lines_for(raw) == [words]


@pytest.mark.parametrize(("entries", "lines"), [(8, []), (9, 1)], ids=["at the limit", "one more"])
def test_an_error_about_a_long_list_states_the_maximum(entries: int, lines: Any) -> None:
    raw = {"resolve_with": ["10.0.0.1"] * entries}
    if lines:
        assert lines_for(raw) == ["resolve_with: has more than 8 entries; delete some"]
    else:
        assert len(schema.Document.model_validate(raw).resolve_with) == entries


@pytest.mark.parametrize("key", ["no\x1b[2Jde", "root:$y$j9T$hash:20228:0:99999:7::", "", "é", "k" * 65])
def test_an_unknown_key_that_is_not_a_name_is_not_shown(key: str) -> None:
    """It may be a line of another file, such as /etc/shadow."""
    (words,) = lines_for({key: 1})
    assert words.startswith("(not a name): unknown key; ")
    assert not key or key not in words


def test_an_unknown_key_of_64_characters_is_shown() -> None:
    (words,) = lines_for({"k" * 64: 1})
    assert words.startswith("k" * 64 + ": unknown key")


@pytest.mark.parametrize(
    "credential",
    ["QWxhZGRpbjpvcGVu", {"secret": "QWxhZGRpbjpvcGVu/=="}, {"secret": ["QWxhZGRpbjpvcGVu"]}, {"file": 7}],
    ids=["instead of the mapping", "as the ARN", "in a list", "another type"],
)
def test_a_value_of_a_credential_is_never_shown(credential: object) -> None:
    """Somebody may have written the secret itself there; the text goes to logs and to the page."""
    (words,) = lines_for({"key_store": {"id": "cks-1234567890abcdef0", "credential": credential}})
    assert words.startswith("key_store.credential")
    assert "QWxhZGRpbjpvcGVu" not in words
    assert "7" not in words.replace("cks-1234567890abcdef0", "")


def test_what_is_invalid_in_40_000_places_is_removed() -> None:
    count = 20_000  # comparing each place with each other one would take minutes
    raw = {"nodes": [{"name": n} for n in range(count)], **{f"wrong_{n}": n for n in range(count)}}
    invalid = [*(("nodes", n, "name") for n in range(0, count, 2)), *((f"wrong_{n}",) for n in range(count))]
    kept, positions = without(raw, invalid)
    assert kept == {"nodes": raw["nodes"][1::2]}
    assert positions == {"nodes": list(range(1, count, 2))}


@pytest.mark.parametrize(
    ("location", "model"),
    [
        ((), schema.Document),
        (("nodes", 3), schema.Node),
        (("regions", 0, "intervals"), schema.Intervals),
        (("resolvers", 0, "question"), schema.Question),
        (("nodes", 3, "port"), None),
        (("nowhere", "at", "all"), None),
    ],
)
def test_model_at_returns_the_model_of_a_location(location: tuple[Any, ...], model: object) -> None:
    assert model_at(schema.Document, location) is model


def test_only_invalid_parts_are_removed_and_original_indexes_are_kept() -> None:
    raw = {"listen": "?", "threshold": "1s", "nodes": ["a", "b", "c"], "intervals": {"tcp": 0, "tls": 1}}
    wrong = [("listen",), ("nodes", 1, "port"), ("intervals", "tcp")]
    pruned, positions = without(raw, wrong)
    assert pruned == {"threshold": "1s", "nodes": ["a", "c"], "intervals": {"tls": 1}}
    assert positions == {"nodes": [0, 2]}


def test_an_error_after_an_invalid_list_entry_has_the_original_index() -> None:
    errors = mistakes("backends: [7, {name: b, address: 10.0.0.1, checks: []}]")
    assert [error.partition(":")[0] for error in errors] == ["backends[0]", "backends[1].checks"]
