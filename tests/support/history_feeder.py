"""A process that feeds a history fast and prints what it gave it: it is killed at any moment.

``python history_feeder.py FILE``: each line on stdout is a sequence number that was given to the sink, with
the time. Each is one round trip, one failure whose detail is the number, and one report that differs from
the one before.
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


def main(path: str) -> None:
    node = target()
    sink = HistorySink(HistorySettings(path=path, keep_s=86400.0, most_bytes=1 << 24), print)
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
        sys.stdout.write(f"{number} {now_s:.6f}\n")
        sys.stdout.flush()
        time.sleep(1 / PER_S)


if __name__ == "__main__":
    main(sys.argv[1])
