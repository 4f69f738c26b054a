"""The facts of one key store that are read at intervals: the AWS account, and the verification record."""

from dataclasses import dataclass

from probe.model.account import Account
from probe.model.facts import DomainFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """The current facts, with their age in ``taken_at_s``; None before the first reading.

    ``account`` may have parts from earlier audits in which more could be read. ``audit`` is the audit that
    has just ended, as AWS answered it; None if another fact was read. ``last_success_s`` is when an audit
    last read the
    key stores or the endpoint services (Unix time).
    """

    key_store: str
    account: Account | None = None
    domain: DomainFacts | None = None
    audit: Account | None = None
    last_success_s: float | None = None
