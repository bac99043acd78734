"""What a notebook shows, and what it lets the writer decide.

Everything here may use the rest of the package; nothing of the rest depends on it.
"""
