"""What the writer decided, kept apart from what was computed and applied again on every run.

The decisions of a brief ``stroke.yaml`` stand beside it in ``stroke.decisions.csv``: a table that
any spreadsheet can edit, one line a decision.
"""

from cmeneeds.decisions.applying import (
    DECISION_COLUMNS,
    Decided,
    apply_decisions,
    decided,
    decisions_table,
)
from cmeneeds.decisions.arrange import Row, part_id
from cmeneeds.decisions.evidence import seen_in
from cmeneeds.decisions.files import decide, decisions_path, load_decisions, save_decisions, undo
from cmeneeds.decisions.model import FIELDS, KINDS, Decision, in_force
from cmeneeds.decisions.people import Comparison, Conflict, Merged, compare, merge_files
from cmeneeds.decisions.rows import Rebuild, with_sources
from cmeneeds.decisions.signing import Open, unsigned
from cmeneeds.decisions.wording import (
    IN_EFFECT,
    STATES,
    edits_in,
    with_edits,
    with_proposals,
)

__all__ = [
    "DECISION_COLUMNS",
    "FIELDS",
    "IN_EFFECT",
    "KINDS",
    "STATES",
    "Comparison",
    "Conflict",
    "Decided",
    "Decision",
    "Merged",
    "Open",
    "Rebuild",
    "Row",
    "apply_decisions",
    "compare",
    "decide",
    "decided",
    "decisions_path",
    "decisions_table",
    "edits_in",
    "in_force",
    "load_decisions",
    "merge_files",
    "part_id",
    "save_decisions",
    "seen_in",
    "undo",
    "unsigned",
    "with_edits",
    "with_proposals",
    "with_sources",
]
