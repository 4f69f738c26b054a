import json
import os
import stat
from pathlib import Path

import pytest

from probe.signing import credential
from simulator.credential_file import write_credential
from simulator.scenario.xks_settings import DEFAULT_CREDENTIAL


@pytest.fixture(params=[0o022, 0o000], ids=["usual umask", "none"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    before = os.umask(request.param)
    try:
        write_credential(tmp_path / "credential.json", DEFAULT_CREDENTIAL)
    finally:
        os.umask(before)
    return tmp_path / "credential.json"


def test_only_the_owner_can_read_it_from_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    modes: list[int] = []
    dump = json.dump

    def watched(document: object, into: object, **more: object) -> None:
        modes.append(stat.S_IMODE((tmp_path / "c.json").stat().st_mode))
        dump(document, into, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(json, "dump", watched)
    write_credential(tmp_path / "c.json", DEFAULT_CREDENTIAL)
    assert modes == [0o600]


def test_other_users_cannot_read_it(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_agent_reads_it_as_a_kms_proxy_configuration(file: Path) -> None:
    read = credential.load(file)
    assert read is not None
    assert read.as_key_pair() == (DEFAULT_CREDENTIAL.access_key_id, DEFAULT_CREDENTIAL.secret_access_key)


def test_an_existing_file_is_not_overwritten(file: Path) -> None:
    with pytest.raises(FileExistsError):
        write_credential(file, DEFAULT_CREDENTIAL)
