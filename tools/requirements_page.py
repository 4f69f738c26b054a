"""Write docs/requirements.md from the catalogue, so that the page says what the code does.

::

    python tools/requirements_page.py            # write it
    python tools/requirements_page.py --check    # exit 1 if it is out of date
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from probe.model.verdicts import KmsError, Level, Operation
from probe.requirements import CATALOGUE, Declared

PAGE = Path(__file__).parents[1] / "docs" / "requirements.md"
_LEVELS = {
    Level.REQUIRED: "KMS checks it, or cannot connect without it. While violated, its errors are expected.",
    Level.RISK: "It works for now, and fails at times or under load. Its errors are possible.",
    Level.ADVICE: "AWS recommends it, KMS cannot see it. No error comes of it.",
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    check = arguments.parse_args().check
    text = "\n".join(page()) + "\n"
    if check:
        is_current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print(f"{PAGE.name} is up to date" if is_current else f"{PAGE.name}: run tools/requirements_page.py")
        return int(not is_current)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> Iterator[str]:
    """The lines of the page."""
    yield "# Requirements"
    yield ""
    yield "Made by `tools/requirements_page.py` from `probe/requirements/`; edit the docstrings there."
    for level in Level:
        yield from ("", f"## {level.value.capitalize()}", "", _LEVELS[level])
        for declared in CATALOGUE:
            if declared.published.level is level:
                yield from section(declared)
    yield from faults()


# Names of botocore's model that no requirement leads to, with the reason.
NOT_PREDICTED = {
    "KMSInternalException": "AWS's own fault",
    "INTERNAL_ERROR": "AWS's own fault",
    "CustomKeyStoreNotFoundException": "an id that is not there is refused by the command line",
    "KMSInvalidStateException": "of cryptographic calls, which the agent never makes",
    "XksKeyAlreadyInUseException": "needs a list of the account's keys, which the agent does not ask for",
    "InvalidMarkerException": "of paging",
    "CLUSTER_NOT_FOUND": "of CloudHSM stores",
    "CloudHsmClusterInUseException": "of CloudHSM stores",
    "CloudHsmClusterInvalidConfigurationException": "of CloudHSM stores",
    "CloudHsmClusterNotActiveException": "of CloudHSM stores",
    "CloudHsmClusterNotFoundException": "of CloudHSM stores",
    "CloudHsmClusterNotRelatedException": "of CloudHSM stores",
    "IncorrectTrustAnchorException": "of CloudHSM stores",
    "INSUFFICIENT_CLOUDHSM_HSMS": "of CloudHSM stores",
    "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET": "of CloudHSM stores",
    "SUBNET_NOT_FOUND": "of CloudHSM stores",
    "USER_LOCKED_OUT": "of CloudHSM stores",
    "USER_LOGGED_IN": "of CloudHSM stores",
    "USER_NOT_FOUND": "of CloudHSM stores",
}


def faults() -> Iterator[str]:
    """Each requirement with what KMS would say at each call, and the names that none leads to."""
    yield from ("", "## What KMS would say", "", "| violated | create | update | connect | CreateKey |")
    yield "| --- | --- | --- | --- | --- |"
    for declared in CATALOGUE:
        if declared.published.errors:
            cells = (" / ".join(_said(declared, operation)) for operation in Operation)
            yield f"| {declared.id} | " + " | ".join(cells) + " |"
    yield ""
    yield "A proxy's answer has the errors of its own status and name: these are those of the plain case,"
    yield "`probe/requirements/_health_errors.py` has the table. With public endpoint connectivity create"
    yield "says what update says. Not predicted:"
    yield ""
    for name, reason in sorted(NOT_PREDICTED.items()):
        yield f"- `{name}`: {reason}"


def _said(declared: Declared, operation: Operation) -> Iterator[str]:
    for error in declared.published.errors:
        if error.operation is operation:
            others = "".join(f" or `{name}`" for name in error.alternatives)
            yield f"`{error.error}`{others} ({error.likelihood.value}, {error.basis.value})"


def section(declared: Declared) -> Iterator[str]:
    """One requirement: what holds, why, the errors, what to do, the source."""
    published, remedy = declared.published, declared.remedy
    yield from ("", f"### {published.id}", "", f"**{published.title}**", "")
    yield from published.why.splitlines()
    if published.errors:
        yield from ("", "| operation | error | likelihood | basis | or |", "| --- | --- | --- | --- | --- |")
        yield from map(row, published.errors)
    outcomes = ", ".join(outcome.value.replace("_", " ") for outcome in published.outcomes)
    yield from (
        "",
        f"Ends in: {outcomes}." + (f" {published.never_unknown}" if published.never_unknown else ""),
    )
    yield from ("", f"What to do: {remedy.text}")
    if remedy.console:
        yield from ("", f"Console: {remedy.console}")
    if remedy.cli:
        yield from ("", f"    {remedy.cli}")
    yield from ("", f"Source: <{published.source}>")


def row(error: KmsError) -> str:
    """One error as a row of the table."""
    alternatives = ", ".join(f"`{name}`" for name in error.alternatives)
    return (
        f"| {error.operation.value} | `{error.error}` | {error.likelihood.value} "
        f"| {error.basis.value} | {alternatives} |"
    )


if __name__ == "__main__":
    sys.exit(main())
