"""Door 3: files. Whatever is read or written on disk, within bounds.

May import `wire` and `model`. What a file holds is parsed elsewhere: a new kind of file is read by `files`.
"""
