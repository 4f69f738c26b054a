"""The proxy API's JSON: valid responses, invalid ones with their faults, and arbitrary bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.xks_proxy import HEALTHY

from probe.model.measurements import BodyForm, KeyManagerStatus
from probe.wire.health import (
    LARGE_BODY_BYTES,
    NOT_PARSED,
    health_request,
    metadata_request,
    read_beginning,
    read_health,
    read_metadata,
)

MANAGER = {"id": "a", "model": "m", "healthStatus": "ACTIVE"}


def with_(**changes: Any) -> bytes:
    return json.dumps({**HEALTHY, **changes}).encode()


@pytest.mark.parametrize(
    "body",
    [
        with_(),
        with_(extra="x"),
        with_(ekmFleetDetails=[MANAGER]),
        with_(ekmFleetDetails=[MANAGER] * 10),
        with_(xksProxyFleetSize=1),
        with_()[:-1] + b', "more": ' + b"9" * 5000 + b"}",
        with_()[:-1] + b', "more": -' + b"9" * 5000 + b"}",
        with_()[:-1] + b', "more": ' + b"[" * 499 + b"]" * 499 + b"}",
        b'{"xksProxyFleetSize": ' + b"9" * 5000 + b", " + with_().partition(b",")[2],
        b" \n" + with_(),
    ],
)
def test_a_valid_response_has_no_fault(body: bytes) -> None:
    reply = read_health(200, body)
    assert reply.fault is None
    assert reply.managers


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<!DOCTYPE html>",
        b"[]",
        b"null",
        b"3",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + with_(),
        with_(xksProxyFleetSize=0),
        with_(xksProxyFleetSize=True),
        with_(xksProxyFleetSize="2"),
        with_(xksProxyFleetSize=1.5),
        with_(xksProxyVendor=None),
        with_(ekmVendor=3),
        with_(ekmFleetDetails=[]),
        with_(ekmFleetDetails=[MANAGER] * 11),
        with_(ekmFleetDetails={}),
        with_(ekmFleetDetails=[{**MANAGER, "healthStatus": "active"}]),
        with_(ekmFleetDetails=[{**MANAGER, "id": 3}]),
        with_(ekmFleetDetails=[MANAGER, None]),
        b"[" * 100_000,
        b'{"xksProxyFleetSize": NaN}',
        b"{}",
    ],
)
def test_an_invalid_response_has_a_fault(body: bytes) -> None:
    assert read_health(200, body).fault


def test_an_error_has_its_name_and_a_shortened_message() -> None:
    reply = read_health(
        401, json.dumps({"errorName": "AuthenticationFailedException", "errorMessage": "x" * 9999}).encode()
    )
    assert (reply.error_name, reply.fault) == ("AuthenticationFailedException", None)
    assert len(reply.error_message or "") == 200


@pytest.mark.parametrize("name", [None, "", 3, "x\x1b[31m", "x" * 65, "a b"])
def test_an_error_status_without_a_valid_error_name_is_a_fault(name: object) -> None:
    reply = read_health(503, json.dumps({"errorName": name}).encode())
    assert reply.error_name is None
    assert reply.fault == "without an errorName"


@given(st.integers(100, 599), st.binary(max_size=200))
def test_any_bytes_are_parsed_without_an_exception(status: int, body: bytes) -> None:
    for read in (read_health, read_metadata):
        read(status, body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*HEALTHY, *MANAGER]), inner),
)


@given(st.dictionaries(st.sampled_from([*HEALTHY, "errorName"]), _JSON))
def test_only_a_valid_document_has_no_fault(document: dict[str, Any]) -> None:
    reply = read_health(200, json.dumps(document).encode())
    if reply.fault is None:
        assert isinstance(document["xksProxyFleetSize"], int)
        assert document["xksProxyFleetSize"] > 0
        fleet = document["ekmFleetDetails"]
        assert 1 <= len(fleet) <= 10
        assert {entry["healthStatus"] for entry in fleet} <= set(KeyManagerStatus)


def test_requests_equal_those_of_kms() -> None:
    assert json.loads(health_request("id-1")) == {
        "requestMetadata": {"kmsRequestId": "id-1", "kmsOperation": "KmsHealthCheck"}
    }
    assert len(health_request("id-1", large=True)) > LARGE_BODY_BYTES > 1500
    metadata = json.loads(metadata_request("id-1", "arn:aws:iam::1:role/x"))["requestMetadata"]
    assert metadata == {
        "awsPrincipalArn": "arn:aws:iam::1:role/x",
        "kmsOperation": "CreateKey",
        "kmsRequestId": "id-1",
    }


def test_key_metadata_is_parsed() -> None:
    reply = read_metadata(200, b'{"keySpec":"AES_256","keyUsage":["ENCRYPT",3],"keyStatus":"DISABLED"}')
    assert (reply.key_spec, reply.key_usage, reply.key_status) == ("AES_256", ("ENCRYPT",), "DISABLED")
    assert read_metadata(200, b'{"keySpec":"AES_256"}').fault


@pytest.mark.parametrize(
    ("beginning", "form"),
    [
        (b"<", BodyForm.MARKUP),
        (b"\r\n <!DOCTYPE html", BodyForm.MARKUP),
        (b"\xef\xbb\xbf<html>", BodyForm.MARKUP),
        (b"\x1f\x8b", BodyForm.COMPRESSED),
    ],
)
def test_the_beginning_of_a_body_shows_markup_and_compression(beginning: bytes, form: BodyForm) -> None:
    reply = read_beginning(beginning)
    assert reply.form is form
    assert reply.fault


@pytest.mark.parametrize(
    "beginning", [b"", b" ", b"\x1f", b"{", with_()[:-1], b"[", b"upstream connect", b"\xef\xbb\xbf"]
)
def test_the_beginning_of_a_body_shows_nothing_else(beginning: bytes) -> None:
    assert read_beginning(beginning) == NOT_PARSED


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (201, "200 is required"),
        (299, "200 is required"),
        (300, "without an errorName"),
        (199, "without an errorName"),
    ],
)
def test_another_status_of_success_is_named_as_such(status: int, fault: str) -> None:
    assert read_health(status, with_()).fault == fault


def test_an_error_with_status_200_is_named_by_its_error() -> None:
    assert (
        read_health(200, b'{"errorName": "InternalException"}').fault
        == "it has the errorName InternalException"
    )
    assert read_health(200, b'{"errorName": "a b"}').fault == "xksProxyFleetSize is not a positive integer"
    assert read_health(200, with_(errorName="InternalException")).fault is None


@pytest.mark.parametrize(
    ("levels", "form"), [(499, BodyForm.JSON_OBJECT), (500, BodyForm.TOO_DEEP), (501, BodyForm.TOO_DEEP)]
)
def test_500_levels_can_be_read(levels: int, form: BodyForm) -> None:
    """The object itself is a level, too."""
    body = with_()[:-1] + b', "more": ' + b"[" * levels + b"]" * levels + b"}"
    assert read_health(200, body).form is form


@pytest.mark.parametrize("more", [b"[" * 30_000, b"[" * 5000 + b"]" * 5000], ids=["unclosed", "closed"])
def test_json_that_is_nested_too_deeply_is_not_called_another_format(more: bytes) -> None:
    reply = read_health(200, with_()[:-1] + b', "more": ' + more + b"}")
    assert (reply.form, reply.fault) == (BodyForm.TOO_DEEP, "the body is nested too deeply to be read")


def test_a_negative_number_stays_negative_however_long_it_is() -> None:
    size = b'{"xksProxyFleetSize": -' + b"9" * 5000 + b", " + with_().partition(b",")[2]
    assert read_health(200, size).fault == "xksProxyFleetSize is not a positive integer"


@pytest.mark.parametrize(
    "body",
    [
        b'{"xksProxyFleetSize": 0, ' + with_()[1:],
        with_()[:-1] + b', "ekmFleetDetails": []}',
        with_()[:-1] + b', "more": [{"a": 1, "a": 1}]}',
    ],
    ids=["first", "last", "inner"],
)
def test_the_same_name_twice_is_a_fault_because_parsers_keep_different_ones(body: bytes) -> None:
    reply = read_health(200, body)
    assert (reply.form, reply.fault) == (
        BodyForm.WITH_DUPLICATE_NAMES,
        "a JSON object has the same name twice",
    )


def test_the_same_name_in_different_objects_is_no_fault() -> None:
    assert read_health(200, with_()[:-1] + b', "more": {"id": 1, "model": {"id": 1}}}').fault is None


def test_an_error_is_read_although_a_name_is_in_it_twice() -> None:
    body = b'{"errorMessage": "a", "errorMessage": "b", "errorName": "InternalException"}'
    assert read_health(500, body).error_name == "InternalException"
