"""YAML -> `Settings`: all mistakes at once, each with its path. pydantic stays in this folder.

`schema` says which keys there are, `values` which forms they take, `rules` what holds between keys,
`targets` makes targets of sections, `messages` words mistakes. May import `survey` and what is below; knows
neither agent nor commands. A new key is a field in `schema`; the JSON schema is generated from it, the
format is described in docs/configuration.md, and each new mistake gets a file in
tests/golden/config_errors.
"""

from pathlib import Path

from probe.config.footprint import Footprint, describe
from probe.config.settings import ConfigError, build
from probe.config.stores import Surroundings
from probe.config.template import template
from probe.model.settings import Settings
from probe.model.text import clean
from probe.storage.files import read_file
from probe.wire import yaml_document
from probe.wire.input_error import InputError

__all__ = ["ConfigError", "Footprint", "Surroundings", "describe", "load", "parse", "template"]


def load(path: Path, base: Path | None = None, surroundings: Surroundings | None = None) -> Settings:
    """The settings in the file ``path``; files that it names are sought in ``base``, else beside it.

    Raises ConfigError.
    """
    try:
        text = read_file(path)
    except InputError as error:
        raise ConfigError(error.errors) from error
    directory = path.parent if base is None else base
    return parse(text, source=str(path), directory=directory, surroundings=surroundings)


def parse(text: str, source: str, directory: Path, surroundings: Surroundings | None = None) -> Settings:
    """The settings in ``text``. ``source`` names it in errors of syntax. Raises ConfigError."""
    try:
        raw = yaml_document.parse(text, clean(source))
    except InputError as error:
        raise ConfigError(error.errors) from error
    return build(raw, directory, surroundings)
