"""The page, its JSON, and the HTTP paths around them. GET changes nothing.

`app` has the paths, `guard` says which requests are let in, `page` is the sink that keeps what is shown,
`status` makes the JSON, `render` the HTML from `templates`. May import the other sinks and `probe.model`. A
new part of the page is a module that makes its rows, and a block in `templates/parts.html`; it must be
readable without JavaScript.
"""
