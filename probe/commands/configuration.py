"""Loads the configuration for the commands that need one; its errors become lines and exit status 2."""

from pathlib import Path
from typing import TYPE_CHECKING

from probe.commands.exits import UsageError
from probe.model.settings import CredentialSource, Settings
from probe.model.targets import Check
from probe.model.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from probe.agent.refresh import Sources
    from probe.agent.reload import Loaded
    from probe.signing.client import ProxyAccess
    from probe.signing.credential import Credential

DEFAULT_PATH = Path("xks-probe.yaml")
_MAX_READS = 3


def load(path: Path) -> Settings:
    """The checked settings of ``path``; every error is a line of the `UsageError`."""
    from probe import config
    from probe.wire.input_error import InputError

    _refuse_missing(path)
    try:
        settings = config.load(path, surroundings=config.Surroundings(instance_region=_instance_region))
        config.describe(settings)  # refuses more series than a scrape can return
    except InputError as error:
        raise UsageError(*error.errors) from None
    return settings


def _refuse_missing(path: Path) -> None:
    """Raises UsageError with how to get a file; any other reason is found when the file is read."""
    try:
        path.stat()
    except FileNotFoundError as error:
        hint = "`xks-probe init` writes one, -c FILE names another"
        raise UsageError(f"{clean(str(path))}: cannot be read: {error.strerror}; {hint}") from None
    except OSError:
        pass


def accesses(settings: Settings) -> "tuple[ProxyAccess | None, ...]":
    """The access to the proxy of each key store; None without health requests.

    A discovered key store has one also without a credential: then its requirements on health are unknown.
    """
    from probe.signing.client import ProxyAccess

    found = zip(settings.stores, _credentials(settings, are_secrets_fetched=True), strict=True)
    return tuple(
        ProxyAccess(credential, settings.extra_authorities)
        if credential or store.id in settings.discovered
        else None
        for store, credential in found
    )


def reloaded(path: Path, sources_of: "Callable[[Settings], tuple[Sources, ...]]") -> "Loaded":
    """The settings of ``path``, its credentials and sources, for a running agent. Raises InputError.

    A file that changes while it is read could be cut short and still be valid, so it is read again.
    """
    from probe.agent.reload import Loaded
    from probe.storage.files import version_of
    from probe.wire.input_error import InputError

    for _ in range(_MAX_READS):
        before = version_of(path)
        try:
            settings = load(path)
            loaded = Loaded(settings=settings, accesses=accesses(settings), sources=sources_of(settings))
        except UsageError as error:
            raise InputError(error.lines) from None
        if version_of(path) == before:
            return loaded
    raise InputError(
        (f"{clean(str(path))}: changed each time it was read; write it whole, then reload again",)
    )


def check_credentials(settings: Settings) -> tuple[str, ...]:
    """Read the same credentials as `accesses`, except secrets: AWS is not called. Raises `UsageError`.

    Returns notes: what KMS would refuse in them, and the notes that the agent's reports will have.
    """
    from probe.verdicts.credential_path import notes

    found = zip(settings.stores, _credentials(settings, are_secrets_fetched=False), strict=True)
    facts = [(store, credential.facts()) for store, credential in found if credential]
    return tuple(
        f"{clean(store.id)}: {note}" if store.id else note
        for store, known in facts
        for note in (
            *(f"KMS accepts no such credential: {fault}" for fault in known.faults),
            *notes(known, store.uri_path),
        )
    )


def _credentials(settings: Settings, *, are_secrets_fetched: bool) -> "list[Credential | None]":
    """The credential of each key store; each one that cannot be read is a line of the `UsageError`."""
    from probe.wire.input_error import InputError

    is_only = len(settings.stores) == 1
    asked = {target.key_store for target in settings.targets if target.plan(Check.HEALTH_COLD)}
    asked |= settings.discovered
    found: list[Credential | None] = []
    errors: list[str] = []
    for index, store in enumerate(settings.stores):
        source = settings.credentials.get(store.id, CredentialSource())
        is_read = store.id in asked and (are_secrets_fetched or source.secret is None)
        try:
            found.append(_credential(store.id, source, is_only=is_only) if is_read else None)
        except InputError as error:
            path = "key_store" if is_only else f"key_store[{index}]"
            errors += (f"{path}.credential: {line}" for line in error.errors)
    if errors:
        raise UsageError(*errors)
    return found


def _credential(key_store: str, source: CredentialSource, *, is_only: bool) -> "Credential | None":
    from probe.signing.credential import load_for

    if source.secret is not None:
        from probe.aws.secret import credential_of

        return credential_of(source.secret, "")
    return load_for(key_store, Path(source.file) if source.file else None, is_only=is_only)


def _instance_region() -> str | None:
    from probe.aws import metadata

    here = metadata.instance()
    return here.region if here else None
