"""Make a document of what was read and of what the writer says of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from msgspec.structs import replace as changed

from cmeneeds.documents import SOURCE_TYPES, Document, Licence, Part, section_kind
from cmeneeds.errors import UsageError
from cmeneeds.interviews.notes import speaker_of
from cmeneeds.interviews.persons import without_persons
from cmeneeds.own_sources.parsed import Block, Parsed
from cmeneeds.source_types import USES

OPINIONS = ("expert", "patient")
"""Types whose identifiers of persons are replaced before anything is stored."""


def role_of(source_type: str) -> str:
    """Tell what a source of a type may be used for; see :attr:`cmeneeds.documents.Document.role`.

    Examples
    --------
    >>> role_of("guideline"), role_of("expert"), role_of("")
    ('guideline', 'opinion', 'background')
    """
    use = USES.get(source_type)
    return use.role if use is not None else "background"  # of unknown type: never a side of a gap


@dataclass(frozen=True)
class Said:
    """What the writer says of a source; what is not said stays unknown.

    Attributes
    ----------
    type : str
        One of :data:`cmeneeds.documents.SOURCE_TYPES`.
    title, publisher, edition, url, licence, by, note : str
    year : int or None
    accessed : str
        ISO 8601 day on which a web page was read.
    """

    type: str = ""
    title: str = ""
    year: int | None = None
    publisher: str = ""
    edition: str = ""
    url: str = ""
    accessed: str = ""
    licence: str = ""
    by: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.type and self.type not in SOURCE_TYPES:
            raise UsageError(
                f"there is no type {self.type[:40]!r}", f"Use one of: {', '.join(SOURCE_TYPES)}."
            )
        if self.url and not self.url.startswith(("http://", "https://")):
            raise UsageError(f"{self.url[:60]!r} is no web address", "Start it with http(s)://.")

    def over(self, other: Said) -> Said:
        """Say this, and where this says nothing, what the other says."""
        given = {f.name: v for f in fields(self) if (v := getattr(self, f.name))}
        return replace(other, **given)


def said_of(document: Document) -> Said:
    """Read back what was said of a document."""
    return Said(
        document.source_type, document.title, document.year, document.publisher, document.edition,
        document.url, document.accessed, document.licence.text, document.added_by, document.note,
    )  # fmt: skip


def source_id(sha256: str) -> str:
    """Identify a file: the same on every machine.

    Examples
    --------
    >>> source_id("00000000a" + 55 * "0")
    'OWN10'
    """
    return f"OWN{int(sha256[:9], 16)}"


def make_document(parsed: Parsed, sha256: str, said: Said, name: str) -> Document:
    """Make a document.

    Parameters
    ----------
    parsed : Parsed
    sha256 : str
        Of the stored file, hexadecimal.
    said : Said
    name : str
        Of the file; its title where nobody says another.
    """
    return Document(
        id=source_id(sha256),
        kind="own source",
        role=role_of(said.type),
        source_type=said.type,
        title=said.title or parsed.title or name,
        publisher=said.publisher,
        year=said.year,
        edition=said.edition,
        licence=Licence(said.licence),
        full_text=True,
        url=said.url,
        accessed=said.accessed,
        sha256=sha256,
        added_by=said.by,
        note=said.note,
        pages=parsed.pages,
        unread_pages=tuple(page for page, _ in parsed.unread),
        parts=_parts(parsed.blocks),
    )


def with_said(document: Document, said: Said) -> Document:
    """Say something else of a document.

    Raises
    ------
    UsageError
        If it would become an interview, or cease to be one: such notes are stored otherwise.
    """
    now = said.over(said_of(document))
    if (now.type in OPINIONS) != (document.source_type in OPINIONS):
        raise UsageError(
            f"{document.id} was added as {document.source_type or 'no type'}, not as {now.type}",
            "Remove it and add its file anew with that type: names of persons are replaced then.",
        )

    if now.type in OPINIONS:
        # Who speaks, and whether they agreed, is not overwritten by a remark, nor named by it.
        said_before = speaker_of(document).note
        title, remark = (without_persons(text).text for text in (now.title, now.note))
        if said_before not in remark:
            remark = "\n".join(filter(None, (said_before, remark)))
        now = replace(now, title=title, note=remark)
    return changed(
        document,
        role=role_of(now.type),
        source_type=now.type,
        title=now.title,
        publisher=now.publisher,
        year=now.year,
        edition=now.edition,
        licence=Licence(now.licence),
        url=now.url,
        accessed=now.accessed,
        added_by=now.by,
        note=now.note,
    )


def _parts(blocks: tuple[Block, ...]) -> tuple[Part, ...]:
    parts: list[Part] = []
    stack: list[tuple[int, str, str]] = []  # level, title, kind of section
    lead = -1
    for block in blocks:
        if block.kind == "heading":
            while stack and stack[-1][0] >= block.level:
                stack.pop()
        path = tuple(title for _, title, _ in stack)
        section = stack[-1][2] if stack else ""
        if block.kind == "list item":
            if parts and parts[-1].kind == "paragraph" and parts[-1].text.rstrip().endswith(":"):
                lead = parts[-1].number
        else:
            lead = -1
        parts.append(
            Part(
                number=len(parts),
                kind=block.kind,
                text=block.text,
                path=path,
                section=section,
                label=block.label,
                markup=block.markup,
                cell=block.cell,
                lead=lead,
                page=block.page,
                turns=block.turns,
            )
        )
        if block.kind == "heading":
            stack.append((block.level, block.text, section_kind(block.text, around=section)))
    return tuple(parts)
