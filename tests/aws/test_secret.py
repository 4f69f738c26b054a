"""Reading the credential from a secret: one call, and no part of the credential in errors or logs."""

import json
import logging
from collections.abc import Iterator

import pytest
from support.accounts.scripted_endpoint import Script, server  # noqa: F401 -- the fixture

from probe.aws.secret import credential_of
from probe.wire.input_error import InputError

pytestmark = pytest.mark.loopback
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:xks/proxy-AbCdEf"
KEY_ID, MARKER = "ABCDEFGHIJKLMNOPQRST", "MarkerMarkerMarkerMarkerMarkerMarkerMarker0"
INNER = {"AccessKeyId": KEY_ID, "RawSecretAccessKey": MARKER}


def of_secret(content: object) -> tuple[int, bytes]:
    return 200, json.dumps({"ARN": ARN, "Name": "xks/proxy", "SecretString": content}).encode()


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert MARKER not in caplog.text


@pytest.mark.parametrize(
    "content", [INNER, {"XksProxyUriPath": "/x", "XksProxyAuthenticationCredential": INNER}]
)
def test_a_kms_proxy_configuration_or_its_inner_object_is_a_credential(
    content: dict[str, object],
    server: type[Script],  # noqa: F811
) -> None:
    server.answers = [of_secret(json.dumps(content))]
    assert credential_of(ARN).as_key_pair() == (KEY_ID, MARKER)
    assert json.loads(server.asked[0]) == {"SecretId": ARN}


@pytest.mark.parametrize(
    "content", [MARKER, f'["{MARKER}"]', f'{{"AccessKeyId": "{MARKER}"}}', "null", None, 5]
)
def test_other_content_is_rejected_without_being_quoted(content: object, server: type[Script]) -> None:  # noqa: F811
    server.answers = [of_secret(content)]
    with pytest.raises(InputError, match="is not a KMS proxy configuration") as raised:
        credential_of(ARN)
    assert MARKER not in str(raised.value)


def test_a_denied_call_names_the_iam_action(server: type[Script]) -> None:  # noqa: F811
    server.answers = [(400, b'{"__type":"AccessDeniedException","message":"no"}')]
    with pytest.raises(InputError, match="allow the IAM action secretsmanager:GetSecretValue"):
        credential_of(ARN)


@pytest.mark.parametrize("arn", ["xks/proxy", ARN.replace("secretsmanager", "ssm"), ARN + "\n", MARKER])
def test_an_invalid_arn_is_rejected_without_a_call(arn: str, server: type[Script]) -> None:  # noqa: F811
    with pytest.raises(InputError, match="is not the ARN of a secret"):
        credential_of(arn)
    assert server.asked == []
