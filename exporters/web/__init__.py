"""The status page, its JSON, and the HTTP server. GET requests have no side effects.

`page` is the sink, `memory` the state it keeps per target. `snapshot` freezes that state; the page and the
JSON are made only from a snapshot. `path`, `health`, `banner`, `findings`, `regions` and `certificates`
compute texts and geometry, and the templates render them. `status` and `status_target` return the same as
JSON. `app`, `guard` and `server` are the HTTP routes and the listener. May import ``exporters.report`` for
parts of JSON and ``exporters.prometheus`` for /metrics. A new cell in a row needs a module like `health`, a
field of `path.Row` and a macro.
"""
