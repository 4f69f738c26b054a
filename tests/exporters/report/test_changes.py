"""Changes since an earlier preflight, and invalid earlier files."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console
from support.accounts.healthy import ACCOUNT, looked_at

from exporters.report import changes, preflight
from exporters.report.changes import UnreadableError
from exporters.report.preflight import Preflight
from probe.model.evidence import Evidence
from probe.verdicts.judge import judge

if TYPE_CHECKING:
    from probe.model.verdicts import Report

HEALTHY = looked_at()
BROKEN = looked_at(replace(ACCOUNT, principals=()))


def old(evidence: Evidence) -> dict[str, Any]:
    of = Preflight(report=judge(evidence), evidence=evidence, vantage="v", version="1")
    found: dict[str, Any] = json.loads(json.dumps(preflight.document(of)))
    return found


def changes_between(
    before: Evidence, after: Evidence
) -> dict[str, tuple[str | None, str | None, bool | None]]:
    report: Report = judge(after)
    return {c.what: (c.before, c.after, c.is_worse) for c in changes.between(old(before), report)}


def test_without_differences_no_change_is_reported() -> None:
    assert changes_between(HEALTHY, HEALTHY) == {}


def test_changes_for_the_worse_come_first() -> None:
    found = changes_between(HEALTHY, BROKEN)
    assert found["kms-is-an-allowed-principal vpce-svc-0123456789abcdef0"] == ("met", "violated", True)
    assert found["create XksProxyVpcEndpointServiceNotFoundException"] == (None, "expected", True)
    worse = [each.is_worse for each in changes.between(old(HEALTHY), judge(BROKEN))]
    assert worse == sorted(worse, key=lambda w: {True: 0, None: 1, False: 2}[w])


def test_a_fixed_requirement_is_a_change_for_the_better() -> None:
    found = changes_between(BROKEN, HEALTHY)
    assert found["kms-is-an-allowed-principal vpce-svc-0123456789abcdef0"] == ("violated", "met", False)
    assert found["create XksProxyVpcEndpointServiceNotFoundException"] == ("expected", None, False)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"verdicts": []}', b"3"])
def test_a_file_that_is_not_a_preflight_report_is_rejected(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        changes.read(content)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["errors", "error", "outcome", "x"]), inner)
    ),
)


@given(_JSON, _JSON)
@example([{"outcome": []}], {"create": {"errors": [{"likelihood": {}}]}})
def test_any_earlier_document_can_be_compared(verdicts: object, prediction: object) -> None:
    content = json.dumps({"verdicts": verdicts, "prediction": prediction, "taken_at": "\x1b"}).encode()
    document = changes.read(content)
    found = changes.between(document, judge(HEALTHY))
    console = Console(width=80, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(changes.render(document, found))
    assert "\x1b" not in captured.get()


def test_the_text_states_the_time_of_the_earlier_report() -> None:
    console = Console(width=120, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(changes.render(old(HEALTHY), changes.between(old(HEALTHY), judge(BROKEN))))
        console.print(changes.render(old(HEALTHY), ()))
    assert "Changed since 2027-01-15" in captured.get()
    assert "met → violated" in captured.get()
    assert "Nothing changed" in captured.get()
