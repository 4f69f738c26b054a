"""The marker that stands for a credential, and what must not be found of it anywhere.

Nor what is made of it: the signing keys of SigV4, and the usual ways to write bytes.
"""

import base64
import datetime as dt
import hmac
from collections.abc import Iterator

from support.network.xks_proxy import KEY_ID, SECRET


def _forms(of: bytes) -> Iterator[str]:
    yield from (of.hex(), base64.b64encode(of).decode().rstrip("="), repr(of)[2:-1])


def _secrets() -> frozenset[str]:
    """The secret and each key that SigV4 makes of it today (or did yesterday), as somebody may write them."""
    made = {SECRET, *_forms(SECRET.encode())}
    for ago in (0, 1):
        key = f"AWS4{SECRET}".encode()
        day = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=ago):%Y%m%d}"
        for part in (day, "eu-west-1", "kms-xks-proxy", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
            made.update(_forms(key))
    return frozenset(made)


def shows_no_secret(said: str) -> None:
    found = [secret[:4] for secret in _secrets() if secret in said]
    assert found == []


def shows_nothing(said: str) -> None:
    """Neither the secret, nor the key id, nor a signature."""
    shows_no_secret(said)
    for word in (KEY_ID, *_forms(KEY_ID.encode()), "AWS4-HMAC-SHA256", "Signature="):
        assert word not in said
