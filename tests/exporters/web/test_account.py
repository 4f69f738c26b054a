"""What the page says of the AWS account and of the state that KMS reports."""

from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, DENIED, STORE
from support.reports.exporter_inputs import HOSTILE, NOW_S, report
from support.reports.schema_check import faults

from exporters.web.account import MAX_CALLS, document, rows
from exporters.web.page import PageSink
from exporters.web.render import render
from exporters.web.status import document as status
from probe.agent.last_good import unread
from probe.model.refreshed import Refreshed
from probe.model.verdicts import ReportedState

READ = replace(ACCOUNT, key_stores=(STORE,), taken_at_s=NOW_S - 40)
FACTS = Refreshed(key_store="cks-1", account=READ, last_success_s=NOW_S - 40)
ACTUAL = ReportedState(
    connection_state="FAILED", connection_error_code="XKS_PROXY_TIMED_OUT", agrees=True, because="predicted"
)


def test_without_discovery_there_is_nothing() -> None:
    assert rows(report(), None, NOW_S) == rows(None, None, NOW_S) == ()
    assert document(report(), None) == {"actual": None, "aws_metrics": None, "account": None}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Refreshed(key_store="cks-1"), "not read yet"),
        (FACTS, "read 40 s ago"),
        (
            replace(FACTS, account=replace(READ, failed_calls=(DENIED, DENIED))),
            "read 40 s ago; failed calls: ec2:DescribeX (access_denied)",
        ),
        (replace(FACTS, account=unread("eu-west-1", NOW_S, "denied")), "cannot be read"),
    ],
    ids=["before the first audit", "read", "some calls failed", "nothing was read"],
)
def test_the_age_of_the_account_and_the_failed_calls_are_shown(facts: Refreshed, words: str) -> None:
    assert rows(report(), facts, NOW_S) == (("AWS account", words),)


@pytest.mark.parametrize(
    ("count", "more"), [(MAX_CALLS, ""), (MAX_CALLS + 1, " and 1 more")], ids=["at the limit", "one more"]
)
def test_only_some_failed_calls_are_named(count: int, more: str) -> None:
    failed = tuple(replace(DENIED, call=f"ec2:Describe{n}") for n in range(count))
    ((_, words),) = rows(report(), replace(FACTS, account=replace(READ, failed_calls=failed)), NOW_S)
    assert words.endswith(f"(access_denied){more}")
    assert words.count("access_denied") == MAX_CALLS


def test_the_state_that_kms_reports_is_beside_the_prediction() -> None:
    (state, _) = rows(replace(report(), actual=ACTUAL), FACTS, NOW_S)
    assert state == ("KMS reports", "FAILED (XKS_PROXY_TIMED_OUT) ✓ predicted")


def test_page_and_json_show_both() -> None:
    page = PageSink(now=lambda: NOW_S)
    page.on_facts([FACTS])
    assert "read 40 s ago" in render(page.snapshot(), "1"), "already before the first report"
    page.on_report(replace(report(), actual=ACTUAL))
    assert "XKS_<wbr>PROXY_<wbr>TIMED_<wbr>OUT" in render(page.snapshot(), "1")
    shown = status(page.snapshot(), "1", ready=True)
    assert faults(shown, "status") == []
    (store,) = shown["stores"]
    assert (store["actual"]["connection_state"], store["actual"]["agrees"]) == ("FAILED", True)
    assert store["account"]["taken_at"] == "2027-01-15T07:59:20Z"
    assert store["account"]["failed_calls"] == []


def test_the_facts_belong_to_the_key_store_of_the_report() -> None:
    page = PageSink(now=lambda: NOW_S)
    page.on_facts([replace(FACTS, key_store="cks-2"), FACTS])
    page.on_report(report())
    (store,) = status(page.snapshot(), "1", ready=True)["stores"]
    assert store["account"]["taken_at"] == "2027-01-15T07:59:20Z"
    page.on_facts([replace(FACTS, key_store="cks-2")])
    (store,) = status(page.snapshot(), "1", ready=True)["stores"]
    assert store["account"] is None


def test_text_from_aws_is_escaped() -> None:
    page = PageSink(now=lambda: NOW_S)
    failed = (replace(DENIED, call=HOSTILE, because=HOSTILE),)
    page.on_facts([replace(FACTS, account=replace(READ, failed_calls=failed))])
    page.on_report(replace(report(), actual=replace(ACTUAL, because=HOSTILE, connection_state=HOSTILE)))
    html = render(page.snapshot(), "1")
    assert HOSTILE not in html
    assert all(each.isprintable() for each in html if each != "\n")
