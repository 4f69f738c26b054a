"""The XKS proxy's credential: where it comes from, whether KMS would take its form, and that nobody sees it.

It is in no value of the model. Only `signing` gets at it.
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from probe.model.facts import CredentialFacts
from probe.model.text import clean
from probe.storage.files import read_bounded
from probe.wire.input_error import InputError

KEY_ID_VARIABLE = "XKS_PROXY_ACCESS_KEY_ID"
SECRET_VARIABLE = "XKS_PROXY_SECRET_ACCESS_KEY"  # noqa: S105 -- a name
DIRECTORY_VARIABLE = "CREDENTIALS_DIRECTORY"
HANDED_NAME = "xks-proxy"  # of the credential in systemd's unit, where there is one key store
_MAX_FILE_BYTES = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# botocore's model of KMS: XksProxyAuthenticationAccessKeyIdType, …RawSecretAccessKeyType.
_KEY_ID = (re.compile(r"[A-Z2-7]+", re.ASCII), 20, 30, "A to Z and 2 to 7")
_SECRET = (re.compile(r"[a-zA-Z0-9/+=]+", re.ASCII), 43, 64, "letters, digits, '/', '+' and '='")


class Credential:
    """An access key id and its secret. Not printed, not pickled, not compared."""

    __slots__ = ("_key_id", "_secret")

    def __init__(self, key_id: str, secret: str) -> None:
        self._key_id, self._secret = key_id, secret

    def __repr__(self) -> str:
        return "Credential(not shown)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential is not written anywhere")

    def as_key_pair(self) -> tuple[str, str]:
        """For the one who signs."""
        return self._key_id, self._secret

    def facts(self, access_key_id_of_the_store: str | None = None) -> CredentialFacts:
        """What may be said of it."""
        known = access_key_id_of_the_store
        return CredentialFacts(
            access_key_id_fault=_fault(self._key_id, *_KEY_ID),
            secret_fault=_fault(self._secret, *_SECRET),
            is_that_of_the_store=None if known is None else known == self._key_id,
        )


def _fault(value: str, pattern: re.Pattern[str], low: int, high: int, characters: str) -> str | None:
    """Which rule is broken; nothing of the value but its length is in it."""
    if not low <= len(value) <= high:
        return f"has {len(value)} characters, {low} to {high} are allowed"
    return None if pattern.fullmatch(value) else f"has other characters than {characters}"


def load(file: Path | None, environment: Mapping[str, str] = os.environ) -> Credential | None:
    """From KMS's proxy configuration file if one is given, else from the environment; None without either.

    Raises InputError, in which nothing of the credential is.
    """
    if file is not None:
        return _read(file, f"--credential-file {clean(str(file))}")
    key_id, secret = environment.get(KEY_ID_VARIABLE), environment.get(SECRET_VARIABLE)
    if not key_id and not secret:
        return None
    if not key_id or not secret:
        missing = SECRET_VARIABLE if key_id else KEY_ID_VARIABLE
        raise InputError((f"{missing}: is not set; the credential needs both variables",))
    return Credential(key_id, secret)


def load_for(
    key_store: str, file: Path | None, environment: Mapping[str, str] = os.environ, *, is_alone: bool
) -> Credential | None:
    """That of a configured key store: its ``file``, else systemd's, else the environment's; None without any.

    ``is_alone``: there is no other key store, so that what bears no key store's name is this one's.
    Raises InputError, in which nothing of the credential is.
    """
    if file is not None:
        return _read(file, clean(str(file)))
    handed = _handed(key_store, environment, is_alone=is_alone)
    if handed is not None:
        return _read(handed, clean(str(handed)), is_guarded=True)
    return load(None, environment) if is_alone else None


def is_at_hand(key_store: str, environment: Mapping[str, str], *, is_alone: bool) -> bool:
    """Whether systemd or the environment has a credential for a key store."""
    given = environment.get(KEY_ID_VARIABLE) or environment.get(SECRET_VARIABLE)
    return _handed(key_store, environment, is_alone=is_alone) is not None or bool(is_alone and given)


def _handed(key_store: str, environment: Mapping[str, str], *, is_alone: bool) -> Path | None:
    """The file in systemd's directory of credentials (systemd.exec(5), LoadCredential=)."""
    directory = environment.get(DIRECTORY_VARIABLE)
    names = [key_store, *([HANDED_NAME] if is_alone else [])] if directory else []
    files = (Path(directory or "", name) for name in names if name)
    return next((file for file in files if file.is_file()), None)


def _check_mode(file: Path) -> None:
    if file.stat().st_mode & _OTHERS:
        raise InputError(("others can read it; chmod 600 it",))


def _read(file: Path, source: str, *, is_guarded: bool = False) -> Credential:
    """``is_guarded``: systemd says who can read it, by access lists that look like a group's rights."""
    try:
        if not is_guarded:
            _check_mode(file)
        content = read_bounded(file, _MAX_FILE_BYTES)
    except OSError as error:
        raise InputError((f"{source}: cannot be read: {error.strerror}",)) from None
    except InputError as error:
        raise InputError(tuple(f"{source}: {each}" for each in error.errors)) from None
    return parse(content, source)


def parse(content: bytes | str, source: str) -> Credential:
    """``{"XksProxyAuthenticationCredential": {"AccessKeyId": …, "RawSecretAccessKey": …}}``, or its inside.

    Raises InputError, in which nothing of the content is.
    """
    try:
        document = json.loads(content)
        found = document.get("XksProxyAuthenticationCredential", document)
        key_id, secret = found["AccessKeyId"], found["RawSecretAccessKey"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        key_id = secret = None  # the exception may quote the content
    if not isinstance(key_id, str) or not isinstance(secret, str):
        what = "is no proxy configuration of KMS"
        raise InputError((f"{source}: {what} (XksProxyAuthenticationCredential with its two keys)",))
    return Credential(key_id, secret)
