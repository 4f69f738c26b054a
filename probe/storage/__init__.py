"""File access, with limits on sizes.

May import `wire` and `model`. `files` reads a file up to a maximum size; it is parsed elsewhere. A file that
is too large or unreadable is an InputError. The history on disk: `history_sink` receives results, `minutes`
sums them up, `report_changes` compares reports, `history_file` writes, `history_read` reads, `history_open`
and `history_schema` decide whether a file can be used. A new kind of file gets a module here.
"""
