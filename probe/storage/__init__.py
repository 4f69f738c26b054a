"""File access, with limits on sizes.

May import `wire` and `model`. `files` reads a file up to a maximum size; it is parsed elsewhere. A file that
is too large or unreadable is an InputError. A new kind of file gets a module here.
"""
