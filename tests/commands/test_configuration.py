"""A configuration becomes settings, or lines: one for each of its mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from probe.commands import configuration
from probe.commands.exits import UsageError
from probe.model.settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "configuration-example.yaml"


def test_a_good_file_is_settings() -> None:
    assert "nlb-use1-az1" in {target.name for target in configuration.load(EXAMPLE).targets}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("colour: red\n", ["colour"]),
        ("nodes: [{name: a, address: not-an-address}]\ncolour: red\n", ["nodes[0].address", "colour"]),
    ],
    ids=["one mistake", "two mistakes"],
)
def test_every_mistake_is_a_line_that_begins_with_its_path(
    text: str, paths: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        configuration.load(file)
    assert [line.partition(": ")[0] for line in caught.value.lines] == paths
    assert all("\n" not in line for line in caught.value.lines)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml"):
        configuration.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("read", [configuration.accesses, configuration.check_credentials])
def test_every_credential_that_cannot_be_read_is_a_line_with_the_key_store_that_it_belongs_to(
    read: Callable[[Settings], object], tmp_path: Path
) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(
        "key_store:\n"
        + "".join(
            f"- id: {name}\n  region: eu-central-1\n  uri_path: /kms/xks/v1\n  credential: {{file: {name}.json}}\n"
            f"  proxy: {{private_dns_name: {name}.example.com, address: {address}, name: {name}}}\n"
            for name, address in (("one", "10.0.0.1"), ("two", "10.0.0.2"))
        )
    )
    with pytest.raises(UsageError) as caught:
        read(configuration.load(file))
    assert [line.partition(": ")[0] for line in caught.value.lines] == [
        "key_store[0].credential",
        "key_store[1].credential",
    ]
