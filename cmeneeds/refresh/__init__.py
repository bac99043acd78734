"""Refreshes: the report of an earlier run made again from what is known today, with its changes."""
