"""What a guideline says of its recommendations beyond the sentence: around it, and on its cover."""

from __future__ import annotations

from typing import Any

from cmeneeds.documents import Document
from cmeneeds.evidence.full_text import DocumentPassage
from cmeneeds.evidence.layouts import Placed, bracketed, is_mark
from cmeneeds.evidence.recommendations import Recommendation, recommendation, strength_of_grade

_FIELDS = ("strength", "grade", "level", "system", "body", "year")


def is_graded(passage: DocumentPassage, beside: Placed | None, document: Document) -> bool:
    """Whether a guideline itself gives a sentence a class, strength or level.

    Class and level beside a part are those of its first sentence and of others that recommend, not
    of an explanation.
    """
    if is_mark(passage.text.strip("()[] .")):
        return False
    if beside is not None:
        first = not passage.part.text[: passage.start].strip()
        return first or recommendation(passage.text).strength is not None
    mark, skip = bracketed(passage.part.text, passage.start, passage.end)
    if document.kind != "own source":
        return bool(mark) and recommendation(passage.text[skip:]).strength is not None
    said = _around(passage, document, mark, skip)
    return said.grade is not None and said.strength is not None


def guideline_cells(
    row: dict[str, Any], passage: DocumentPassage, beside: Placed | None, document: Document
) -> dict[str, Any]:
    """Read what stands around a recommendation of a guideline.

    What the sentence says itself goes before what stands beside it; body and year of the writer's
    own guideline come from what is known of the document.

    Parameters
    ----------
    row : dict
        The finding, with what the sentence says.
    passage : DocumentPassage
    beside : Placed or None
        From :func:`cmeneeds.evidence.layouts.placed_gradings`.
    document : Document
        Of role ``guideline``.

    Returns
    -------
    dict
        Cells of the finding to set.
    """
    cells = {f"rec_{name}": row.get(f"rec_{name}") for name in _FIELDS}
    mark, skip = bracketed(passage.part.text, passage.start, passage.end)
    own = document.kind == "own source"
    if mark or skip or own:
        said = _around(passage, document, mark, skip)
        around = {f"rec_{n}": v.value for n in _FIELDS if (v := getattr(said, n)) is not None}
        graded = {f"rec_{n}": around.get(f"rec_{n}") for n in ("grade", "level", "system")}
        cells = {k: cells[k] or around.get(k) for k in cells} | (graded if skip else {})
        cells["rec_strength"] = around.get("rec_strength", cells["rec_strength"])
    if own:
        cells["rec_body"] = row.get("rec_body") or document.publisher or cells["rec_body"]
        year = str(document.year) if document.year else None
        cells["rec_year"] = row.get("rec_year") or year or cells["rec_year"]
    if beside is not None:
        if not cells["rec_grade"]:
            cells["rec_grade"] = beside.grade
            cells["rec_system"] = cells["rec_system"] or beside.system
        cells["rec_level"] = cells["rec_level"] or beside.level
        if not cells["rec_strength"] and cells["rec_grade"] and cells["rec_system"]:
            cells["rec_strength"] = strength_of_grade(cells["rec_grade"], cells["rec_system"])
    return cells


def _around(passage: DocumentPassage, document: Document, mark: str, skip: int) -> Recommendation:
    """Read a sentence with the brackets that belong to it, and with what its document is."""
    return recommendation(
        passage.text[skip:] + (f" ({mark})" if mark else ""),
        document.title,
        ("Practice Guideline",) if document.kind == "own source" else (),
        f"{passage.heading} {document.publisher}",
    )
