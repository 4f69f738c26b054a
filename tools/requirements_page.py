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
from probe.requirements import CATALOGUE, Rule
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors

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
        for rule in CATALOGUE:
            if rule.published.level is level:
                yield from section(rule)
    yield from faults()


# Names of botocore's model that no requirement leads to, with the reason.
NOT_PREDICTED = {
    "KMSInternalException": "AWS's own fault",
    "INTERNAL_ERROR": "AWS's own fault",
    "CustomKeyStoreNotFoundException": "an id that is not there is refused by the command line",
    "DependencyTimeoutException": "of KMS's own dependencies; the proxy's error of that name is above",
    "InvalidCiphertextException": "the proxy says it to Decrypt alone, which the agent never sends",
    "XksProxyUnreachableException": "a value of CloudWatch's XksProxyErrors, which no call returns",
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


_ODD_STATUS = "a status without an errorName, HTML, bad JSON, 0 or 11 key managers"
# What comes of one exchange: the errors of GetHealthStatus, and those of GetKeyMetadata at CreateKey.
ANSWERS: tuple[tuple[str, tuple[KmsError, ...], tuple[KmsError, ...]], ...] = (
    ("no TCP connection", path_errors.NOT_REACHABLE, ()),
    ("a connection, then silence in the handshake", path_errors.SILENT_HANDSHAKE, ()),
    ("no handshake: reset, closed, plain HTTP", path_errors.NO_HANDSHAKE, ()),
    ("TLS version, suite, dates, chain, authority", path_errors.TLS, ()),
    ("another common name", path_errors.COMMON_NAME, ()),
    ("a client certificate is demanded", path_errors.CLIENT_CERTIFICATE, ()),
    ("no answer within 250 ms", health_errors.TIMED_OUT, ()),
    ("the connection is closed instead of an answer", health_errors.NO_ANSWER, ()),
    *(
        (
            f"`{name}`",
            health_errors.BY_NAME.get(name, health_errors.INVALID_RESPONSE),
            health_errors.OF_KEY_BY_NAME.get(name, health_errors.KEY_INVALID_RESPONSE),
        )
        for name in (
            *("ValidationException", "AuthenticationFailedException", "AccessDeniedException"),
            *("InvalidUriPathException", "KeyNotFoundException", "InvalidStateException"),
            *("InvalidKeyUsageException", "ThrottlingException", "InternalException"),
            *("UnsupportedOperationException", "DependencyTimeoutException"),
        )
    ),
    (_ODD_STATUS, health_errors.INVALID_RESPONSE, health_errors.KEY_INVALID_RESPONSE),
    ("all key managers UNAVAILABLE", health_errors.MANAGERS_UNAVAILABLE, ()),
)


def faults() -> Iterator[str]:
    """What KMS would say: by requirement, by the proxy's answer; and the names that are neither."""
    yield from ("", "## What KMS would say", "", "| violated | create | update | connect | CreateKey |")
    yield _RULE
    for rule in CATALOGUE:
        if rule.published.errors:
            yield _fault(rule.id, rule.published.errors)
    yield from (
        "",
        "With public endpoint connectivity create speaks with the proxy, and says what update says.",
    )
    yield from ("", "## By what the proxy answers", "")
    yield "| the proxy | create | update | connect | CreateKey |"
    yield _RULE
    for words, of_health, of_key in ANSWERS:
        yield _fault(words, (*(e for e in of_health if not _is_of_key(e, of_key)), *of_key))
    yield from ("", "## In which order", "")
    yield from _ORDER
    yield from ("", "## Not predicted", "")
    for name, reason in sorted(NOT_PREDICTED.items()):
        yield f"- `{name}`: {reason}"


_ORDER = (
    "- create, update: form → uniqueness → the service → domain, configuration, name in no known order.",
    "- connect: the service → domain → principals, acceptance, zones → name → network → TLS → health.",
    "",
    "AWS documents of connect that the domain comes first, then KMS's endpoint and its private hosted",
    "zone, then health; the rest of the order, and all of create's, is inferred. An error that is expected",
    "masks those of later steps. Every prediction takes a store to be disconnected: while it is CONNECTED",
    "or FAILED, connect says `CustomKeyStoreInvalidStateException` (disconnect it first), and so does",
    "update of its endpoint, endpoint service or connectivity.",
)
_RULE = "| --- | --- | --- | --- | --- |"


def _is_of_key(error: KmsError, of_key: tuple[KmsError, ...]) -> bool:
    """What CreateKey says of its own request takes the place of what it would say of health."""
    return bool(of_key) and error.operation is Operation.CREATE_KEY


def _fault(words: str, errors: tuple[KmsError, ...]) -> str:
    cells = (" / ".join(_said(errors, operation)) for operation in Operation)
    return f"| {words} | " + " | ".join(cells) + " |"


def _said(errors: tuple[KmsError, ...], operation: Operation) -> Iterator[str]:
    for error in errors:
        if error.operation is operation:
            others = "".join(f" or `{name}`" for name in error.alternatives)
            yield f"`{error.error}`{others} ({error.likelihood.value}, {error.basis.value})"


def section(rule: Rule) -> Iterator[str]:
    """One requirement: what holds, why, the errors, what to do, the source."""
    published, remedy = rule.published, rule.remedy
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
