"""Rules that a reviewer would apply, one function a rule; see :mod:`cmeneeds.checks.gap_logic`."""
