"""What AWS says of a key store: the state that KMS reports, its metrics, the account's age, failed calls."""

from collections.abc import Mapping
from typing import Any

from exporters.report import aws_metrics
from exporters.report.judged import reported_state
from exporters.web.formatting import span, utc
from probe.model.account import Account
from probe.model.refreshed import Refreshed
from probe.model.verdicts import Report

MAX_CALLS = 5  # failed calls that the page shows


def rows(report: Report | None, facts: Refreshed | None, now_s: float) -> tuple[tuple[str, str], ...]:
    """Titles and words for the page; none without discovery."""
    actual = report.actual if report else None
    state = [("KMS reports", " ".join(aws_metrics.reported(actual)))] if actual else []
    return (*state, *([("AWS account", _account(facts.account, now_s))] if facts else []))


def document(report: Report | None, facts: Refreshed | None) -> Mapping[str, Any]:
    """The same as JSON: null without discovery, or while it is not known."""
    account = facts.account if facts else None
    return {
        "actual": reported_state(report.actual if report else None),
        "aws_metrics": aws_metrics.document(report.aws_metrics if report else None),
        "account": None
        if facts is None
        else {
            "taken_at": utc(account.taken_at_s) if account and _is_read(account) else None,
            "last_success_at": utc(facts.last_success_s) if facts.last_success_s is not None else None,
            "record_taken_at": utc(facts.domain.taken_at_s) if facts.domain else None,
            "failed_calls": [
                {"call": each.call, "cause": each.cause.value, "because": each.because}
                for each in (account.failed_calls if account else ())
            ],
        },
    }


def _account(account: Account | None, now_s: float) -> str:
    if account is None:
        return "not read yet"
    age = f"read {span(now_s - account.taken_at_s)} ago" if _is_read(account) else "cannot be read"
    failed = dict.fromkeys(f"{each.call} ({each.cause.value})" for each in account.failed_calls)
    shown = list(failed)[:MAX_CALLS]
    more = f" and {len(failed) - len(shown)} more" if len(failed) > len(shown) else ""
    return f"{age}; failed calls: {', '.join(shown)}{more}" if shown else age


def _is_read(account: Account) -> bool:
    """Whether the key stores or the endpoint services are known."""
    return isinstance(account.key_stores, tuple) or isinstance(account.services, tuple)
