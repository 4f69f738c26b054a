"""The proxy's credential: its sources, its valid lengths and characters, and that it is never shown."""

import copy
import json
import os
import pickle
import stat
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.signing.credential import (
    DIRECTORY_VARIABLE,
    KEY_ID_VARIABLE,
    SECRET_VARIABLE,
    Credential,
    file_for,
    is_at_hand,
    load,
    load_for,
    parse,
)
from probe.wire.input_error import InputError

KEY_ID, SECRET = "ABCDEFGHIJKLMNOPQRST", "Marker" + "a" * 40


def file(directory: Path, content: object, mode: int = 0o600) -> Path:
    path = directory / "credential.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


CONFIGURATION = {
    "XksProxyUriPath": "/kms/xks/v1",
    "XksProxyAuthenticationCredential": {"AccessKeyId": KEY_ID, "RawSecretAccessKey": SECRET},
}


def test_a_credential_is_read_from_the_environment_or_a_file(tmp_path: Path) -> None:
    found = load(None, {KEY_ID_VARIABLE: KEY_ID, SECRET_VARIABLE: SECRET})
    assert found is not None
    assert found.as_key_pair() == (KEY_ID, SECRET)
    read = load(file(tmp_path, CONFIGURATION), {})
    assert read is not None
    assert read.as_key_pair() == (KEY_ID, SECRET)
    assert load(None, {}) is None


@pytest.mark.parametrize(
    ("value", "path"), [("/a/kms/xks/v1", "/a/kms/xks/v1"), ("", ""), (None, None), (7, None), (["/a"], None)]
)
def test_the_uri_path_in_the_file_is_a_fact(tmp_path: Path, value: object, path: str | None) -> None:
    read = load(file(tmp_path, {**CONFIGURATION, "XksProxyUriPath": value}), {})
    assert read is not None
    assert read.facts().uri_path_of_the_file == path


def test_a_file_without_a_uri_path_has_none(tmp_path: Path) -> None:
    read = load(file(tmp_path, CONFIGURATION["XksProxyAuthenticationCredential"]), {})
    assert read is not None
    assert read.facts().uri_path_of_the_file is None


def test_awss_own_variables_are_ignored() -> None:
    assert load(None, {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}) is None


@pytest.mark.parametrize("missing", [KEY_ID_VARIABLE, SECRET_VARIABLE])
def test_a_single_variable_is_an_error(missing: str) -> None:
    half = {KEY_ID_VARIABLE: KEY_ID, SECRET_VARIABLE: SECRET} | {missing: ""}
    with pytest.raises(InputError, match=missing):
        load(None, half)


@pytest.mark.parametrize(
    ("mode", "refused"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o610, True)]
)
def test_a_file_that_other_users_can_read_is_rejected(tmp_path: Path, mode: int, *, refused: bool) -> None:
    path = file(tmp_path, CONFIGURATION, mode)
    if refused:
        with pytest.raises(InputError, match="chmod 600"):
            load(path, {})
    else:
        assert load(path, {}) is not None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", "null", {}, {"XksProxyAuthenticationCredential": SECRET},
     {"XksProxyAuthenticationCredential": {"AccessKeyId": KEY_ID}},
     {"XksProxyAuthenticationCredential": {"AccessKeyId": 3, "RawSecretAccessKey": SECRET}},
     '{"x": "' + SECRET + '"', "[" * 50_000],
)  # fmt: skip
def test_an_invalid_file_is_rejected_without_being_quoted(tmp_path: Path, content: object) -> None:
    with pytest.raises(InputError) as caught:
        load(file(tmp_path, content), {})
    text = "".join(traceback.format_exception(caught.value))
    assert "is not a KMS proxy configuration" in str(caught.value)
    assert "XksProxyAuthenticationCredential with AccessKeyId" in str(caught.value)
    assert SECRET not in text.replace(repr(content), "")


@pytest.mark.parametrize(
    ("owner", "own", "refused"),
    [(1000, 1000, False), (0, 1000, False), (1001, 1000, True), (1000, 0, True)],
    ids=["its own", "root's", "of another user", "of another user, read by root"],
)
def test_a_file_that_another_user_can_change_is_rejected(
    owner: int, own: int, *, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path, CONFIGURATION)
    monkeypatch.setattr(os, "geteuid", lambda: own)
    status = list(path.stat())
    status[stat.ST_UID] = owner
    monkeypatch.setattr(os, "fstat", lambda _handle: os.stat_result(status))
    if refused:
        with pytest.raises(InputError, match="belongs to another user, who can change it; run chown on it"):
            load(path, {})
    else:
        assert load(path, {}) is not None


def test_a_folder_is_reported_as_one_whatever_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_a_missing_or_too_large_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none", {})
    with pytest.raises(InputError, match="larger than"):
        load(file(tmp_path, " " * 70_000), {})


@pytest.mark.parametrize(
    ("key_id", "is_right"),
    [("A" * 19, False), ("A" * 20, True), ("A" * 30, True), ("A" * 31, False), ("A" * 19 + "a", False),
     ("A" * 19 + "1", False), ("A" * 19 + "2", True), ("A" * 19 + "7", True), ("A" * 19 + "8", False), ("A" * 20 + "\n", False)],
)  # fmt: skip
def test_an_access_key_id_has_20_to_30_characters(key_id: str, *, is_right: bool) -> None:
    assert (Credential(key_id, SECRET).facts().access_key_id_fault is None) is is_right


@pytest.mark.parametrize(
    ("secret", "is_right"),
    [("a" * 42, False), ("a" * 43, True), ("a" * 64, True), ("a" * 65, False), ("a" * 42 + "/+="[0], True),
     ("a" * 42 + "-", False), ("a" * 43 + "\n", False), ("ä" * 43, False)],
)  # fmt: skip
def test_a_secret_has_43_to_64_characters(secret: str, *, is_right: bool) -> None:
    assert (Credential(KEY_ID, secret).facts().secret_fault is None) is is_right


@given(st.text(min_size=4, max_size=80), st.text(min_size=4, max_size=80))
def test_faults_do_not_quote_the_credential(key_id: str, secret: str) -> None:
    facts = Credential("§" + key_id, "§" + secret).facts()
    assert "§" not in repr(facts)


def test_a_credential_cannot_be_printed_copied_or_pickled() -> None:
    credential = Credential(KEY_ID, SECRET)
    shown = f"{credential} {credential!r} {[credential]}"
    assert KEY_ID not in shown
    assert SECRET not in shown
    writers: list[Any] = [pickle.dumps, copy.copy, copy.deepcopy]
    for write in writers:
        with pytest.raises(TypeError, match="credential"):
            write(credential)
    assert not hasattr(credential, "__dict__")


def test_whether_the_key_store_has_the_same_access_key_id_is_reported_if_known() -> None:
    credential = Credential(KEY_ID, SECRET)
    assert credential.facts().is_that_of_the_store is None
    assert credential.facts(KEY_ID).is_that_of_the_store is True
    assert credential.facts("OTHER").is_that_of_the_store is False


def test_by_default_the_environment_of_the_process_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, KEY_ID_VARIABLE, KEY_ID)
    monkeypatch.setitem(os.environ, SECRET_VARIABLE, SECRET)
    assert load(None) is not None


VARIABLES = {KEY_ID_VARIABLE: KEY_ID, SECRET_VARIABLE: SECRET}
PARTS = {"AccessKeyId": KEY_ID, "RawSecretAccessKey": SECRET}


def key_of(credential: Credential | None) -> str | None:
    return credential.as_key_pair()[0] if credential else None


def systemd(directory: Path, **key_ids: str) -> dict[str, str]:
    """The environment of a systemd unit with credentials, which have mode 0440: access is granted by ACL."""
    for name, key_id in key_ids.items():
        path = directory / name.replace("_", "-")
        path.write_text(json.dumps({**PARTS, "AccessKeyId": key_id}), encoding="utf-8")
        path.chmod(0o440)
    return {DIRECTORY_VARIABLE: str(directory)}


def test_a_file_may_contain_only_the_inner_credential_object() -> None:
    assert key_of(parse(json.dumps(PARTS), "file")) == KEY_ID


@pytest.mark.parametrize("content", ["{}", None])
def test_an_error_contains_the_path_as_given(tmp_path: Path, content: str | None) -> None:
    path = file(tmp_path, content) if content else tmp_path / "none"
    with pytest.raises(InputError) as of_option:
        load(path, {})
    assert str(of_option.value).startswith(f"--credential-file {path}: ")
    with pytest.raises(InputError) as of_configuration:
        load_for("cks-1", path, {}, is_only=True)
    assert str(of_configuration.value).startswith(f"{path}: ")


def test_an_error_contains_the_path_of_the_systemd_credential(tmp_path: Path) -> None:
    environment = systemd(tmp_path)
    (tmp_path / "cks-1").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_for("cks-1", None, environment, is_only=False)
    assert str(caught.value).startswith(f"{tmp_path / 'cks-1'}: ")


def test_a_configured_file_is_preferred_to_systemd_and_systemd_to_the_environment(tmp_path: Path) -> None:
    own = file(tmp_path, {**PARTS, "AccessKeyId": "OWN"})
    environment = systemd(tmp_path, cks_1="SYSTEMD") | VARIABLES
    assert key_of(load_for("cks-1", own, environment, is_only=True)) == "OWN"
    assert key_of(load_for("cks-1", None, environment, is_only=True)) == "SYSTEMD"
    assert key_of(load_for("cks-2", None, environment, is_only=True)) == KEY_ID
    assert load_for("cks-2", None, {}, is_only=True) is None


def test_a_configured_file_must_not_be_readable_by_other_users(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="chmod 600"):
        load_for("cks-1", file(tmp_path, PARTS, 0o640), {}, is_only=True)


def test_a_credential_without_a_key_stores_name_is_used_only_for_the_only_key_store(tmp_path: Path) -> None:
    environment = systemd(tmp_path, xks_proxy="SYSTEMD")
    for source, key_id in ((environment, "SYSTEMD"), (VARIABLES, KEY_ID)):
        assert key_of(load_for("cks-1", None, source, is_only=True)) == key_id
        assert load_for("cks-1", None, source, is_only=False) is None
        assert is_at_hand("cks-1", source, is_only=True)
        assert not is_at_hand("cks-1", source, is_only=False)


def test_a_systemd_credential_with_the_key_stores_name_is_always_preferred(tmp_path: Path) -> None:
    environment = systemd(tmp_path, cks_1="FIRST", xks_proxy="UNNAMED")
    for is_only in (True, False):
        assert key_of(load_for("cks-1", None, environment, is_only=is_only)) == "FIRST"
        assert is_at_hand("cks-1", environment, is_only=is_only)
    assert not is_at_hand("cks-2", environment, is_only=False)
    assert is_at_hand("cks-2", environment, is_only=True)


def test_without_a_systemd_directory_files_in_the_working_directory_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd(tmp_path, cks_1=KEY_ID, xks_proxy=KEY_ID)
    monkeypatch.chdir(tmp_path)
    for environment in ({}, {DIRECTORY_VARIABLE: ""}):
        assert load_for("cks-1", None, environment, is_only=True) is None
        assert not is_at_hand("cks-1", environment, is_only=True)


def test_a_directory_and_an_unnamed_key_store_have_no_systemd_credential(tmp_path: Path) -> None:
    (tmp_path / "cks-1").mkdir()
    environment = {DIRECTORY_VARIABLE: str(tmp_path)}
    assert load_for("cks-1", None, environment, is_only=True) is None
    assert load_for("", None, environment, is_only=True) is None
    assert not is_at_hand("", environment, is_only=True)


@pytest.mark.parametrize("variable", [KEY_ID_VARIABLE, SECRET_VARIABLE])
def test_half_a_credential_in_the_environment_is_an_error_and_is_not_ignored(variable: str) -> None:
    half = {variable: VARIABLES[variable]}
    assert is_at_hand("cks-1", half, is_only=True)
    with pytest.raises(InputError):
        load_for("cks-1", None, half, is_only=True)
    assert not is_at_hand("cks-1", {}, is_only=True)


@pytest.mark.parametrize(("length", "is_read"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_a_file_has_at_most_64_kib(tmp_path: Path, length: int, *, is_read: bool) -> None:
    path = file(tmp_path, json.dumps(PARTS).ljust(length))
    if is_read:
        assert key_of(load(path, {})) == KEY_ID
    else:
        with pytest.raises(InputError, match="larger than"):
            load(path, {})


def test_the_file_that_is_watched_is_the_one_that_is_read(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    environment = systemd(tmp_path, cks_1="FIRST", xks_proxy="UNNAMED")
    assert file_for("cks-1", own, environment, is_only=True) == own
    assert file_for("cks-1", None, environment, is_only=False) == tmp_path / "cks-1"
    assert file_for("cks-2", None, environment, is_only=True) == tmp_path / "xks-proxy"
    assert file_for("cks-2", None, environment, is_only=False) is None
    assert file_for("cks-1", None, VARIABLES, is_only=True) is None, "the environment does not change"
