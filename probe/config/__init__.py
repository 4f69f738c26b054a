"""Reads the YAML configuration into `Settings`, or reports all errors at once, each with its path.

`schema` defines the keys, `values` the syntax of their values, `rules` the constraints between keys;
`targets` turns sections into targets, `written` does the reverse, `messages` formats errors. May import
`survey` and the layers below it, but neither agent nor commands. Only this folder uses pydantic. A new key is
a field in `schema`, from which
the JSON schema is generated; docs/configuration.md describes the format, and each new error gets a file in
tests/golden/config_errors.
"""

from pathlib import Path

from probe.config.footprint import Footprint, describe
from probe.config.settings import ConfigError, build
from probe.config.stores import Surroundings
from probe.config.template import template
from probe.config.written import written
from probe.model.settings import Settings
from probe.model.text import clean
from probe.storage.files import read_file
from probe.wire import yaml_document
from probe.wire.input_error import InputError

__all__ = ["ConfigError", "Footprint", "Surroundings", "describe", "load", "parse", "template", "written"]


def load(path: Path, base: Path | None = None, surroundings: Surroundings | None = None) -> Settings:
    """The settings in the file ``path``. Raises ConfigError.

    Paths in the file are relative to ``base``, by default the directory of the file.
    """
    try:
        text = read_file(path)
    except InputError as error:
        raise ConfigError(error.errors) from error
    directory = path.parent if base is None else base
    return parse(text, source=str(path), directory=directory, surroundings=surroundings)


def parse(text: str, source: str, directory: Path, surroundings: Surroundings | None = None) -> Settings:
    """The settings in ``text``. Syntax errors start with ``source``. Raises ConfigError."""
    try:
        raw = yaml_document.parse(text, clean(source), if_empty="`xks-probe init` writes a template")
    except InputError as error:
        raise ConfigError(error.errors) from error
    return build(raw, directory, surroundings)
