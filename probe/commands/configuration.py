"""Loads the configuration for the commands that need one; its mistakes become lines and exit status 2."""

from pathlib import Path

from probe.commands.exits import UsageError
from probe.model.settings import Settings

DEFAULT_PATH = Path("xks-probe.yaml")


def load(path: Path) -> Settings:
    """The checked settings of ``path``; every mistake is a line of the `UsageError`."""
    from probe import config
    from probe.wire.input_error import InputError

    try:
        settings = config.load(path)
        config.describe(settings)  # refuses what no scrape could bear
    except InputError as error:
        raise UsageError(*error.errors) from None
    return settings
