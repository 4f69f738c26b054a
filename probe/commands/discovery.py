"""The sources of the running agent's facts: AWS in each Region, public DNS, and the credentials' files."""

from pathlib import Path
from typing import TYPE_CHECKING

from probe.commands.exits import UsageError
from probe.model.settings import CredentialSource, Settings
from probe.model.store import KeyStoreSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from probe.agent.refresh import Sources
    from probe.aws.boto3_client import Boto3Client
    from probe.signing.client import ProxyAccess
    from probe.signing.credential import Credential
    from probe.signing.watched import WatchedCredential

_Key = tuple[object, ...]
_SECRET_S = 3600.0  # a secret is read again this often: each reading is a call that AWS charges for


class KnownSources:
    """The sources of key stores; one whose settings stay the same keeps its own, and so what it has read."""

    def __init__(self) -> None:
        self._known: dict[_Key, Sources] = {}

    def of(self, settings: Settings) -> "tuple[Sources, ...]":
        """As `sources_of`, but for a reload: only what is new is created."""
        keys = [_key(settings, store) for store in settings.stores]
        if any(key not in self._known for key in keys):
            made = dict(zip(keys, sources_of(settings), strict=True))
            self._known = made | {key: self._known[key] for key in keys if key in self._known}
        self._known = {key: self._known[key] for key in keys}
        return tuple(self._known[key] for key in keys)


def _key(settings: Settings, store: KeyStoreSpec) -> "_Key":
    """Everything that the sources of a key store are made from."""
    return (
        store,
        settings.credentials.get(store.id),
        store.id in settings.discovered,
        settings.refresh,
        settings.public_resolvers,
        settings.source_address,
        settings.extra_authorities,
        len(settings.stores) == 1,
    )


def sources_of(settings: Settings) -> "tuple[Sources, ...]":
    """The sources of each of ``settings.stores``; without discovery, only that of its credential.

    Loads boto3, which takes a second, so it must not run in the event loop. Raises `UsageError`.
    """
    from probe.agent.refresh import Sources
    from probe.probes.verification_record import PUBLIC_RESOLVERS

    callers = _callers(settings)
    times = settings.refresh
    return tuple(
        Sources(
            caller=callers[store.region],
            public_resolvers=settings.public_resolvers or PUBLIC_RESOLVERS,
            source_address=settings.source_address,
            timeout_s=times.audit_timeout_s,
            record_timeout_s=times.record_timeout_s,
            new_access=_new_access(settings, store),
        )
        if store.id in settings.discovered
        else Sources(new_access=_new_access(settings, store))
        for store in settings.stores
    )


def _callers(settings: Settings) -> "dict[str, Boto3Client]":
    """One caller per Region, with all its clients."""
    from probe.wire.input_error import InputError

    regions = {store.region for store in settings.stores if store.id in settings.discovered}
    if not regions:
        return {}
    from probe.aws.boto3_client import Boto3Client

    try:
        callers = {
            region: Boto3Client(region, read_timeout_s=settings.refresh.audit_timeout_s)
            for region in sorted(regions)
        }
        for caller in callers.values():
            _ = caller.endpoint_url  # refuses one that is not https
    except InputError as error:
        raise UsageError(*error.errors) from None
    return callers


def _new_access(settings: Settings, store: KeyStoreSpec) -> "Callable[[], ProxyAccess | None] | None":
    """Returns the access with a changed credential; None for a credential that cannot change."""
    from probe.signing.client import ProxyAccess

    watched = _watched(settings, store)
    if watched is None:
        return None

    def new_access() -> ProxyAccess | None:
        credential = watched.changed()
        return ProxyAccess(credential, settings.extra_authorities) if credential else None

    return new_access


def _watched(settings: Settings, store: KeyStoreSpec) -> "WatchedCredential | None":
    from probe.network.clock import SYSTEM_CLOCK
    from probe.signing.credential import file_for, load_for
    from probe.signing.watched import WatchedCredential
    from probe.storage.files import version_of

    source = settings.credentials.get(store.id, CredentialSource())
    is_only = len(settings.stores) == 1
    if source.secret is not None:
        arn = source.secret
        return WatchedCredential(
            lambda: _secret(arn), lambda: int(SYSTEM_CLOCK.monotonic_ns() / 1e9 / _SECRET_S)
        )
    given = Path(source.file) if source.file else None
    file = file_for(store.id, given, is_only=is_only)
    if file is None:
        return None
    return WatchedCredential(lambda: load_for(store.id, given, is_only=is_only), lambda: version_of(file))


def _secret(arn: str) -> "Credential":
    from probe.aws.secret import credential_of

    return credential_of(arn, "")
