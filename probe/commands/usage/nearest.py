"""The nearest known word to a mistyped one."""

from collections.abc import Iterable

from probe.commands.usage.parameters import HELP, Parameter
from probe.model.text import clean

_MIN_LIKENESS = 0.6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant: the one word that begins so, else the most alike, else None.

    >>> nearest("preflght", ["ping", "preflight"]), nearest("surv", ["survey", "run"]), nearest("x", ["run"])
    ('preflight', 'survey', None)
    """
    import difflib  # only a mistake waits for it

    by_lower = {each.lower(): each for each in known}
    lower = word.lower()
    begin = [each for each in by_lower if lower.strip("-") and each.startswith(lower)]
    found = begin if len(begin) == 1 else difflib.get_close_matches(lower, by_lower, 1, _MIN_LIKENESS)
    return by_lower[found[0]] if found else None


def hint(word: str, known: Iterable[str], otherwise: str) -> str:
    """``did you mean 'WORD'?``, or ``otherwise`` where nothing is like it."""
    found = nearest(word, known)
    return f"did you mean {found!r}?" if found else otherwise


def unknown_option(word: str, options: Iterable[Parameter]) -> str:
    """One line about an option that is not one of ``options``."""
    flags = [flag for option in (*options, HELP) for flag in option.flags if flag.startswith("--")]
    shown, found = clean(word, 40), nearest(word, flags)
    return f"{shown!r} is not an option" + (f"; did you mean {found!r}?" if found else "")
