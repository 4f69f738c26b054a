"""Searches output for a marker credential.

It also searches for the SigV4 signing keys derived from it, and for the common encodings of both.
"""

import base64
import datetime as dt
import hmac
from collections.abc import Iterable, Iterator

from support.network.xks_proxy import KEY_ID, SECRET


def _forms(of: bytes) -> Iterator[str]:
    yield from (of.hex(), base64.b64encode(of).decode().rstrip("="), repr(of)[2:-1])


def _secrets() -> frozenset[str]:
    """The secret, and the keys that SigV4 derives from it for today and yesterday, in all encodings."""
    encoded = {SECRET, *_forms(SECRET.encode())}
    for ago in (0, 1):
        key = f"AWS4{SECRET}".encode()
        day = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=ago):%Y%m%d}"
        for part in (day, "eu-west-1", "kms-xks-proxy", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
            encoded.update(_forms(key))
    return frozenset(encoded)


def shows_no_secret(output: str) -> None:
    found = list(_around(output, _secrets()))
    assert not found, found


def shows_nothing(output: str) -> None:
    """The output has no secret, no key id and no signature."""
    shows_no_secret(output)
    words = (KEY_ID, *_forms(KEY_ID.encode()), "AWS4-HMAC-SHA256", "Signature=")
    found = list(_around(output, words))
    assert not found, found


def _around(output: str, words: Iterable[str]) -> Iterator[str]:
    """What is before and after each of the words that is in the output."""
    for word in words:
        before, found, after = output.partition(word)
        if found:
            yield f"{before[-200:]}[{word[:4]}...]{after[:200]}"
