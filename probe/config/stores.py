"""Reads the configured key stores: their settings, and whether discovery and health are possible."""

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
from probe.wire.aws_names import KEY_STORE_ID, REGION, SERVICE_NAME

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
    """All key stores, in order; if the file has none, there is one with an empty id.

    ``discovered`` are the ids of those whose AWS account is read.
    """

    specs: tuple[KeyStoreSpec, ...]
    owners: tuple[Owner, ...]
    credentials: Mapping[str, CredentialSource]
    discovered: frozenset[str]
    errors: tuple[str, ...]


def described(
    document: schema.Document, paths: Sequence[str], directory: Path, surroundings: Surroundings
) -> Described:
    """``paths`` are the YAML paths of the key stores; file names are relative to ``directory``."""
    stores: list[tuple[str, schema.KeyStore | None]] = [*zip(paths, document.key_store, strict=False)]
    is_only = len(stores) <= 1
    found = [
        _Store(path, store, document, surroundings, is_only=is_only)
        for path, store in stores or [("key_store", None)]
    ]
    sources = {each.id: _source(each.store, directory) for each in found if each.store}
    credentials = {id_: source for id_, source in sources.items() if source}
    errors = [line for each in found for line in each.errors()]
    if document.endpoint_service and len(stores) > 1:
        errors.append("endpoint_service: there are several key stores; move it into the one it belongs to")
    return Described(
        specs=tuple(each.spec for each in found),
        owners=tuple(each.owner for each in found),
        credentials=credentials,
        discovered=frozenset(each.id for each in found if each.is_discovered),
        errors=tuple(dict.fromkeys(errors)),
    )


class _Store:
    """One key store, from its entry and the keys of the file that concern it; ``store`` None: no entry."""

    def __init__(
        self,
        path: str,
        store: schema.KeyStore | None,
        document: schema.Document,
        surroundings: Surroundings,
        *,
        is_only: bool,
    ) -> None:
        self.path, self.store, self._document, self._is_only = path, store, document, is_only
        self.id = (store.id if store else None) or ""
        self._proxy = (store.proxy if store else None) or (document.proxy if is_only else None)
        of_file = document.endpoint_service if is_only else None
        self._service = (store.endpoint_service if store else None) or of_file
        self._exists = KEY_STORE_ID.fullmatch(self.id) is not None
        given = store.credential if store else None
        is_given = given is not None and (given.file is not None or given.secret is not None)
        self._has_credential = is_given or is_at_hand(self.id, surroundings.environment, is_only=is_only)
        own = store.discovery if store else None
        self._discovery = document.discovery if own is None else own
        self._wants_discovery = self._discovery is not False and (self._exists or bool(self._service))
        has_path = store is not None and store.uri_path is not None
        is_needed = self._wants_discovery or (self._has_credential and has_path)
        self._region = self._region_of(surroundings, is_needed=is_needed)
        self.is_discovered = self._wants_discovery and bool(self._region)
        self._asks_health = self._has_credential and (has_path or (self.is_discovered and self._exists))

    @property
    def owner(self) -> Owner:
        return Owner(path=self.path, id=self.id, proxy=self._proxy, asks_health=self._asks_health)

    @property
    def spec(self) -> KeyStoreSpec:
        store, proxy = self.store, self._proxy
        named = f"https://{proxy.private_dns_name}" if proxy else None
        return KeyStoreSpec(
            id=self.id,
            region=self._region,
            uri_endpoint=(store.uri_endpoint if store else None) or named,
            uri_path=store.uri_path if store else None,
            service_name=self._service,
            service_owner=store.owner if store else None,
            key_id=store.key_id if store else None,
            region_has_kms=locations.is_known(self._region) if self._region else None,
            is_govcloud=self._document.govcloud,
        )

    def errors(self) -> Iterator[str]:
        store = self.store
        if store is not None:
            yield from self._errors_of(store)
        is_required = self._discovery or not self._has_targets()
        if self._wants_discovery and not self._region and is_required:
            yield (
                "aws.region: is missing; discovery through the AWS API needs it, for example "
                "`aws: {region: eu-central-1}`"
            )
        elif self._asks_health and not self._region:
            yield (
                f"{self.path}.region: is missing; request signatures need it, for example "
                "`region: eu-central-1`"
            )
        elif self._region and not REGION.fullmatch(self._region):
            shown = clean(self._region, 40)
            yield f"{self.path}.region: '{shown}' from the environment is not a Region; set it here"

    def _errors_of(self, store: schema.KeyStore) -> Iterator[str]:
        given = store.credential
        if given is not None and (given.file is None) == (given.secret is None):
            yield f"{self.path}.credential: set either file or secret"
        if given is not None and store.uri_path is None and not (self._wants_discovery and self._exists):
            yield (
                f"{self.path}.uri_path: is missing; health requests need it, for example "
                "`uri_path: /kms/xks/v1`"
            )
        if store.id is None and not (self._service and self._is_only):
            yield f"{self.path}.id: is missing; add it, for example `id: cks-1234567890abcdef0`"
        if store.endpoint_service and self._document.endpoint_service:
            yield f"{self.path}.endpoint_service: is also at the top level of the file; keep one of them"
        if store.uri_endpoint and self._proxy:
            yield f"{self.path}.uri_endpoint: the proxy's private_dns_name says the same; keep one of them"

    def _has_targets(self) -> bool:
        """Whether anything on its path is typed: then the file is useful without discovery."""
        sections = [self.store, *([self._document] if self._is_only else [])]
        typed = [getattr(each, name) for each in sections if each for name in ("nodes", "backends")]
        return any(typed) or bool(self._proxy and (self._proxy.address or self._proxy.host))

    def _region_of(self, surroundings: Surroundings, *, is_needed: bool) -> str:
        """The Region in the file; else, if it is needed, the service's, then the one of AWS's tools."""
        in_file = (self.store.region if self.store else None) or self._document.aws.region
        if in_file or not is_needed:
            return in_file or ""
        of_service = SERVICE_NAME.fullmatch(self._service or "")
        given = (surroundings.environment.get(name) for name in _REGION_VARIABLES)
        known = (of_service[1] if of_service else None, *given)
        return next(filter(None, known), None) or surroundings.instance_region() or ""


def _source(store: schema.KeyStore, directory: Path) -> CredentialSource | None:
    given = store.credential
    if given is None or (given.file is None and given.secret is None):
        return None
    return CredentialSource(file=str(directory / given.file) if given.file else None, secret=given.secret)
