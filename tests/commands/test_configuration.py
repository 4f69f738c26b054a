"""Loading a configuration returns settings, or reports one line per error."""

from collections.abc import Callable
from pathlib import Path

import pytest

from probe.commands import configuration
from probe.commands.exits import UsageError
from probe.model.settings import Settings
from probe.wire.input_error import InputError

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "configuration-example.yaml"


def test_a_valid_file_is_loaded() -> None:
    assert "nlb-use1-az1" in {target.name for target in configuration.load(EXAMPLE).targets}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("colour: red\n", ["colour"]),
        ("nodes: [{name: a, address: not-an-address}]\ncolour: red\n", ["nodes[0].address", "colour"]),
    ],
    ids=["one error", "two errors"],
)
def test_every_error_is_one_line_that_starts_with_its_path(
    text: str, paths: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        configuration.load(file)
    assert [line.partition(": ")[0] for line in caught.value.lines] == paths
    assert all("\n" not in line for line in caught.value.lines)


def test_an_unreadable_file_is_reported_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml"):
        configuration.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["none.yaml", "no/such/folder.yaml"])
def test_a_missing_file_is_reported_with_how_to_get_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        configuration.load(tmp_path / name)
    hint = "No such file or directory; `xks-probe init` writes one, -c FILE names another"
    assert caught.value.lines == (f"{tmp_path / name}: cannot be read: {hint}",)


def test_a_folder_instead_of_a_file_is_reported_without_advice_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        configuration.load(tmp_path)
    assert caught.value.lines == (f"{tmp_path}: cannot be read: Is a directory",)


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.yaml"
    whole = "backends: [{name: one, address: 10.0.0.1}, {name: two, address: 10.0.0.2}]\n"
    file.write_text(whole.replace(", {name: two, address: 10.0.0.2}", ""))
    read, writes = configuration.load, [whole]

    def load(path: Path) -> Settings:
        settings = read(path)
        if writes:
            file.write_text(writes.pop())
        return settings

    monkeypatch.setattr(configuration, "load", load)
    assert [
        target.name for target in configuration.reloaded(file, lambda _settings: ()).settings.targets
    ] == ["one", "two"]


def test_a_file_that_changes_with_every_read_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, count = tmp_path / "x.yaml", [0]

    def load(_path: Path) -> Settings:
        count[0] += 1
        file.write_text("#" * count[0])
        return Settings()

    monkeypatch.setattr(configuration, "load", load)
    with pytest.raises(InputError, match=r"x\.yaml: changed each time it was read") as caught:
        configuration.reloaded(file, lambda _settings: ())
    assert len(caught.value.errors) == 1


def test_the_errors_of_a_reload_are_those_of_a_start(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("colour: red\n")
    with pytest.raises(UsageError) as at_start:
        configuration.load(file)
    with pytest.raises(InputError) as at_reload:
        configuration.reloaded(file, lambda _settings: ())
    assert at_reload.value.errors == at_start.value.lines


@pytest.mark.parametrize("read", [configuration.accesses, configuration.check_credentials])
def test_every_unreadable_credential_is_one_line_with_its_key_store(
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
