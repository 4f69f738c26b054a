"""The agent: holds the state, schedules and runs probes, keeps their results and publishes reports.

`agent` wires the parts together, for one round or continuously. `round` defines one round; `state` owns
settings, account, domain facts and targets; `refresh` reads the facts that change rarely; `targets` and
`schedule` decide what to probe and when (pure); `runner` and `echoes` run probes; `history` keeps results.
May import everything below it except `config`, `exporters` and `commands`: settings and sinks are passed in.
A new continuous activity gets a file here and a task in `agent`.
"""
