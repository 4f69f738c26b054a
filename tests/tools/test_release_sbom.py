"""The bill of materials: valid CycloneDX of every component, with digests and without links."""

import json
from typing import Any

import pytest

from tools.release_sbom import InvalidSbomError, completed, names, normal, written

DIGEST = {"xks-probe": ["a" * 64], "jinja2": ["c" * 64, "b" * 64], "pyroute2": ["d" * 64]}


def document() -> dict[str, Any]:
    def component(name: str, **more: str) -> dict[str, Any]:
        link = {"type": "website", "url": f"https://{name}.example"}
        return {"type": "library", "name": name, "bom-ref": name, "externalReferences": [link], **more}

    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component("xks-probe"),
            "tools": {"components": [component("cyclonedx-py", version="7")]},
        },
        "components": [component("Jinja2", version="3.1.6"), component("pyroute2", version="0.9.7")],
        "dependencies": [{"ref": "xks-probe", "dependsOn": ["Jinja2"]}, {"ref": "Jinja2"}],
    }


@pytest.mark.long  # loading the schema takes seconds
def test_the_bill_of_materials_is_valid_and_has_the_version_of_the_project() -> None:
    sbom = completed(document(), version="0.1.0", digests=DIGEST, runtime={"jinja2"})
    parsed = json.loads(written(sbom))
    project = parsed["metadata"]["component"]
    assert (project["version"], project["purl"]) == ("0.1.0", "pkg:generic/xks-probe@0.1.0")
    assert parsed["dependencies"] == document()["dependencies"]


def test_each_component_has_the_digests_of_its_wheels_and_whether_it_is_needed() -> None:
    sbom = completed(document(), version="0.1.0", digests=DIGEST, runtime={"jinja2"})
    jinja, pyroute = sbom["components"]
    assert [each["content"] for each in jinja["hashes"]] == ["b" * 64, "c" * 64]
    assert (jinja["scope"], pyroute["scope"]) == ("required", "optional")


def test_all_links_are_removed() -> None:
    sbom = completed(document(), version="0.1.0", digests=DIGEST, runtime=set())
    assert "example" not in json.dumps(sbom)


def test_a_component_that_is_missing_in_the_wheelhouse_is_an_error() -> None:
    with pytest.raises(KeyError, match="jinja2"):
        completed(document(), version="0.1.0", digests={"xks-probe": []}, runtime=set())


@pytest.mark.long  # loading the schema takes seconds
def test_a_document_that_violates_the_schema_is_rejected() -> None:
    with pytest.raises(InvalidSbomError):
        written({**document(), "bomFormat": "other"})


def test_names_are_normalized_as_in_requirements_files() -> None:
    lock = "jinja2==3.1.6 \\\n    --hash=sha256:00\n    # via xks-probe\ntyping-extensions==4.16.0 ; x\n"
    assert names(lock) == {"jinja2", "typing-extensions"}
    assert normal("Typing_Extensions") == "typing-extensions"
