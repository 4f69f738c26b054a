import pytest

from bench import tables
from bench.readings import Errors, Stamps
from bench.tables import Cost, CostRow, Peer, Results, Row, StampRow


def row(tool: str, *errors_us: float, reported: int | None = None, dropped: int = 0) -> Row:
    count = len(errors_us) if reported is None else reported
    kernel = count if tool == "xks-probe" else None
    found = Errors(errors_us=errors_us, reported=count, kernel=kernel)
    return Row(tool=tool, method="icmp", load="idle", found=found, dropped=dropped)


def cost(tool: str, cpu_s: float, lost: int = 0, buffer_bytes: int | None = None) -> CostRow:
    runs = [Cost(cpu_s=cpu_s, echoes=20_000, lost=lost), Cost(cpu_s=2 * cpu_s, echoes=20_000, lost=0)]
    return CostRow(tool=tool, command=f"{tool} -n 4", condition="stock", runs=runs, buffer_bytes=buffer_bytes)


def results(*rows: Row, **more: object) -> Results:
    return Results(machine="Linux", rows=rows, peers=[], **more)  # type: ignore[arg-type]


def test_p99_is_the_nearest_rank_of_the_absolute_values() -> None:
    assert tables.p99([-float(n) for n in range(1, 101)]) == 99.0
    assert tables.p99([-4.0]) == 4.0


def test_the_tables_show_the_results() -> None:
    stamps = Stamps(receive_ns=[0, -1], transmit_ns=[800, 1800], reported=2)
    text = tables.markdown(
        Results(
            machine="Linux",
            rows=[row("xks-probe", -3, -2, 1, reported=4), row("other", dropped=2)],
            peers=[Peer(tool="other", version="not installed")],
            stamps=[StampRow(mode="raw", load="idle", found=stamps)],
            costs=[cost("xks-probe", 0.4, lost=1, buffer_bytes=425_984), cost("fping", 0.8)],
            starts_ms=[("xks-probe --version", [80.0, 90.0, 130.0])],
            extra=["### Another section"],
        ),
        [("a picture", "images/a.svg")],
    )
    for line in (
        "![a picture](images/a.svg)",
        "| xks-probe | icmp | idle | 3 of 4 | -2.0 | 3.0 | 3.0 | 4 of 4 | 0 |",
        "| other | icmp | idle | 0 of 0 | - | - | - | n/a | 2 |",
        "| raw | idle | 1 of 2 | 1 | 1.3 (0.8 to 1.8) |",
        "| other | not installed |  |  |",
        "| xks-probe | `xks-probe -n 4` | stock | 425,984 | 2 | 20000 | 1 | 30.0 (20.0 to 40.0) |",
        "CPU per ping, xks-probe / fping, buffer limit stock: 0.50.",
        "| `xks-probe --version` | 3 | 90 (80 to 130) |",
        "### Another section",
    ):
        assert line in text.splitlines()


def test_limitations_are_listed() -> None:
    text = tables.markdown(
        results(
            row("xks-probe", -3, 2, reported=3, dropped=1),
            row("fping", 1),
            stamps=[
                StampRow(
                    mode="raw", load="idle", found=Stamps(receive_ns=[0, 5], transmit_ns=[1, 1], reported=3)
                )
            ],
            costs=[cost("xks-probe", 0.8, lost=7), cost("fping", 0.4, lost=9)],
        )
    )
    assert text.partition("### Limitations\n\n")[2].splitlines() == [
        "- 1 of 3 values of xks-probe (icmp, idle) have no match in the capture.",
        "- The capture of xks-probe (icmp, idle) dropped 1 frames.",
        "- fping has a smaller 99th percentile for icmp, idle: 1.0 µs against 3.0 µs.",
        "- 2 of 3 receive timestamps (raw socket, idle) differ from the capture's, or are not in it.",
        "- A ping costs more with xks-probe than with fping (buffer limit: stock): 60.0 µs, not 30.0.",
        "- 7 pings of xks-probe were lost (buffer limit: stock).",
    ]


def test_without_limitations_there_is_no_such_section() -> None:
    assert "Limitations" not in tables.markdown(results(row("xks-probe", 1), row("fping", 3)))


def test_samples_without_a_kernel_timestamp_are_listed() -> None:
    found = Errors(errors_us=[1.0, 2.0], reported=2, kernel=1)
    text = tables.markdown(results(Row(tool="xks-probe", method="tls", load="idle", found=found)))
    assert "- 1 of 2 samples of xks-probe (tls, idle) lack a kernel timestamp." in text


def test_single_segment_responses_and_upper_bounds_are_counted() -> None:
    found = Errors(errors_us=[1.0, 2.0], reported=5, kernel=5, one_segment=1, upper_bounds=3)
    text = tables.markdown(results(Row(tool="xks-probe", method="http", load="idle", found=found)))
    assert "one TCP segment in the capture: 1 of 2." in text
    assert "3 of these 5 samples are flagged as upper bounds" in text


def test_the_page_is_changed_only_between_its_markers() -> None:
    page = "above\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nbelow\n"
    once = tables.between_markers(page, "new\n")
    assert once == "above\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nbelow\n"
    assert tables.between_markers(once, "new\n") == once


def test_a_page_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="lacks the marker"):
        tables.between_markers("<!-- bench: end -->", "new")
