"""What changed since an older preflight, and older files that are none."""

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


def said(before: Evidence, after: Evidence) -> dict[str, tuple[str | None, str | None, bool | None]]:
    report: Report = judge(after)
    return {c.what: (c.before, c.after, c.is_worse) for c in changes.between(old(before), report)}


def test_nothing_changed_if_nothing_did() -> None:
    assert said(HEALTHY, HEALTHY) == {}


def test_what_became_worse_is_worse_and_comes_first() -> None:
    found = said(HEALTHY, BROKEN)
    assert found["kms-is-an-allowed-principal vpce-svc-0123456789abcdef0"] == ("met", "violated", True)
    assert found["create XksProxyVpcEndpointServiceNotFoundException"] == (None, "expected", True)
    worse = [each.is_worse for each in changes.between(old(HEALTHY), judge(BROKEN))]
    assert worse == sorted(worse, key=lambda w: {True: 0, None: 1, False: 2}[w])


def test_what_was_mended_is_better() -> None:
    found = said(BROKEN, HEALTHY)
    assert found["kms-is-an-allowed-principal vpce-svc-0123456789abcdef0"] == ("violated", "met", False)
    assert found["create XksProxyVpcEndpointServiceNotFoundException"] == ("expected", None, False)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"verdicts": []}', b"3"])
def test_a_file_that_is_no_preflight_is_refused(content: bytes) -> None:
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
def test_any_older_document_is_compared(verdicts: object, prediction: object) -> None:
    content = json.dumps({"verdicts": verdicts, "prediction": prediction, "taken_at": "\x1b"}).encode()
    document = changes.read(content)
    found = changes.between(document, judge(HEALTHY))
    console = Console(width=80, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(changes.render(document, found))
    assert "\x1b" not in captured.get()


def test_a_page_says_since_when() -> None:
    console = Console(width=120, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(changes.render(old(HEALTHY), changes.between(old(HEALTHY), judge(BROKEN))))
        console.print(changes.render(old(HEALTHY), ()))
    assert "Changed since 2027-01-15" in captured.get()
    assert "met → violated" in captured.get()
    assert "Nothing changed" in captured.get()
