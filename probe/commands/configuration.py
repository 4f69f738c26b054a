"""Loads the configuration for the commands that need one; its mistakes become lines and exit status 2."""

from pathlib import Path
from typing import TYPE_CHECKING

from probe.commands.exits import UsageError
from probe.model.settings import CredentialSource, Settings
from probe.model.targets import Check

if TYPE_CHECKING:
    from probe.signing.client import ProxyAccess
    from probe.signing.credential import Credential

DEFAULT_PATH = Path("xks-probe.yaml")


def load(path: Path) -> Settings:
    """The checked settings of ``path``; every mistake is a line of the `UsageError`."""
    from probe import config
    from probe.wire.input_error import InputError

    try:
        settings = config.load(path, surroundings=config.Surroundings(instance_region=_instance_region))
        config.describe(settings)  # refuses what no scrape could bear
    except InputError as error:
        raise UsageError(*error.errors) from None
    return settings


def accesses(settings: Settings) -> "tuple[ProxyAccess | None, ...]":
    """By key store, how its proxy is asked for its health; None where nothing is to be asked."""
    from probe.signing.client import ProxyAccess
    from probe.signing.sigv4 import Signer

    asked = _asked(settings)
    found = []
    for store in settings.stores:
        credential = _credential(settings, store.id) if store.id in asked else None
        found.append(ProxyAccess(credential, settings.extra_authorities) if credential else None)
    if any(found):
        Signer.load()
    return tuple(found)


def check_credentials(settings: Settings) -> None:
    """Read what `accesses` would, but for secrets: AWS is not asked. Raises `UsageError` as that does."""
    for key_store in _asked(settings):
        if settings.credentials.get(key_store, CredentialSource()).secret is None:
            _credential(settings, key_store)


def _asked(settings: Settings) -> set[str]:
    """The key stores whose proxies are asked for their health."""
    return {target.key_store for target in settings.targets if target.plan(Check.HEALTH_COLD)}


def _credential(settings: Settings, key_store: str) -> "Credential | None":
    from probe.signing.credential import load_for
    from probe.wire.input_error import InputError

    source = settings.credentials.get(key_store, CredentialSource())
    try:
        if source.secret is not None:
            from probe.aws.secret import credential_of

            return credential_of(source.secret, "")
        return load_for(
            key_store, Path(source.file) if source.file else None, is_alone=len(settings.stores) == 1
        )
    except InputError as error:
        raise UsageError(*(f"key_store.credential: {line}" for line in error.errors)) from None


def _instance_region() -> str | None:
    from probe.aws import metadata

    here = metadata.instance()
    return here.region if here else None
