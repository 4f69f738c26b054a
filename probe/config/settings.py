"""Builds `Settings` from a parsed YAML mapping, and reports all errors of schema, rules and files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from probe.config import history, messages, rules, stores
from probe.config.footprint import ConfigError
from probe.config.schema import REFRESHED, Document
from probe.config.stores import Surroundings
from probe.config.targets import Draft, drafts, plans_by_role
from probe.model.kinds import ROLES
from probe.model.settings import RefreshTimes, Settings
from probe.model.targets import Role
from probe.model.text import clean
from probe.storage.files import read_bounded
from probe.wire.input_error import InputError
from probe.wire.pem import whole_certificates

__all__ = ["ConfigError", "build"]

MAX_ERRORS = 99  # a file that is not a configuration has an error in every line; commands print 100 lines
_SECTIONS = [kind.section for role, kind in ROLES.items() if role is not Role.PROXY]
_ADD_TARGETS = f"add {', '.join(_SECTIONS[:-1])} or {_SECTIONS[-1]}"
_NO_TARGETS = f"no targets; {_ADD_TARGETS}, or a key_store whose targets are discovered"
_NO_DISCOVERY = (
    "key_store: no targets, and nothing to discover; set its id (cks-…) or endpoint_service, "
    f"or {_ADD_TARGETS}"
)


@dataclass(frozen=True, slots=True)
class _Read:
    """The readable part of the file (None if there is none), the errors, and how many are not listed."""

    document: Document | None
    positions: dict[str, list[int]]
    errors: list[str]
    more: int = 0


def build(raw: Mapping[str, Any], directory: Path, surroundings: Surroundings | None = None) -> Settings:
    """Paths of files are relative to ``directory``. Raises ConfigError."""
    read = _read(raw)
    errors = [*read.errors, *rules.names_twice(raw)]
    if read.document is None:
        raise _error(errors, read.more)
    paths = _store_paths(raw, read)
    around = surroundings or Surroundings()
    described = stores.described(read.document, paths, directory, around)
    kept = history.settings(read.document.history, directory, around.environment)
    made = drafts(read.document, read.positions, described.owners)
    authorities, unreadable = _authorities(read, directory)
    errors += [*described.errors, *rules.broken(made, read.document, paths), *unreadable]
    errors += [kept] if isinstance(kept, str) else []
    if not made and not described.discovered and not errors:
        errors.append(_NO_DISCOVERY if read.document.key_store else _NO_TARGETS)
    if errors or isinstance(kept, str):
        raise _error(errors, read.more)
    return replace(_settings(read.document, made, described, authorities), history=kept)


def _read(raw: Mapping[str, Any]) -> _Read:
    try:
        return _Read(Document.model_validate(raw), {}, [])
    except ValidationError as error:
        found = [messages.located(each, raw) for each in error.errors(include_url=False)]
    errors = [messages.line(each, Document) for each in found[:MAX_ERRORS]]
    more = len(found) - len(errors)
    pruned, positions = messages.without(raw, [each["loc"] for each in found])
    try:
        return _Read(Document.model_validate(pruned), positions, errors, more)
    except ValidationError:
        return _Read(None, positions, errors, more)


def _store_paths(raw: Mapping[str, Any], read: _Read) -> list[str]:
    """The YAML path of each key store; a single one need not be in a list."""
    given = raw.get("key_store")
    if not isinstance(given, list):
        return ["key_store"]
    return [f"key_store[{number}]" for number in read.positions.get("key_store", range(len(given)))]


def _error(errors: list[str], more: int) -> ConfigError:
    more += max(0, len(errors) - MAX_ERRORS)
    return ConfigError((*errors[:MAX_ERRORS], *([f"and {more} more errors"] if more else [])))


def _authorities(read: _Read, directory: Path) -> tuple[tuple[bytes, ...], list[str]]:
    """The certificates of all files as DER, in order, without duplicates; and the errors."""
    found: dict[bytes, None] = {}
    errors: list[str] = []
    names = read.document.extra_authorities if read.document else []
    positions = read.positions.get("extra_authorities", range(len(names)))
    for position, name in zip(positions, names, strict=True):
        try:
            found.update(dict.fromkeys(whole_certificates(read_bounded(directory / name))))
        except InputError as error:
            errors.append(f"extra_authorities[{position}]: '{clean(name)}' {error}")
    return tuple(found), errors


def _settings(
    document: Document, made: tuple[Draft, ...], described: stores.Described, authorities: tuple[bytes, ...]
) -> Settings:
    host, _, port = document.listen.rpartition(":")
    return Settings(
        targets=tuple(draft.target for draft in made),
        stores=described.specs,
        plans=plans_by_role(document, asks_health=any(owner.asks_health for owner in described.owners)),
        credentials=described.credentials,
        discovered=described.discovered,
        refresh=_refresh(document),
        public_resolvers=tuple(document.public_resolvers),
        listen_host=host,
        listen_port=int(port),
        external_url=document.external_url,
        allow_unauthenticated=document.allow_unauthenticated,
        resolvers=tuple(document.resolve_with),
        source_address=document.source_address,
        extra_authorities=authorities,
        vantage=document.vantage,
        threshold_s=document.threshold,
        report_interval_s=document.report_interval,
    )


def _refresh(document: Document) -> RefreshTimes:
    given = {
        f"{key}_{name}": getattr(section, key)
        for name, section in (("interval_s", document.intervals), ("timeout_s", document.timeouts))
        for key in REFRESHED
    }
    return RefreshTimes(**{name: time_s for name, time_s in given.items() if time_s is not None})
