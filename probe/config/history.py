"""Where the history is kept on disk, and its limits; off without a path and without a state directory."""

from collections.abc import Mapping
from pathlib import Path

from probe.config import schema
from probe.model.settings import HistorySettings

FILE_NAME = "history.sqlite"
_STATE_DIRECTORY = "STATE_DIRECTORY"  # set by systemd for a unit with StateDirectory=
_NO_PATH = f"history: has no path, and ${_STATE_DIRECTORY} is not set; add path, such as `path: {FILE_NAME}`"


def settings(
    history: schema.History | None, directory: Path, environment: Mapping[str, str]
) -> HistorySettings | str | None:
    """The settings, or an error. ``directory`` is the directory of the configuration file."""
    if history is None:
        return None
    state = environment.get(_STATE_DIRECTORY, "").partition(":")[0]  # the first one if there are several
    if history.path is None and not state:
        return _NO_PATH if history.model_fields_set else None
    path = Path(state, FILE_NAME) if history.path is None else directory / history.path
    return HistorySettings(path=str(path), keep_s=history.keep, most_bytes=history.most_bytes)
