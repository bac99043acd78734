"""What a notebook shows, and what it lets the writer decide.

Everything here may use the rest of the package. The rest works without it: what a value looks like
in a notebook, and how far long work is, is asked for here when a notebook asks.
"""
