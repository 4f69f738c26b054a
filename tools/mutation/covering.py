"""A plugin of pytest that writes which tests run which lines: `-p tools.mutation.covering`.

`XKS_PROBE_COVERING` is the file that it writes, as JSON: path, line, ids of tests.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

VARIABLE = "XKS_PROBE_COVERING"
_FOLDERS = ("probe/verdicts/*", "probe/requirements/*", "probe/signing/*", "probe/agent/*")


class _Covering:
    def __init__(self) -> None:
        import coverage  # only `make mutants` installs it, and mutants.py reads VARIABLE without it

        self._coverage = coverage.Coverage(data_file=None, include=_FOLDERS, config_file=False)
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            str(Path(path).relative_to(Path.cwd())): {
                line: sorted(filter(None, tests)) for line, tests in data.contexts_by_lineno(path).items()
            }
            for path in data.measured_files()
        }
        Path(os.environ[VARIABLE]).write_text(json.dumps(lines), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Covering())
