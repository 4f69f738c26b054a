"""The XKS proxy's credential: reads it from its sources and checks its syntax, without ever showing it.

No value of the model contains it. Only `signing` uses it.
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
HANDED_NAME = "xks-proxy"  # the credential's name in the systemd unit if there is one key store
_MAX_FILE_BYTES = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# botocore's model of KMS: XksProxyAuthenticationAccessKeyIdType, …RawSecretAccessKeyType.
_KEY_ID = (re.compile(r"[A-Z2-7]+", re.ASCII), 20, 30, "A to Z and 2 to 7")
_SECRET = (re.compile(r"[a-zA-Z0-9/+=]+", re.ASCII), 43, 64, "letters, digits, '/', '+' and '='")


class Credential:
    """An access key id and its secret. It can't be printed, pickled or compared.

    ``uri_path`` is the URI path in the same proxy configuration, if it has one.
    """

    __slots__ = ("_key_id", "_secret", "_uri_path")

    def __init__(self, key_id: str, secret: str, uri_path: str | None = None) -> None:
        self._key_id, self._secret, self._uri_path = key_id, secret, uri_path

    def __repr__(self) -> str:
        return "Credential(not shown)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential can't be serialised")

    def as_key_pair(self) -> tuple[str, str]:
        """The access key id and the secret, for the signer only."""
        return self._key_id, self._secret

    def is_same_as(self, other: "Credential | None") -> bool:
        """Whether both sign alike."""
        return other is not None and self.as_key_pair() == other.as_key_pair()

    def facts(self, access_key_id_of_the_store: str | None = None) -> CredentialFacts:
        """The facts that are safe to report."""
        known = access_key_id_of_the_store
        return CredentialFacts(
            access_key_id_fault=_fault(self._key_id, *_KEY_ID),
            secret_fault=_fault(self._secret, *_SECRET),
            is_that_of_the_store=None if known is None else known == self._key_id,
            uri_path_of_the_file=self._uri_path,
        )


def _fault(value: str, pattern: re.Pattern[str], low: int, high: int, characters: str) -> str | None:
    """The violated rule, or None. The text contains nothing of the value except its length."""
    if not low <= len(value) <= high:
        return f"has {len(value)} characters, but must have {low} to {high}"
    return None if pattern.fullmatch(value) else f"has characters other than {characters}"


def load(file: Path | None, environment: Mapping[str, str] = os.environ) -> Credential | None:
    """The credential from KMS's proxy configuration file if given, else from the environment, else None.

    Raises InputError, which contains no part of the credential.
    """
    if file is not None:
        return _read(file, f"--credential-file {clean(str(file))}")
    key_id, secret = environment.get(KEY_ID_VARIABLE), environment.get(SECRET_VARIABLE)
    if not key_id and not secret:
        return None
    if not key_id or not secret:
        missing = SECRET_VARIABLE if key_id else KEY_ID_VARIABLE
        raise InputError((f"{missing}: is not set; a credential needs both variables",))
    return Credential(key_id, secret)


def load_for(
    key_store: str, file: Path | None, environment: Mapping[str, str] = os.environ, *, is_only: bool
) -> Credential | None:
    """The credential of a configured key store: from ``file``, else from systemd, else from the environment.

    ``is_only``: it is the only key store, so a credential without a key store's name belongs to it.
    Raises InputError, which contains no part of the credential.
    """
    if file is not None:
        return _read(file, clean(str(file)))
    handed = _handed(key_store, environment, is_only=is_only)
    if handed is not None:
        return _read(handed, clean(str(handed)), is_guarded=True)
    return load(None, environment) if is_only else None


def file_for(
    key_store: str, file: Path | None, environment: Mapping[str, str] = os.environ, *, is_only: bool
) -> Path | None:
    """The file from which `load_for` reads; None if it reads the environment."""
    return file or _handed(key_store, environment, is_only=is_only)


def is_at_hand(key_store: str, environment: Mapping[str, str], *, is_only: bool) -> bool:
    """Whether systemd or the environment provides a credential for a key store."""
    given = environment.get(KEY_ID_VARIABLE) or environment.get(SECRET_VARIABLE)
    return _handed(key_store, environment, is_only=is_only) is not None or bool(is_only and given)


def _handed(key_store: str, environment: Mapping[str, str], *, is_only: bool) -> Path | None:
    """The file in systemd's credentials directory (systemd.exec(5), LoadCredential=)."""
    directory = environment.get(DIRECTORY_VARIABLE)
    names = [key_store, *([HANDED_NAME] if is_only else [])] if directory else []
    files = (Path(directory or "", name) for name in names if name)
    return next((file for file in files if file.is_file()), None)


def _check_access(status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise InputError(("it belongs to another user, who can change it; run chown on it",))
    if status.st_mode & _OTHERS:
        raise InputError(("other users can read it; run chmod 600 on it",))


def _read(file: Path, source: str, *, is_guarded: bool = False) -> Credential:
    """``is_guarded``: systemd restricts access by ACLs, which look like group permissions in the mode."""
    try:
        content = read_bounded(file, _MAX_FILE_BYTES, None if is_guarded else _check_access)
    except InputError as error:
        raise InputError(tuple(f"{source}: {each}" for each in error.errors)) from None
    return parse(content, source)


def parse(content: bytes | str, source: str) -> Credential:
    """Parses ``{"XksProxyAuthenticationCredential": {"AccessKeyId": …, "RawSecretAccessKey": …}}``.

    The inner object is accepted, too. Beside it, ``XksProxyUriPath`` is the URI path.
    Raises InputError, which contains no part of the content.
    """
    try:
        document = json.loads(content)
        found = document.get("XksProxyAuthenticationCredential", document)
        key_id, secret = found["AccessKeyId"], found["RawSecretAccessKey"]
        uri_path = document.get("XksProxyUriPath")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        key_id = secret = uri_path = None  # the exception is dropped, because it may contain the content
    if not isinstance(key_id, str) or not isinstance(secret, str):
        wanted = "XksProxyAuthenticationCredential with AccessKeyId and RawSecretAccessKey"
        raise InputError((f"{source}: is not a KMS proxy configuration; expected {wanted}",))
    return Credential(key_id, secret, uri_path if isinstance(uri_path, str) else None)
