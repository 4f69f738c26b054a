"""Requests to the simulated proxy, signed by botocore, which shares no code with the simulation's verification."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from simulator.scenario.xks_settings import DEFAULT_CREDENTIAL, ProxySettings
from simulator.servers.http_answers import Request
from simulator.sigv4 import SERVICE, Credential, Signed

HOST = "myproxy-private.xks.example.com"
REGION = ProxySettings().region
NOW_S = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp()
PATH = "/kms/xks/v1/health"
METADATA = {
    "awsPrincipalArn": "arn:aws:iam::123456789012:user/Alice",
    "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd",
    "kmsOperation": "Encrypt",
    "kmsRequestId": "4112f4d6",
}
HEALTH = json.dumps({"requestMetadata": {"kmsRequestId": "1", "kmsOperation": "KmsHealthCheck"}}).encode()


def signed(
    path: str = PATH,
    body: bytes = HEALTH,
    *,
    at_s: float = NOW_S,
    credential: Credential = DEFAULT_CREDENTIAL,
    region: str = REGION,
    service: str = SERVICE,
    host: str = HOST,
    more: Sequence[tuple[str, str]] = (),
) -> Signed:
    """A POST as the proxy receives it; ``more`` are further headers, also signed."""
    date = datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    given = {**dict(more), "X-Amz-Date": date}
    request = AWSRequest(method="POST", url=f"https://{host}{path}", data=body, headers=given)
    request.context["timestamp"] = date
    signer = SigV4Auth(Credentials(credential.access_key_id, credential.secret_access_key), service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, "
        f"Signature={signer.signature(text, request)}"
    )
    headers = [("host", host), *((name.lower(), value) for name, value in given.items())]
    return Signed(method="POST", path=path, headers=[*headers, ("authorization", authorization)], body=body)


def requested(of: Signed) -> Request:
    """The request as the proxy's parser returns it."""
    return Request(
        method=of.method,
        path=of.path,
        body_bytes=len(of.body),
        keeps_alive=True,
        headers=tuple(of.headers),
    )


def with_header(of: Signed, name: str, value: str) -> Signed:
    return replace(of, headers=[*((n, v) for n, v in of.headers if n != name), (name, value)])


def header(of: Signed, name: str) -> str:
    return dict(of.headers)[name]
