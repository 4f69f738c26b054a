"""The software bill of materials of a release, CycloneDX JSON: what `cyclonedx-py` wrote, completed. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

SPECIFICATION = "1.6"
_PROJECT = "xks-probe"


class InvalidSbomError(Exception):
    """The document breaks CycloneDX's schema."""


def normal(name: str) -> str:
    """A distribution's name as requirements files write it (PEP 503).

    >>> normal("Jinja2"), normal("prometheus_client")
    ('jinja2', 'prometheus-client')
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: str) -> set[str]:
    """The distributions that a lock file pins."""
    return {normal(each) for each in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", requirements)}


def completed(
    document: Mapping[str, Any], *, version: str, digests: Mapping[str, list[str]], runtime: set[str]
) -> dict[str, Any]:
    """With the project's version, each wheel's SHA-256, and ``optional`` for what only `demo` needs.

    Links are left out: they lead to discussion sites and registries, and identify nothing.
    """
    done: dict[str, Any] = _without_links(document)
    project = done["metadata"]["component"]
    project |= {"version": version, "purl": f"pkg:generic/{_PROJECT}@{version}"}
    project["hashes"] = _hashes(digests[_PROJECT])
    for component in done["components"]:
        name = normal(component["name"])
        component["hashes"] = _hashes(digests[name])
        component["scope"] = "required" if name in runtime else "optional"
    return done


def written(document: Mapping[str, Any]) -> str:
    """As JSON that CycloneDX's own schema accepts."""
    # Imported here, because it takes seconds to load, and lock files are compared without it.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise InvalidSbomError(str(fault)[:500])
    return text


def _hashes(digests: list[str]) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": each} for each in sorted(digests)]


def _without_links(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_links(each) for key, each in value.items() if key != "externalReferences"}
    return [_without_links(each) for each in value] if isinstance(value, list) else value
