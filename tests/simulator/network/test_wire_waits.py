from support.network.wire_waits import waits_s

from simulator import AppliedDelay


def frame(
    way: str, arrived_at_s: float, *, port: int = 50_000, delay_s: float = 0.25, kind: str = "tcp"
) -> AppliedDelay:
    return AppliedDelay(
        arrived_at_s=arrived_at_s, delay_s=delay_s, way=way, kind=kind, port=port, identifier=0, sequence=0
    )


def test_a_wait_lasts_from_the_last_frame_sent_to_the_last_one_received() -> None:
    frames = [
        frame("out", 1.0, kind="tcp-syn"),
        frame("back", 1.25, kind="tcp-syn"),  # received at 1.5
        frame("out", 3.0),  # an acknowledgement, 1.5 s of the agent's own time later
        frame("out", 4.0),
        frame("back", 4.25),  # an acknowledgement
        frame("back", 5.75),  # received at 6.0
    ]
    assert waits_s(frames) == {50_000: 0.5 + 2.0}


def test_connections_are_separate_and_need_not_be_complete() -> None:
    frames = [
        frame("back", 0.5, port=1),  # the frame before it is no longer kept
        frame("out", 1.0, port=1),
        frame("out", 1.0, port=2),
        frame("out", 1.0, port=3, kind="udp"),
        frame("back", 1.5, port=2, delay_s=0.0),
    ]
    assert waits_s(frames) == {1: 0.0, 2: 0.5}
