from bench import runs


def test_file_names_have_no_spaces_and_no_commas() -> None:
    assert runs.file_name("xks-probe-icmp, raw", runs.BUSY) == "xks-probe-icmp-raw-2-CPU-loads"
