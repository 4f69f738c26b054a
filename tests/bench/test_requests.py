import json

from bench import requests
from bench.requests import Wait
from probe.model.measurements import Timestamps


def test_a_line_states_whether_the_wait_is_an_upper_bound() -> None:
    wait = Wait(local_port=40000, wait_s=0.001, timestamps=Timestamps.KERNEL, is_upper_bound=True)
    assert json.loads(requests.line("10.78.0.1", wait)) == {
        "address": "10.78.0.1",
        "local_port": 40000,
        "wait_seconds": 0.001,
        "timestamps": "kernel",
        "wait_is_upper_bound": True,
    }
