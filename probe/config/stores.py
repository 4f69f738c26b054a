"""Reads the key stores of the configuration: their settings, and whether health requests are possible."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from probe.config import schema
from probe.config.targets import Owner
from probe.model.settings import CredentialSource
from probe.model.store import KeyStoreSpec
from probe.model.text import clean
from probe.signing.credential import is_at_hand
from probe.survey import locations
from probe.wire.aws_names import REGION

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def _nowhere() -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Sources for omitted values: the environment, and the Region of this EC2 instance."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    instance_region: Callable[[], str | None] = _nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """All key stores, in order; if the file has none, there is one with an empty id."""

    specs: tuple[KeyStoreSpec, ...]
    owners: tuple[Owner, ...]
    credentials: Mapping[str, CredentialSource]
    errors: tuple[str, ...]


def described(
    document: schema.Document, paths: Sequence[str], directory: Path, surroundings: Surroundings
) -> Described:
    """``paths`` are the YAML paths of the key stores; file names are relative to ``directory``."""
    stores: list[tuple[str, schema.KeyStore | None]] = [*zip(paths, document.key_store, strict=False)]
    credentials = {store.id: source for _, store in stores if store and (source := _source(store, directory))}
    is_only = len(stores) <= 1
    owners: list[Owner] = []
    specs: list[KeyStoreSpec] = []
    errors: list[str] = []
    for path, store in stores or [("key_store", None)]:
        proxy = (store.proxy if store else None) or (document.proxy if is_only else None)
        id_ = store.id if store else ""
        has_credential = id_ in credentials or is_at_hand(id_, surroundings.environment, is_only=is_only)
        asks = has_credential and store is not None and store.uri_path is not None
        owners.append(Owner(path=path, id=id_, proxy=proxy, asks_health=asks))
        region = _region(store, surroundings, is_needed=asks)
        specs.append(_spec(store, proxy, region, is_govcloud=document.govcloud))
        if store is not None:
            errors += _errors(path, store, region, asks_health=asks)
    return Described(specs=tuple(specs), owners=tuple(owners), credentials=credentials, errors=tuple(errors))


def _source(store: schema.KeyStore, directory: Path) -> CredentialSource | None:
    given = store.credential
    if given is None or (given.file is None and given.secret is None):
        return None
    return CredentialSource(file=str(directory / given.file) if given.file else None, secret=given.secret)


def _spec(
    store: schema.KeyStore | None, proxy: schema.Proxy | None, region: str, *, is_govcloud: bool
) -> KeyStoreSpec:
    return KeyStoreSpec(
        id=store.id if store else "",
        region=region,
        uri_endpoint=f"https://{proxy.private_dns_name}" if proxy else None,
        uri_path=store.uri_path if store else None,
        key_id=store.key_id if store else None,
        region_has_kms=locations.is_known(region) if region else None,
        is_govcloud=is_govcloud,
    )


def _region(store: schema.KeyStore | None, surroundings: Surroundings, *, is_needed: bool) -> str:
    """The Region in the file; else, if requests must be signed for it, the one that AWS's tools would use."""
    if (store and store.region) or not is_needed:
        return (store.region if store else None) or ""
    given = (surroundings.environment.get(name) for name in _REGION_VARIABLES)
    return next(filter(None, given), None) or surroundings.instance_region() or ""


def _errors(path: str, store: schema.KeyStore, region: str, *, asks_health: bool) -> Iterator[str]:
    given = store.credential
    if given is not None and (given.file is None) == (given.secret is None):
        yield f"{path}.credential: set either file or secret"
    if given is not None and store.uri_path is None:
        yield f"{path}.uri_path: is missing; health requests need it, for example `uri_path: /kms/xks/v1`"
    if asks_health and not region:
        yield f"{path}.region: is missing; request signatures need it, for example `region: eu-central-1`"
    elif region and not REGION.fullmatch(region):
        yield f"{path}.region: '{clean(region, 40)}' from the environment is not a Region; set it here"
