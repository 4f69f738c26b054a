"""A file of collected responses: read completely, or rejected with one line per error."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.accounts.collected import healthy, written

from probe.aws.collected_answers import MAX_FILE_BYTES, read
from probe.model.account import ApiErrorKind, Unavailable
from probe.wire.input_error import InputError


def refused(path: Path) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        read(path)
    return caught.value.errors


def test_a_response_is_found_regardless_of_the_order_of_parameters(tmp_path: Path) -> None:
    recorded = read(written(healthy(), tmp_path))
    parameters = {"Attribute": "enableDnsSupport", "VpcId": "vpc-1"}
    assert recorded.region == "eu-west-1"
    found = recorded.call("ec2", "DescribeVpcAttribute", parameters, 1.0)
    assert not isinstance(found, Unavailable)
    assert found["EnableDnsSupport"] == {"Value": True}


def test_a_call_that_is_not_in_the_file_is_reported_as_not_asked(tmp_path: Path) -> None:
    found = read(written(healthy(), tmp_path)).call("ec2", "DescribeVpcs", {"VpcIds": ["vpc-9"]}, 1.0)
    assert isinstance(found, Unavailable)
    assert (found.call, found.cause) == ("ec2:DescribeVpcs", ApiErrorKind.NOT_ASKED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema_version: is not 1"),
        ({"region": None}, "region: is missing or not a string"),
        ({"calls": {}}, "calls: is missing or not a list"),
        ({"calls": [{}] * 2001}, "calls: has 2001 entries, the maximum is 2000"),
        ({"calls": [3]}, "calls[0]: is not an object with parameters"),
        ({"calls": [{"service": "s3", "operation": "DeleteBucket", "parameters": {}}]}, "is not a call that"),
        (
            {"calls": [{"service": "kms", "operation": "DescribeCustomKeyStores", "parameters": {}}]},
            "neither",
        ),
    ],
)
def test_an_error_is_one_line_with_the_path_of_the_file(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = written({**healthy(), **change}, tmp_path)
    (line,) = refused(path)
    assert line.startswith(f"{path}: ")
    assert message in line


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"null", b"{", b"[" * 100_000])
def test_a_file_that_is_not_a_collection_of_calls_is_rejected(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    assert refused(path)


def test_a_missing_or_too_large_file_of_calls_is_rejected(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none")[0]
    path = tmp_path / "x.json"
    path.write_bytes(b" " * (MAX_FILE_BYTES + 1))
    assert "larger than" in refused(path)[0]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["schema_version", "taken_at", "region", "calls"]), _JSON))
def test_any_json_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        read(path)
    except InputError as error:
        assert error.errors  # noqa: PT017
