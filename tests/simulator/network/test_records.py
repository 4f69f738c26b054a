from simulator.network.records import AppliedDelay, FrameRecord, Records, applied_delay, round_trips_s


def a_delay(way: str, delay_s: float, *, sequence: int = 1, kind: str = "icmp") -> AppliedDelay:
    return AppliedDelay(
        arrived_at_s=0, delay_s=delay_s, way=way, kind=kind, port=0, identifier=7, sequence=sequence
    )


def test_the_latest_records_of_a_host_are_kept() -> None:
    records = Records(kept=2)
    for number in (1, 2, 3):
        records.add(b"host", FrameRecord(number, 0, False, "icmp", 0, 0, 0))
    assert [row.arrived_at_ns for row in records.of(b"host")] == [2, 3]
    assert records.of(b"other") == ()


def test_a_record_is_converted_to_seconds() -> None:
    delay = applied_delay([1_500_000_000, 2_500_000, True, "tcp-syn", 5, 0, 0])
    assert (delay.arrived_at_s, delay.delay_s, delay.way, delay.port) == (1.5, 0.0025, "back", 5)


def test_the_directions_of_an_exchange_are_added() -> None:
    delays = [
        a_delay("out", 1.0, sequence=1),
        a_delay("out", 2.0, sequence=2),
        a_delay("out", 8.0, sequence=3),  # without a reply
        a_delay("back", 4.0, sequence=2),
        a_delay("back", 3.0, sequence=1),
        a_delay("back", 9.0, sequence=1),  # a duplicate
        a_delay("back", 9.0, sequence=4),  # its request's record was dropped
        a_delay("out", 5.0, kind="udp"),
    ]
    assert round_trips_s(delays, "icmp") == (6.0, 4.0)
