"""The page, its JSON, and the HTTP paths around them. GET changes nothing.

`page` is the sink and `memory` what it keeps of a target; `snapshot` freezes all of it, and page and JSON
are made of that alone. `path`, `health`, `banner`, `findings`, `regions` and `certificates` make texts and
geometry, the templates draw them, `status` and `status_target` say the same as JSON. `app`, `guard` and
`server` are the paths and the listener. May import ``exporters.report`` for pieces of JSON,
``exporters.prometheus`` for /metrics. A new cell of a row is a file beside `health`, a field of `path.Row`,
and a macro.
"""
