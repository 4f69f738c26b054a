"""Strict verification, tested with signatures made by botocore."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.xks_requests import HOST, NOW_S, PATH, REGION, header, signed, with_header

from simulator.scenario.xks_settings import DEFAULT_CREDENTIAL
from simulator.sigv4 import Credential, Signed, refusal

SECOND = Credential(access_key_id="ABCDEFGHIJKLMNOPQRST", secret_access_key="another" * 7)
GOOD = signed()
SIGNED_TYPE = (("Content-Type", "application/json"),)


def why(of: Signed, now_s: float = NOW_S, region: str = REGION) -> str | None:
    return refusal(of, (DEFAULT_CREDENTIAL, SECOND), region, now_s)


@pytest.mark.parametrize("path", [PATH, "/a/b_c-d/kms/xks/v1/keys/x.y/metadata"])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"x" * 5000, bytes(range(256))], ids=["none", "short", "long", "any"]
)
@pytest.mark.parametrize(
    "more",
    [(), SIGNED_TYPE, (*SIGNED_TYPE, ("X-Blanks", "a   b"))],
    ids=["only the required headers", "content type", "repeated blanks"],
)
@pytest.mark.parametrize("credential", [DEFAULT_CREDENTIAL, SECOND], ids=["first", "second"])
def test_requests_signed_by_botocore_are_authentic(
    path: str, body: bytes, more: tuple[tuple[str, str], ...], credential: Credential
) -> None:
    assert why(signed(path, body, more=more, credential=credential)) is None


def test_a_path_is_signed_as_sent_without_normalisation() -> None:
    """botocore merges two slashes into one, so its signature is for another path than the one sent."""
    one = signed("/a/kms/xks/v1/health")
    assert why(one) is None
    assert why(replace(one, path="/a//kms/xks/v1/health")) == "the signature does not match"
    assert why(replace(one, path="/a/./kms/xks/v1/health")) == "the signature does not match"


def test_headers_that_are_not_signed_may_be_anything() -> None:
    assert why(with_header(GOOD, "content-type", "application/json")) is None


@pytest.mark.parametrize(
    ("now_s", "is_accepted"),
    [(-301, False), (-300, True), (0, True), (300, True), (301, False)],
)
def test_the_limit_is_five_minutes_in_both_directions(now_s: float, is_accepted: bool) -> None:
    assert why(GOOD, NOW_S + now_s) == (
        None if is_accepted else "x-amz-date differs by more than five minutes"
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (replace(GOOD, method="PUT"), "the signature does not match"),
        (replace(GOOD, path=PATH + "/"), "the signature does not match"),
        (replace(GOOD, body=GOOD.body + b" "), "the signature does not match"),
        (with_header(GOOD, "host", HOST + ":443"), "the signature does not match"),
        (signed(region="eu-west-1"), "the scope is not kms-xks-proxy in eu-central-1"),
        (signed(service="kms"), "the scope is not kms-xks-proxy in eu-central-1"),
        (
            signed(credential=replace(DEFAULT_CREDENTIAL, access_key_id="X" * 20)),
            "the access key ID is unknown",
        ),
        (
            signed(credential=replace(DEFAULT_CREDENTIAL, secret_access_key="x" * 43)),
            "the signature does not match",
        ),
        (replace(GOOD, headers=[]), "the request must have exactly one authorization header"),
        (
            replace(GOOD, headers=[*GOOD.headers, ("host", HOST)]),
            "the request must have exactly one host header",
        ),
        (
            replace(GOOD, headers=[h for h in GOOD.headers if h[0] != "x-amz-date"]),
            "the request must have exactly one x-amz-date header",
        ),
        (
            with_header(GOOD, "authorization", "Basic eDp5"),
            "the authorization header is not in Signature Version 4 format",
        ),
        (with_header(GOOD, "x-amz-date", "20260304T050608Z"), "the signature does not match"),
        (
            with_header(GOOD, "x-amz-date", "20260305T050607Z"),
            "x-amz-date is not a basic ISO 8601 date on the day of the scope",
        ),
        (with_header(GOOD, "x-amz-date", "20260304T250607Z"), "x-amz-date is not a date"),
    ],
)
def test_a_changed_request_is_rejected_with_the_reason(changed: Signed, reason: str) -> None:
    assert why(changed) == reason


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("x-amz-date", "host is not signed"),
        ("host", "x-amz-date is not signed"),
        ("x-amz-date;host", "SignedHeaders must be sorted, lower case and unique"),
        ("host;host;x-amz-date", "SignedHeaders must be sorted, lower case and unique"),
        ("Host;x-amz-date", "SignedHeaders must be sorted, lower case and unique"),
        ("content-type;host;x-amz-date", "a signed header is missing"),
    ],
)
def test_signed_header_names_must_follow_the_rules(names: str, reason: str) -> None:
    authorization = header(GOOD, "authorization").replace("host;x-amz-date", names)
    assert why(with_header(GOOD, "authorization", authorization)) == reason


def test_a_secret_is_not_printed() -> None:
    assert DEFAULT_CREDENTIAL.secret_access_key not in repr(DEFAULT_CREDENTIAL)
    assert header(GOOD, "authorization") not in repr(GOOD)


PARTS = st.sampled_from(["path", "body", "x-amz-date", "authorization", "host"])


@given(PARTS, st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_rejected(part: str, where: int, change: int) -> None:
    old = {"path": PATH.encode(), "body": GOOD.body}.get(part) or header(GOOD, part).encode()
    at = where % len(old)
    new = old[:at] + bytes([old[at] ^ change]) + old[at + 1 :]
    changed = (
        replace(GOOD, body=new)
        if part == "body"
        else replace(GOOD, path=new.decode("latin-1"))
        if part == "path"
        else with_header(GOOD, part, new.decode("latin-1").strip(" \t"))
    )
    assert why(changed) is not None


TEXTS = st.binary(max_size=50).map(lambda data: data.decode("latin-1"))
NAMES = st.sampled_from(["authorization", "host", "x-amz-date", "x"])


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=5), TEXTS, st.binary(max_size=20))
def test_any_headers_are_rejected_without_an_exception(
    headers: list[tuple[str, str]], path: str, body: bytes
) -> None:
    assert why(Signed(method="POST", path=path, headers=headers, body=body)) is not None
