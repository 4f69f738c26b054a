"""Loads scenario files: bundled ones by name, others by path."""

from importlib import resources
from pathlib import Path

import yaml

from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Scenario, ScenarioError


def bundled_scenarios() -> tuple[str, ...]:
    """The names of the bundled scenarios, sorted."""
    files = resources.files("simulator").joinpath("scenarios").iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def load_scenario(name_or_path: str) -> Scenario:
    """Load the bundled scenario of that name, or a YAML file.

    Raises:
        ScenarioError: with all errors at once.
    """
    name, text = _text_of(name_or_path)
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError((f"{name_or_path}: is not YAML: {' '.join(str(error).split())}",)) from error
    return read_scenario(name, document)


def _text_of(name_or_path: str) -> tuple[str, str]:
    if name_or_path in bundled_scenarios():
        file = resources.files("simulator").joinpath("scenarios", f"{name_or_path}.yaml")
        return name_or_path, file.read_text("utf-8")
    path = Path(name_or_path)
    try:
        return path.stem, path.read_text("utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        known = ", ".join(bundled_scenarios())
        raise ScenarioError(
            (f"{name_or_path}: not a readable YAML file; bundled scenarios: {known}",)
        ) from error
