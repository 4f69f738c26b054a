"""The answers to a ClientHello of two TCP segments, for people and programs."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from exporters.report import fields, formatting
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.text import clean

TITLE = "ClientHello of two TCP segments (post-quantum readiness)"
_MAX_TARGETS = 8
_WORDS = {
    HelloAnswer.SERVER_HELLO: "answered",
    HelloAnswer.HELLO_RETRY_REQUEST: "answered with a HelloRetryRequest (one more round trip)",
    HelloAnswer.ALERT: "refused with an alert",
    HelloAnswer.RESET: "connection reset",
    HelloAnswer.TIMED_OUT: "no answer",
    HelloAnswer.OTHER: "no TLS answer",
}
_ANSWERED = frozenset({HelloAnswer.SERVER_HELLO, HelloAnswer.HELLO_RETRY_REQUEST})


def document(hello: LargeClientHello) -> fields.Fields:
    """As ``large_client_hello`` in ``docs/schemas/common.json``."""
    return {
        "target": clean(hello.target.name),
        "address": fields.text(hello.address),
        "port": hello.target.port,
        "taken_at": fields.time(hello.started_at_s),
        "answer": hello.answer.value,
        "client_hello_bytes": hello.sent_bytes or None,
        "wait_seconds": fields.seconds(hello.wait_s),
        "timestamps": hello.timestamps.value if hello.timestamps else None,
        "group": fields.text(hello.group),
        "alert": hello.alert,
        "failure": fields.failure(hello.failure),
    }


def lines(hellos: Iterable[LargeClientHello]) -> list[tuple[bool, str]]:
    """One line for all targets with the same answer, and whether TLS answered. Its text is clean."""
    targets: dict[tuple[bool, str], list[str]] = {}
    for hello in hellos:
        key = (hello.answer in _ANSWERED, words(hello))
        targets.setdefault(key, []).append(clean(hello.target.name, 64))
    return [(good, f"{text}: {_named(names)}") for (good, text), names in targets.items()]


def words(hello: LargeClientHello) -> str:
    """The answer, the size of the ClientHello, the key exchange; the reason of a failure that needs one."""
    parts = [_WORDS[hello.answer]]
    if hello.failure is not None and hello.answer is HelloAnswer.ALERT:
        parts[0] = f"refused with {clean(hello.failure.detail, 64)}"
    elif hello.failure is not None and hello.answer is HelloAnswer.OTHER:
        parts[0] += f" ({formatting.failure_text(hello.failure)})"
    if hello.sent_bytes:
        parts.append(f"{hello.sent_bytes:,} bytes sent")
    if hello.group:
        parts.append(f"key exchange {clean(hello.group, 64)}")
    return ", ".join(parts)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_TARGETS} more" if len(names) > _MAX_TARGETS else ""
    return ", ".join(names[:_MAX_TARGETS]) + more


def render(hellos: Iterable[LargeClientHello]) -> RenderableType | None:
    """A heading and one line per kind of answer; None if no target was tested."""
    found = lines(hellos)
    if not found:
        return None
    return Group(Text(TITLE, style="bold"), *(_line(good, text) for good, text in found))


def line(hello: LargeClientHello) -> Text:
    """The answer of a single server, with the wait for it."""
    good = hello.answer in _ANSWERED
    shown = Text.assemble(
        ("ClientHello of two TCP segments: ", "dim"), (words(hello), "" if good else "yellow")
    )
    if hello.wait_s is not None:
        source = f" ({hello.timestamps.value})" if hello.timestamps else ""
        shown.append(f"  wait {formatting.milliseconds(hello.wait_s, ' ms')}{source}", style="dim")
    return shown


def _line(good: bool, text: str) -> Text:
    sign, style = ("✓", "green") if good else ("!", "yellow")
    return Text.assemble((f"  {sign} ", style), text)
