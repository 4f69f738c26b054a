"""What this machine lacks for a configuration: told, but no error, because another machine may run it."""

from collections.abc import Iterator
from pathlib import Path

from probe.commands.own_address import LIST, is_own
from probe.model.settings import Settings
from probe.model.text import clean


def of_source_address(settings: Settings) -> Iterator[str]:
    """That every probe will fail, because the address to probe from is not here."""
    address = settings.source_address
    if address and not is_own(address):
        yield (
            f"source_address: {clean(address)} is not an address of this machine, so all probes from it "
            f"fail; {LIST} its addresses"
        )


def of_history(settings: Settings) -> Iterator[str]:
    """That the history will not be written, or not to the file as it is."""
    from probe.storage.history_open import outlook

    if settings.history and (found := outlook(Path(settings.history.path))):
        yield f"history.path: {found}"
