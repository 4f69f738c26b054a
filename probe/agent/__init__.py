"""The whole, once or for ever: what is known, what is probed when, and a report of it.

`agent` composes, `round` is one round and its end, `state` owns settings, account, domain and targets,
`refresh` keeps the slow facts fresh, `targets` and `schedule` decide (pure), `runner` and `echoes` start
probes, `history` remembers. May import everything below it but `config`, `exporters` and `commands`: it is
handed settings and sinks. Something new that the agent does continuously gets a file here and a task in
`agent`.
"""
