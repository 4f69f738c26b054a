"""Recognition of EC2, and the caller's identity without credentials."""

import os
from pathlib import Path

import pytest

from probe import aws
from probe.model.account import ApiErrorKind


@pytest.mark.parametrize(
    ("vendor", "expected"), [("Amazon EC2\n", True), ("QEMU\n", False), ("", False), ("\xff", False)]
)
def test_ec2_is_recognised_by_the_firmware_tables(vendor: str, *, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "sys_vendor"
    file.write_text(vendor, encoding="latin-1")
    assert aws.on_ec2(file) is expected


def test_a_machine_without_firmware_tables_is_not_ec2(tmp_path: Path) -> None:
    assert aws.on_ec2(tmp_path / "missing") is False


def test_without_credentials_the_identity_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert aws.caller_identity() == aws.Unavailable(
        call="sts:GetCallerIdentity", because="no credentials found", cause=ApiErrorKind.NO_CREDENTIALS
    )
