"""Generate docs/requirements.md from the catalogue of requirements.

::

    python tools/requirements_page.py            # write it
    python tools/requirements_page.py --check    # exit 1 if it is out of date
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: `tools` and this very tree are found, whatever is installed
from probe.model.verdicts import KmsError, Level, Operation  # noqa: E402
from probe.requirements import CATALOGUE, Rule  # noqa: E402
from probe.requirements.kms_errors import health as health_errors  # noqa: E402
from probe.requirements.kms_errors import path as path_errors  # noqa: E402
from tools.generated_files import write_or_check  # noqa: E402

PAGE = ROOT / "docs" / "requirements.md"
_NAMES = {
    Operation.CREATE: "CreateCustomKeyStore",
    Operation.UPDATE: "UpdateCustomKeyStore",
    Operation.CONNECT: "ConnectCustomKeyStore",
    Operation.CREATE_KEY: "CreateKey",
}
_CALLS = " | ".join(_NAMES[operation] for operation in Operation)
_HEAD = (
    "# Requirements",
    "",
    "Every requirement that xks-probe checks, the KMS errors it predicts if one is violated, and the fix.",
    "`tools/requirements_page.py` generates this page from `probe/requirements/`; edit the docstrings there.",
    "",
    "How to read an entry:",
    "",
    "- **likelihood**: *expected* means that the call returns this error; *possible*, that some calls do.",
    "- **basis**: *documented* means that AWS documents this error for this cause; *conflicting*, that AWS's",
    "  pages give different errors, and the others are listed as alternatives; *inferred*, that AWS does not",
    "  document it.",
    "- **outcomes**: how a check of the requirement can end. *Unknown* means that it could not be checked;",
    "  it does not mean OK.",
    "- Words in capitals stand for values of your key store. Reports contain the values.",
)
_LEVELS = {
    Level.REQUIRED: "KMS checks these, or cannot connect without them. A violation leads to its errors.",
    Level.RISK: "If one of these is violated, the key store may work now, but fail at times or under load.",
    Level.ADVICE: "AWS recommends these, but KMS does not check them. If one is violated, there is no error.",
}


def main() -> int:
    text = "\n".join(page()) + "\n"
    return write_or_check("requirements_page.py", (__doc__ or "").splitlines()[0], {PAGE: text})


def page() -> Iterator[str]:
    """The lines of the page."""
    yield from _HEAD
    for level in Level:
        yield from ("", f"## {level.value.capitalize()}", "", _LEVELS[level])
        for rule in CATALOGUE:
            if rule.published.level is level:
                yield from section(rule)
    yield from faults()


# Names in botocore's model that no requirement leads to, with the reason.
NOT_PREDICTED = {
    "KMSInternalException": "AWS's own fault",
    "INTERNAL_ERROR": "AWS's own fault",
    "CustomKeyStoreNotFoundException": "the command line rejects an id that does not exist",
    "DependencyTimeoutException": "a failure of KMS's own dependencies; see above for the proxy's error",
    "InvalidCiphertextException": "the proxy returns it only for Decrypt, which the agent never sends",
    "XksProxyUnreachableException": "a value of CloudWatch's XksProxyErrors; no call returns it",
    "XksKeyAlreadyInUseException": "needs a list of the account's keys, which the agent does not read",
    "InvalidMarkerException": "applies only to paging",
    "CLUSTER_NOT_FOUND": "applies only to CloudHSM key stores",
    "CloudHsmClusterInUseException": "applies only to CloudHSM key stores",
    "CloudHsmClusterInvalidConfigurationException": "applies only to CloudHSM key stores",
    "CloudHsmClusterNotActiveException": "applies only to CloudHSM key stores",
    "CloudHsmClusterNotFoundException": "applies only to CloudHSM key stores",
    "CloudHsmClusterNotRelatedException": "applies only to CloudHSM key stores",
    "IncorrectTrustAnchorException": "applies only to CloudHSM key stores",
    "INSUFFICIENT_CLOUDHSM_HSMS": "applies only to CloudHSM key stores",
    "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET": "applies only to CloudHSM key stores",
    "SUBNET_NOT_FOUND": "applies only to CloudHSM key stores",
    "USER_LOCKED_OUT": "applies only to CloudHSM key stores",
    "USER_LOGGED_IN": "applies only to CloudHSM key stores",
    "USER_NOT_FOUND": "applies only to CloudHSM key stores",
}


_MALFORMED = "a malformed response: no errorName in an error, HTML, bad JSON, 0 or 11 key managers"
# The errors that follow from one exchange: from GetHealthStatus, and at CreateKey from GetKeyMetadata.
ANSWERS: tuple[tuple[str, tuple[KmsError, ...], tuple[KmsError, ...]], ...] = (
    ("no TCP connection", path_errors.NOT_REACHABLE, ()),
    ("a connection, but no answer in the handshake", path_errors.SILENT_HANDSHAKE, ()),
    ("no handshake: reset, closed, plain HTTP", path_errors.NO_HANDSHAKE, ()),
    ("TLS version, cipher suite, dates, chain or CA", path_errors.TLS, ()),
    ("a different common name", path_errors.COMMON_NAME, ()),
    ("a client certificate is required", path_errors.CLIENT_CERTIFICATE, ()),
    ("no answer within 250 ms", health_errors.TIMED_OUT, ()),
    ("the connection is closed without an answer", health_errors.NO_ANSWER, ()),
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
    (_MALFORMED, health_errors.INVALID_RESPONSE, health_errors.KEY_INVALID_RESPONSE),
    ("all key managers UNAVAILABLE", health_errors.MANAGERS_UNAVAILABLE, ()),
)


def faults() -> Iterator[str]:
    """The predicted errors per requirement and per response of the proxy, and the names without either."""
    yield from ("", "## Predicted errors per requirement", "", f"| violated requirement | {_CALLS} |")
    yield _RULE
    for rule in CATALOGUE:
        if rule.published.errors:
            yield _fault(rule.id, rule.published.errors)
    yield from (
        "",
        "With public endpoint connectivity, CreateCustomKeyStore contacts the proxy and returns the same",
        "errors as UpdateCustomKeyStore.",
    )
    yield from ("", "## Predicted errors per proxy response", "")
    yield f"| the proxy's response | {_CALLS} |"
    yield _RULE
    for words, of_health, of_key in ANSWERS:
        yield _fault(words, (*(e for e in of_health if not _is_of_key(e, of_key)), *of_key))
    yield from ("", "## Order of checks", "")
    yield from _ORDER
    yield from ("", "## Errors that are not predicted", "")
    for name, reason in sorted(NOT_PREDICTED.items()):
        yield f"- `{name}`: {reason}"


_ORDER = (
    "- CreateCustomKeyStore, UpdateCustomKeyStore: input validation → uniqueness → endpoint service →",
    "  domain, configuration and private DNS name, in no known order.",
    "- ConnectCustomKeyStore: endpoint service → domain → principals, acceptance, zones → private DNS name →",
    "  network → TLS → health.",
    "",
    "AWS documents for ConnectCustomKeyStore that the domain is checked first, then KMS's endpoint and its",
    "private hosted zone, then health. The rest of its order, and the order of the other calls, is inferred.",
    "An expected error hides those of later steps. Every prediction assumes a disconnected key store: while",
    "it is CONNECTED or FAILED, ConnectCustomKeyStore returns `CustomKeyStoreInvalidStateException`",
    "(disconnect it first), and so does an UpdateCustomKeyStore that changes its endpoint, endpoint service",
    "or connectivity.",
)
_RULE = "| --- | --- | --- | --- | --- |"


def _is_of_key(error: KmsError, of_key: tuple[KmsError, ...]) -> bool:
    """At CreateKey the error of its own request replaces the error of the health request."""
    return bool(of_key) and error.operation is Operation.CREATE_KEY


def _fault(words: str, errors: tuple[KmsError, ...]) -> str:
    cells = (" / ".join(_predicted(errors, operation)) for operation in Operation)
    return f"| {words} | " + " | ".join(cells) + " |"


def _predicted(errors: tuple[KmsError, ...], operation: Operation) -> Iterator[str]:
    for error in errors:
        if error.operation is operation:
            others = "".join(f" or `{name}`" for name in error.alternatives)
            yield f"`{error.error}`{others} ({error.likelihood.value}, {error.basis.value})"


def section(rule: Rule) -> Iterator[str]:
    """One requirement: the rule, the reason, the errors, the fix, the source."""
    published, remedy = rule.published, rule.remedy
    yield from ("", f"### {published.id}", "", f"**{published.title}**", "")
    yield from published.why.splitlines()
    if published.errors:
        yield from (
            "",
            "| call | error | likelihood | basis | alternatives |",
            "| --- | --- | --- | --- | --- |",
        )
        yield from map(row, published.errors)
    outcomes = ", ".join(outcome.value.replace("_", " ") for outcome in published.outcomes)
    yield from (
        "",
        f"Outcomes: {outcomes}." + (f" {published.never_unknown}" if published.never_unknown else ""),
    )
    yield from ("", f"Fix: {remedy.text}")
    if remedy.console:
        yield from ("", f"Console: {remedy.console}")
    if remedy.cli:
        yield from ("", f"    {remedy.cli}")
    yield from ("", f"Source: <{published.source}>")


def row(error: KmsError) -> str:
    """One error as a row of the table."""
    alternatives = ", ".join(f"`{name}`" for name in error.alternatives)
    return (
        f"| {_NAMES[error.operation]} | `{error.error}` | {error.likelihood.value} "
        f"| {error.basis.value} | {alternatives} |"
    )


if __name__ == "__main__":
    sys.exit(main())
