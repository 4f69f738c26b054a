"""Signs requests to a proxy as KMS does: SigV4, service kms-xks-proxy, headers host and x-amz-date.

XKS proxy API specification 1.0.3, "Authentication". The path is signed as sent; unsigned headers are added
by the caller.
"""

import logging

from probe.signing.credential import Credential

SERVICE = "kms-xks-proxy"
Headers = tuple[tuple[str, str], ...]


class Signer:
    """Signs with one credential for one Region. It can't be printed."""

    __slots__ = ("_credential", "_region")

    def __init__(self, credential: Credential, region: str) -> None:
        self._credential, self._region = credential, region

    def __repr__(self) -> str:
        return "Signer(not shown)"

    @staticmethod
    def load() -> None:
        """Import the signer, which takes 0.25 s, so call this before the event loop runs."""
        import botocore.auth  # noqa: F401

    def headers(self, host: str, path: str, body: bytes) -> Headers:
        """``Authorization`` and ``X-Amz-Date`` for a POST to ``https://HOST/PATH`` at this moment."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        class AsSent(SigV4Auth):  # type: ignore[misc]  # botocore has no types
            """Signs the path as sent: botocore would merge double slashes, which KMS's pattern allows."""

            def _normalize_url_path(self, path: str) -> str:
                return path

        # The debug log would contain the signature, which is valid for five minutes.
        logging.getLogger("botocore.auth").setLevel(logging.INFO)
        request = AWSRequest(method="POST", url=f"https://{host}{path}", data=body)
        AsSent(Credentials(*self._credential.as_key_pair()), SERVICE, self._region).add_auth(request)
        return tuple((name, str(request.headers[name])) for name in ("X-Amz-Date", "Authorization"))
