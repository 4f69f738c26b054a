"""SigV4 as KMS signs its requests to a proxy: service kms-xks-proxy, host and x-amz-date, path as sent.

XKS proxy API specification 1.0.3, "Authentication". What must not be signed is added afterwards.
"""

import logging

from probe.signing.credential import Credential

SERVICE = "kms-xks-proxy"
Headers = tuple[tuple[str, str], ...]


class Signer:
    """Signs with one credential for one Region. Not printed."""

    __slots__ = ("_credential", "_region")

    def __init__(self, credential: Credential, region: str) -> None:
        self._credential, self._region = credential, region

    def __repr__(self) -> str:
        return "Signer(not shown)"

    @staticmethod
    def load() -> None:
        """Import what signs, which takes a quarter of a second: before there is an event loop to hold up."""
        import botocore.auth  # noqa: F401

    def headers(self, host: str, path: str, body: bytes) -> Headers:
        """``Authorization`` and ``X-Amz-Date`` for a POST to ``https://HOST/PATH`` at this moment."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        class AsSent(SigV4Auth):  # type: ignore[misc]  # botocore has no types
            """botocore makes one slash of two, which KMS's pattern admits: this signs what is sent."""

            def _normalize_url_path(self, path: str) -> str:
                return path

        # Its debug log has what is signed and the signature, which is good for five minutes.
        logging.getLogger("botocore.auth").setLevel(logging.INFO)
        request = AWSRequest(method="POST", url=f"https://{host}{path}", data=body)
        AsSent(Credentials(*self._credential.as_key_pair()), SERVICE, self._region).add_auth(request)
        return tuple((name, str(request.headers[name])) for name in ("X-Amz-Date", "Authorization"))
