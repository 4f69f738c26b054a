"""How mutmut runs tests here: they are collected once, and each mutant's process is forked from there.

mutmut itself collects again for each mutant, which takes several times as long as the tests.
"""

import gc
import os
import sys
from collections.abc import Iterable
from functools import _lru_cache_wrapper
from itertools import pairwise

import pytest
from _pytest.config import _prepareconfig
from mutmut.runners.harness import PytestRunner
from mutmut.state import state

from tools.mutation.time_limit import end_after

_TIMED_OUT = 36  # as mutmut has it


def _forget_what_is_cached() -> None:
    """What collection has called: a mutant of a cached function would never be called."""
    for each in gc.get_objects():
        if isinstance(each, _lru_cache_wrapper) and str(each.__module__).startswith("probe."):
            each.cache_clear()


class WarmRunner(PytestRunner):
    """In mutmut's fork server `warm_up` collects; elsewhere tests are run as mutmut does it."""

    def __init__(self) -> None:
        super().__init__()
        self._session: pytest.Session | None = None
        self._streams: object = None

    def warm_up(self) -> None:
        """What `pytest.main` does before the first test."""
        os.chdir("mutants")
        arguments = ["--rootdir=.", "--tb=no", "-q", *self._pytest_add_cli_args]
        config = _prepareconfig([*arguments, *self._pytest_add_cli_args_test_selection])
        config._do_configure()  # noqa: SLF001
        self._session = pytest.Session.from_config(config)
        config.hook.pytest_sessionstart(session=self._session)
        config.hook.pytest_collection(session=self._session)
        _forget_what_is_cached()
        first_of_each_file = {item.path: item.nodeid for item in reversed(self._session.items)}
        if self._in_a_fork(first_of_each_file.values()) != 0:
            raise RuntimeError("tests fail in this process although nothing is changed")

    def _in_a_fork(self, tests: Iterable[str]) -> int:
        child = os.fork()
        if child == 0:
            os._exit(self.run_tests(mutant_name=None, tests=tests))
        return os.waitpid(child, 0)[1]

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        """Until one fails, the fastest first: 1 if one did."""
        session = self._session
        if session is None:
            return super().run_tests(mutant_name=mutant_name, tests=tests)
        self._streams = sys.stdout, sys.stderr  # mutmut's: pytest replaces them, and to lose one is a warning
        wanted, seconds = frozenset(tests), state().duration_by_test
        end_after(15.0 * (1.0 + sum(seconds.get(test, 0.0) for test in wanted)), _TIMED_OUT)
        items = [item for item in session.items if item.nodeid in wanted]
        items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))
        for item, following in pairwise([*items, None]):
            assert item is not None  # noqa: S101 -- only the last is
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0
