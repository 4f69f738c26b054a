"""Fills in the placeholders of a remedy (words in capitals) with the values of a finding."""

import re
import shlex
from collections.abc import Mapping

from probe.model.verdicts import Remedy

# REGION, SERVICE-ID: a placeholder in a remedy.
_PLACEHOLDER = re.compile(r"(?<![\w-])(?!TCP\b|TXT\b|ECDHE-)[A-Z]{3,}(?:-[A-Z0-9]+)*(?![\w-])")


def filled(remedy: Remedy, values: Mapping[str, str]) -> Remedy:
    """``remedy`` with ``values`` for its placeholders. In the command line they are quoted for a shell.

    A command with a placeholder that has no value (for example, no key store exists yet) is omitted.

    >>> filled(Remedy(text="See SERVICE-ID.", cli="aws ec2 x --id SERVICE-ID"), {"SERVICE-ID": "a; b"}).cli
    "aws ec2 x --id 'a; b'"
    """
    words = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in values) or "(?!)")
    runnable = all(word in values for word in _PLACEHOLDER.findall(remedy.cli))
    return Remedy(
        text=words.sub(lambda found: values[found[0]], remedy.text),
        console=words.sub(lambda found: values[found[0]], remedy.console),
        cli=words.sub(lambda found: shlex.quote(values[found[0]]), remedy.cli) if runnable else "",
    )
