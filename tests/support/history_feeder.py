"""A process that feeds a history fast and prints what it gave it: it is killed at any moment.

``python history_feeder.py FILE``: each line on stdout is a sequence number that was given to the sink, with
the time, or ``clock`` and the time that the sink read: before it takes what is to be written, and after it has
written that. Each number is one round trip and one failure whose detail is the number; each 20th is also one
report that differs from the one before.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from support.reports.exporter_inputs import report, target, tcp, verdict

from probe.model.measurements import Failure, Phase, Reason
from probe.model.settings import HistorySettings
from probe.model.verdicts import Outcome
from probe.storage.history_sink import HistorySink

PER_S = 200


def show(what: str, at_s: float) -> None:
    sys.stdout.write(f"{what} {at_s:.6f}\n")
    sys.stdout.flush()


def clock() -> float:
    now_s = time.time()
    show("clock", now_s)
    return now_s


def main(path: str) -> None:
    node = target()
    sink = HistorySink(HistorySettings(path=path, keep_s=86400.0, most_bytes=1 << 24), print, clock)
    sink.on_targets((node,))
    sink.start()
    for number in range(PER_S * 60):
        now_s = time.time()
        failure = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED, detail=f"number {number}")
        sink.on_measurement(tcp(node, at_s=now_s))
        sink.on_measurement(tcp(node, None, at_s=now_s, failure=failure))
        if number % 20 == 0:
            outcome = Outcome.MET if number % 40 else Outcome.VIOLATED
            sink.on_report(report(verdict(outcome=outcome), taken_at_s=now_s))
        show(str(number), now_s)
        time.sleep(1 / PER_S)


if __name__ == "__main__":
    main(sys.argv[1])
