"""Calls through boto3 to a local server: pages, errors, missing credentials, and custom endpoints."""

import pytest
from support.accounts.scripted_endpoint import SECRET, Script, server  # noqa: F401 -- the fixture

from probe.aws.boto3_client import Boto3Client
from probe.model.account import ApiErrorKind, Unavailable
from probe.wire.input_error import InputError

pytestmark = pytest.mark.loopback


def ask(service: str, operation: str, timeout_s: float = 5.0) -> object:
    return Boto3Client("eu-west-1", read_timeout_s=2.0).call(service, operation, {}, timeout_s)


def test_all_pages_are_merged_into_one_response(server: type[Script]) -> None:  # noqa: F811
    server.answers = [
        (200, b'{"CustomKeyStores":[{"CustomKeyStoreId":"cks-1"}],"NextMarker":"m","Truncated":true}'),
        (200, b'{"CustomKeyStores":[{"CustomKeyStoreId":"cks-2"}],"Truncated":false}'),
    ]
    answer = ask("kms", "DescribeCustomKeyStores")
    assert isinstance(answer, dict)
    assert [each["CustomKeyStoreId"] for each in answer["CustomKeyStores"]] == ["cks-1", "cks-2"]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (400, b'{"__type":"AccessDeniedException","message":"no"}', ApiErrorKind.ACCESS_DENIED),
        (400, b'{"__type":"UnrecognizedClientException","message":"no"}', ApiErrorKind.NOT_OPTED_IN),
        (400, b"<html>", ApiErrorKind.FAILED),
    ],
)
def test_an_error_response_has_its_kind(
    server: type[Script],  # noqa: F811
    status: int,
    body: bytes,
    cause: ApiErrorKind,
) -> None:
    server.answers = [(status, body)]
    answer = ask("kms", "DescribeCustomKeyStores")
    assert isinstance(answer, Unavailable)
    assert (answer.call, answer.cause) == ("kms:DescribeCustomKeyStores", cause)
    assert SECRET not in repr(answer)


def test_an_unreadable_response_is_malformed(server: type[Script]) -> None:  # noqa: F811
    server.answers = [(200, b"<html>")]
    answer = ask("ec2", "DescribeVpcs")
    assert isinstance(answer, Unavailable)
    assert answer.cause is ApiErrorKind.MALFORMED_RESPONSE


def test_the_last_error_of_a_call_is_kept_until_the_call_succeeds(server: type[Script]) -> None:  # noqa: F811
    throttled = (400, b'{"__type":"ThrottlingException","message":"slow down"}')
    server.answers = [throttled, throttled, throttled, (200, b'{"CustomKeyStores":[],"Truncated":false}')]
    api = Boto3Client("eu-west-1", read_timeout_s=2.0)
    assert api.last_refusal("kms", "DescribeCustomKeyStores") is None
    api.call("kms", "DescribeCustomKeyStores", {}, 5.0)
    refused = api.last_refusal("kms", "DescribeCustomKeyStores")
    assert refused is not None
    assert refused.cause is ApiErrorKind.THROTTLED
    api.call("kms", "DescribeCustomKeyStores", {}, 5.0)
    assert api.last_refusal("kms", "DescribeCustomKeyStores") is None


def test_no_call_is_made_after_the_deadline(server: type[Script]) -> None:  # noqa: F811
    answer = ask("kms", "DescribeCustomKeyStores", 0.0)
    assert isinstance(answer, Unavailable)
    assert answer.cause is ApiErrorKind.TIMED_OUT
    assert server.asked == []


def test_missing_credentials_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    answer = ask("kms", "DescribeCustomKeyStores")
    assert isinstance(answer, Unavailable)
    assert (answer.cause, answer.because) == (ApiErrorKind.NO_CREDENTIALS, "no credentials found")


def test_a_custom_endpoint_in_use_is_reported(server: type[Script]) -> None:  # noqa: F811
    assert (Boto3Client("eu-west-1").endpoint_url or "").startswith("http://127.0.0.1:")
    del server


def test_awss_own_endpoints_are_not_reported_as_custom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert Boto3Client("eu-west-1").endpoint_url is None


@pytest.mark.parametrize(
    "url",
    ["https://vpce-0a.kms.eu-west-1.vpce.amazonaws.com", "https://kms.example.com", "https://10.0.0.5:8443"],
)
def test_any_configured_endpoint_is_reported_as_custom(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
    assert Boto3Client("eu-west-1").endpoint_url == url


def test_several_custom_endpoints_are_each_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://aws.example.com")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "https://kms.example.com")
    assert Boto3Client("eu-west-1").endpoint_url == "https://aws.example.com, https://kms.example.com"


def test_plain_http_is_allowed_only_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.example.com")
    with pytest.raises(InputError, match="is not https"):
        _ = Boto3Client("eu-west-1").endpoint_url


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AWS_PROFILE", "nonesuch", "nonesuch"),
        ("AWS_CONFIG_FILE", "/etc/passwd", "/etc/passwd"),
        ("AWS_ENDPOINT_URL", "foo", "foo"),
        ("AWS_ENDPOINT_URL", "https://[::1", "IPv6"),
    ],
)
def test_invalid_aws_settings_are_an_input_error(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"AWS settings: .*{message}.*check AWS_PROFILE"):
        _ = Boto3Client("eu-west-1").endpoint_url
