"""A parsed YAML mapping -> `Settings`: schema, rules and files, and every mistake of all three at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from probe.config import messages, rules
from probe.config.footprint import ConfigError
from probe.config.schema import Document
from probe.config.targets import Draft, drafts
from probe.model.settings import Settings
from probe.model.store import KeyStoreSpec
from probe.model.text import clean
from probe.storage.files import read_bounded
from probe.wire.input_error import InputError

__all__ = ["ConfigError", "build"]

MAX_ERRORS = 200  # a file of another kind altogether has one in every line
_NOTHING = "nothing is to be probed; write nodes, backends, key_managers, regions or resolvers"
_DISCOVERY = f"key_store: discovery by the AWS API is not in this version, so {_NOTHING}"


@dataclass(frozen=True, slots=True)
class _Read:
    """What could be read, and the mistakes so far; no document if nothing could."""

    document: Document | None
    positions: dict[str, list[int]]
    errors: list[str]


def build(raw: Mapping[str, Any], directory: Path) -> Settings:
    """Raises ConfigError. Files are sought in ``directory``."""
    read = _read(raw)
    errors = [*read.errors, *rules.names_twice(raw)]
    if read.document is None:
        raise _error(errors)
    made = drafts(read.document, read.positions)
    authorities, unreadable = _authorities(read, directory)
    errors += [*rules.broken(made, read.document), *unreadable]
    if not made and not errors:
        errors.append(_DISCOVERY if read.document.key_store else _NOTHING)
    if errors:
        raise _error(errors)
    return _settings(read.document, made, authorities)


def _read(raw: Mapping[str, Any]) -> _Read:
    try:
        return _Read(Document.model_validate(raw), {}, [])
    except ValidationError as error:
        found = error.errors(include_url=False)
    errors = [messages.line(each, Document) for each in found]
    pruned, positions = messages.without(raw, [each["loc"] for each in found])
    try:
        return _Read(Document.model_validate(pruned), positions, errors)
    except ValidationError:
        return _Read(None, positions, errors)


def _error(errors: list[str]) -> ConfigError:
    if len(errors) > MAX_ERRORS:
        errors = [*errors[:MAX_ERRORS], f"and {len(errors) - MAX_ERRORS} mistakes more"]
    return ConfigError(tuple(errors))


def _authorities(read: _Read, directory: Path) -> tuple[tuple[bytes, ...], list[str]]:
    """The certificates of all files as DER, in their order, each once; and the mistakes."""
    found: dict[bytes, None] = {}
    errors: list[str] = []
    names = read.document.extra_authorities if read.document else []
    positions = read.positions.get("extra_authorities", range(len(names)))
    for position, name in zip(positions, names, strict=True):
        try:
            found.update(dict.fromkeys(_certificates(directory / name)))
        except InputError as error:
            errors.append(f"extra_authorities[{position}]: '{clean(name)}' {error}")
    return tuple(found), errors


def _certificates(path: Path) -> list[bytes]:
    try:
        certificates = x509.load_pem_x509_certificates(read_bounded(path))
        return [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    except InputError:
        raise
    except ValueError:
        message = "holds no readable certificate; name a PEM file with -----BEGIN CERTIFICATE-----"
        raise InputError((message,)) from None


def _stores(document: Document) -> tuple[KeyStoreSpec, ...]:
    """The key store that the file is about."""
    name = document.proxy.private_dns_name if document.proxy else None
    return (
        KeyStoreSpec(
            id=document.key_store.id if document.key_store else "",
            uri_endpoint=f"https://{name}" if name else None,
            is_govcloud=document.govcloud,
        ),
    )


def _settings(document: Document, made: tuple[Draft, ...], authorities: tuple[bytes, ...]) -> Settings:
    host, _, port = document.listen.rpartition(":")
    return Settings(
        targets=tuple(draft.target for draft in made),
        stores=_stores(document),
        listen_host=host,
        listen_port=int(port),
        external_url=document.external_url,
        allow_unauthenticated=document.allow_unauthenticated,
        resolvers=tuple(document.resolve_with),
        source_address=document.source_address,
        extra_authorities=authorities,
        threshold_s=document.threshold,
        report_interval_s=document.report_interval,
    )
