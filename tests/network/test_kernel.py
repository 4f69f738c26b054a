"""Decoding of ancillary data and TCP_INFO: any bytes give a value or None."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.network import kernel


@given(st.lists(st.tuples(st.sampled_from([0, 1, 6, 255]), st.integers(0, 100), st.binary(max_size=64))))
def test_any_ancillary_data_is_read_without_an_exception(items: Any) -> None:
    read = kernel.read_ancillary(items)
    assert read.stamp_ns is None or read.stamp_ns > 0


@given(st.binary(max_size=300))
def test_any_tcp_info_is_read_without_an_exception(data: bytes) -> None:
    assert (kernel.read_tcp_info(data) is None) == (len(data) < 104)


@pytest.mark.parametrize(
    ("nanoseconds", "expected"),
    [(0, 5_000_000_000), (999_999_999, 5_999_999_999), (1_000_000_000, None), (-1, None)],
    ids=["at the start", "at the end", "above", "below"],
)
def test_the_nanoseconds_of_a_timestamp_are_below_one_second(nanoseconds: int, expected: Any) -> None:
    assert kernel.read_stamp(struct.pack("=qq", 5, nanoseconds) + bytes(32)) == expected


def test_an_all_zero_timestamp_is_missing() -> None:
    assert kernel.read_stamp(bytes(48)) is None


def test_tcp_info_is_decoded_with_linuxs_offsets() -> None:
    data = bytearray(200)
    struct.pack_into("=I", data, 68, 1234)
    struct.pack_into("=I", data, 100, 2)
    struct.pack_into("=I", data, 152, 7)
    assert kernel.read_tcp_info(bytes(data)) == kernel.TcpInfo(
        rtt_us=1234, total_retransmits=2, data_segments_in=7
    )
