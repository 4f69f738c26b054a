"""docs/requirements.md is up to date and complete."""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from probe.model.verdicts import KmsError
from probe.requirements import CATALOGUE
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["requirements_page.py", "--check"])
    with pytest.raises(SystemExit) as raised:
        runpy.run_path(str(ROOT / "tools/requirements_page.py"), run_name="__main__")
    assert raised.value.code == 0


def test_the_page_has_each_requirement_once() -> None:
    lines = (ROOT / "docs/requirements.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("### ")] == [f"### {each.id}" for each in CATALOGUE]


# In the guide or the specification, but not in botocore's lists: errors that the proxy returns, errors that
# CloudWatch counts, and the error of CreateKey for an unreadable response.
ONLY_IN_DOCUMENTATION = (
    "XksKeyInvalidResponseException",
    "XksProxyUnreachableException",
    "InvalidCiphertextException",
    "DependencyTimeoutException",
    "KMSInvalidStateException",
)


def _tuples(table: object) -> Iterator[tuple[Any, ...]]:
    for value in vars(table).values():
        if isinstance(value, tuple):
            yield value
        elif isinstance(value, dict):
            yield from (each for each in value.values() if isinstance(each, tuple))


def test_the_page_has_a_row_per_proxy_error_in_the_specification() -> None:
    page = (ROOT / "docs/requirements.md").read_text(encoding="utf-8")
    rows = page.partition("## Predicted errors per proxy response")[2].partition("## Order of checks")[0]
    for name in (
        *("ValidationException", "InvalidStateException", "InvalidKeyUsageException", "KeyNotFoundException"),
        *("AuthenticationFailedException", "AccessDeniedException", "InvalidUriPathException"),
        *("UnsupportedOperationException", "DependencyTimeoutException", "ThrottlingException"),
        *("InternalException", "no TCP connection", "no handshake", "bad JSON", "UNAVAILABLE", "250 ms"),
    ):
        assert any(name in row.split("|")[1] for row in rows.splitlines() if row.startswith("|")), name


def test_every_kms_error_is_predicted_or_listed_as_not_predicted() -> None:
    kms = Session().get_service_model("kms")
    calls = ("CreateCustomKeyStore", "UpdateCustomKeyStore", "ConnectCustomKeyStore")
    names = {shape.name for call in calls for shape in kms.operation_model(call).error_shapes}
    names |= set(kms.shape_for("ConnectionErrorCodeType").enum)
    names |= {name for name in kms.shape_names if name.startswith("XksKey") and name.endswith("Exception")}
    names |= set(ONLY_IN_DOCUMENTATION)
    tables = (path_errors, account_errors, health_errors)
    known = {
        name
        for table in tables
        for value in _tuples(table)
        for error in value
        if isinstance(error, KmsError)
        for name in (error.error, *error.alternatives)
    }
    tool = runpy.run_path(str(ROOT / "tools/requirements_page.py"))
    assert names - known == names & set(tool["NOT_PREDICTED"])
    assert known & set(tool["NOT_PREDICTED"]) == set()
