"""Counters of the page's server: closed label sets, which start at 0."""

import pytest

from exporters.prometheus.web_requests import CODES, PATHS, Rejection, WebRequests


def test_every_path_status_and_reason_starts_at_0() -> None:
    rows = WebRequests().answered_rows()
    assert rows.keys() == {(path, code) for path in (*PATHS, "other") for code in (*map(str, CODES), "other")}
    assert set(rows.values()) == {0.0}
    assert WebRequests().rejected_rows() == {(reason.value,): 0.0 for reason in Rejection}


@pytest.mark.parametrize(
    ("path", "code", "row"),
    [
        ("/metrics", 200, ("/metrics", "200")),
        ("/metrics/", 404, ("other", "404")),
        ("/METRICS", 404, ("other", "404")),
        ("", 404, ("other", "404")),
        ("/-/reload", 504, ("/-/reload", "504")),
        ("/", 418, ("/", "other")),
        ("/\x1b[2J" + "x" * 5000, 599, ("other", "other")),
    ],
)
def test_clients_and_new_statuses_create_no_series(path: str, code: int, row: tuple[str, str]) -> None:
    requests = WebRequests()
    before = requests.answered_rows().keys()
    requests.answered(path, code)
    rows = requests.answered_rows()
    assert rows.keys() == before
    assert [each for each, count in rows.items() if count] == [row]


def test_rejections_add_up() -> None:
    requests = WebRequests()
    for reason in (Rejection.MALFORMED, Rejection.MALFORMED, Rejection.OTHER_ORIGIN):
        requests.rejected(reason)
    rows = requests.rejected_rows()
    assert (rows["malformed",], rows["other_origin",], rows["wrong_host",]) == (2.0, 1.0, 0.0)
