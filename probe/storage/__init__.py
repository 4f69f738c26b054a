"""Files: whatever is read or written on disk, within bounds.

May import `wire` and `model`. What a file holds is parsed elsewhere: `files` reads it whole, and no more
than may belong there. A new kind of file is a module here; what is larger or unreadable is an InputError.
"""
