from bench import cost


def test_a_command_is_shown_without_this_machines_directories() -> None:
    argv = ["/somewhere/bin/xks-probe", "ping", "--targets", "/lists/a b/hosts.txt", "-n", "4"]
    assert cost.shown(argv) == "xks-probe ping --targets hosts.txt -n 4"
