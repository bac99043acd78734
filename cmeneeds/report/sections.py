"""A needs assessment as Markdown, section by section.

Every method of :class:`Report` returns Markdown in the dialect of :mod:`cmeneeds.report.markdown`,
written from the cells behind it and nothing else. Numbers are either figures (a passage says
them), counts (the tool computed them) or given (the writer said them); the verifier derives each
again.
"""

from __future__ import annotations

from cmeneeds.report.lengths import Lengths


class Report(Lengths):
    """All sections of a needs assessment; see :class:`~cmeneeds.report.writing.Writer`."""
