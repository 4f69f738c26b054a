"""Mistakes as lines, and what is left without them."""

from typing import Any

import pytest
from configuring import mistakes
from pydantic import ValidationError

from probe.config import schema
from probe.config.messages import line, located, model_at, without


def said(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        schema.Document.model_validate(raw)
    return [line(located(error, raw), schema.Document) for error in raised.value.errors()]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"nodse": []}, "nodse: is not a key here; did you mean 'nodes'?"),
        (
            {"key_store": {"colour": 1, "id": "x"}},
            "key_store.colour: is not a key here; those are id, region, uri_path, key_id, credential, proxy, nodes, backends, key_managers",
        ),
        ({"key_store": {}}, "key_store.id: is missing; write it, as in `id: cks-1234567890abcdef0`"),
        ({"nodes": "x"}, "nodes: 'x' is text; a list belongs here, a line with `- ` for each entry"),
        ({"timeouts": 5}, "timeouts: 5 is a number; a mapping belongs here, as {icmp: 1s}"),
    ],
    ids=["nearly a key", "no key at all", "missing", "no list", "no mapping"],
)
def test_a_mistake_is_one_line_with_path_and_remedy(raw: dict[str, Any], words: str) -> None:
    assert said(raw) == [words]


@pytest.mark.parametrize(("entries", "lines"), [(8, []), (9, 1)], ids=["at the limit", "one more"])
def test_a_list_that_is_too_long_says_how_many_may_be(entries: int, lines: Any) -> None:
    raw = {"resolve_with": ["10.0.0.1"] * entries}
    if lines:
        assert said(raw) == ["resolve_with: has more entries than 8; delete some"]
    else:
        assert len(schema.Document.model_validate(raw).resolve_with) == entries


def test_a_key_of_a_later_version_is_said_to_be_one() -> None:
    (words,) = said({"endpoint_service": {"id": "vpce-svc-1"}})
    assert words.startswith("endpoint_service: discovery by the AWS API is not in this version")


def test_a_key_from_the_file_is_escaped() -> None:
    (words,) = said({"no\x1b[2Jde": 1})
    assert words.startswith("no\\x1b[2Jde: is not a key here")


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
def test_a_location_leads_to_the_model_that_describes_it(location: tuple[Any, ...], model: object) -> None:
    assert model_at(schema.Document, location) is model


def test_only_what_is_wrong_is_left_out_and_the_others_keep_their_places() -> None:
    raw = {"listen": "?", "threshold": "1s", "nodes": ["a", "b", "c"], "intervals": {"tcp": 0, "tls": 1}}
    wrong = [("listen",), ("nodes", 1, "port"), ("intervals", "tcp")]
    pruned, positions = without(raw, wrong)
    assert pruned == {"threshold": "1s", "nodes": ["a", "c"], "intervals": {"tls": 1}}
    assert positions == {"nodes": [0, 2]}


def test_a_mistake_behind_a_broken_entry_is_found_at_its_own_place() -> None:
    said = mistakes("backends: [7, {name: b, address: 10.0.0.1, checks: []}]")
    assert [words.partition(":")[0] for words in said] == ["backends[0]", "backends[1].checks"]
