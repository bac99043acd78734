"""Notes of an interview or survey: who speaks in which role, when, and whether they agreed.

The head of the notes is a few lines of ``key: value``, between two lines ``---`` or simply first::

    ---
    kind: interview
    role: diabetes nurse in a community clinic
    date: 2026-03-04
    consent: yes
    language: en
    ---

What is stored is the text that :func:`prepare_notes` gives: identifiers of persons replaced, the
head in this form. The original is not kept; preparing the stored text again changes nothing, so
what is read from it can be read again by anyone who has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.errors import UsageError
from cmeneeds.interviews.persons import without_persons

if TYPE_CHECKING:
    from cmeneeds.documents import Document

TYPES = ("expert", "patient")
"""Types of own sources whose text goes through :func:`prepare_notes` before it is stored."""

NOTE_KINDS = ("interview", "survey", "advisory board", "focus group")
FIELDS = ("kind", "role", "date", "consent", "language")
UNKNOWN = "unknown"
MOST_CHARACTERS = 1_000_000

_HEAD = re.compile(r"[ \t]*([A-Za-z][A-Za-z _-]{1,20}?)[ \t]*:[ \t]*(.*)")
_FENCE = re.compile(r"[ \t]*(?:-{3,}|\.{3})[ \t]*")
_SAME = {"speaker role": "role", "speaker": "role", "type": "kind", "lang": "language"}
_CONSENT = {"yes": "yes", "y": "yes", "true": "yes", "given": "yes", "no": "no", "n": "no",
            "false": "no", "refused": "no", "": UNKNOWN, UNKNOWN: UNKNOWN}  # fmt: skip
_DATE = re.compile(r"(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")


class Speaker(NamedTuple):
    """Who speaks, as far as a reader may know it."""

    kind: str = UNKNOWN
    """One of ``NOTE_KINDS`` or ``unknown``, as are the others where the notes do not say."""
    role: str = UNKNOWN
    date: str = UNKNOWN
    """ISO 8601: year, month or day."""
    consent: str = UNKNOWN
    """``yes``, ``no`` or ``unknown``."""
    language: str = UNKNOWN

    @property
    def may_be_quoted(self) -> bool:
        """Only with a consent that the notes state."""
        return self.consent == "yes"

    @property
    def note(self) -> str:
        """As it stands in :attr:`cmeneeds.documents.Document.note`."""
        return "; ".join(f"{name}: {value}" for name, value in zip(FIELDS, self, strict=True))


class PreparedNotes(NamedTuple):
    """Notes that may be stored."""

    text: str
    """What is stored: a head in the form above, an empty line, the body."""
    metadata: dict[str, str]
    """The head, by the names of ``FIELDS``; ``unknown`` where the notes do not say."""
    removed: dict[str, int]
    """Identifiers that were replaced, by kind."""

    @property
    def body(self) -> str:
        """The text without its head: what may be quoted."""
        return self.text.partition("---\n\n")[2]

    @property
    def speaker(self) -> Speaker:
        """The head as a value; its ``note`` goes into the document."""
        return Speaker(**self.metadata)

    @property
    def told(self) -> str:
        """One line for the writer: what was replaced, and whether the notes may be quoted."""
        total = sum(self.removed.values())
        kinds = ", ".join(f"{kind} {n}" for kind, n in self.removed.items())
        said = (
            f"{total} identifiers of persons were replaced ({kinds})"
            if total
            else "no identifier of a person was found"
        )
        said += "; only the cleaned text is kept, read it once more: a name that nothing marks "
        said += "as one is not seen"
        if not self.speaker.may_be_quoted:
            said += "; consent is unknown, so nothing is quoted until the notes say `consent: yes`"
        return said


def prepare_notes(text: str, type: str) -> PreparedNotes:
    """Read the head of notes and replace what tells who somebody is.

    Parameters
    ----------
    text : str
        The notes, as plain text or Markdown; of a Word file its paragraphs, one a line.
    type : str
        ``expert`` or ``patient``.

    Returns
    -------
    PreparedNotes
        Only its ``text`` may be stored.

    Raises
    ------
    UsageError
        If there is nothing in them, the head is malformed, or the speaker did not consent.
        Messages never repeat what may be a name.

    Examples
    --------
    >>> head = ("kind: interview", "role: nurse", "date: 2026-03", "consent: yes", "")
    >>> text = chr(10).join((*head, "Dr Roe calls late."))
    >>> made = prepare_notes(text, "expert")
    >>> made.speaker.role, made.body.strip(), made.removed
    ('nurse', 'Dr [name removed] calls late.', {'name': 1})
    """
    if type not in TYPES:
        raise UsageError(
            f"notes are of type expert or patient, not {type[:40]!r}", "Name one of the two."
        )
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"the notes have more than {MOST_CHARACTERS:,} characters", "Split them by speaker."
        )
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    head, body = _parted(text)
    body = re.sub(r"\n{3,}", "\n\n", body.strip())
    if not body:
        raise UsageError("the notes hold no text", "Write what was said below the head.")
    # Together, so that a name in the head is recognized in the body.
    cleaned = without_persons("\n".join((*(head[f] for f in FIELDS), "", body)))
    *values, kept = cleaned.text.split("\n", len(FIELDS))
    head = dict(zip(FIELDS, values, strict=True))
    lines = "\n".join(f"{name}: {value}" for name, value in head.items())
    return PreparedNotes(f"---\n{lines}\n---\n\n{kept.strip()}\n", head, cleaned.removed)


def _parted(text: str) -> tuple[dict[str, str], str]:
    """Head and body; the head is checked and complete."""
    lines = text.split("\n")
    at = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    fenced = at < len(lines) and _FENCE.fullmatch(lines[at]) is not None
    at += fenced
    said: dict[str, str] = {}
    begin = at
    while at < len(lines):
        line = lines[at]
        if fenced and _FENCE.fullmatch(line):
            at += 1
            break
        pair = _HEAD.fullmatch(line)
        key = _key(pair[1]) if pair else ""
        if pair and key in FIELDS:
            if key in said:
                raise UsageError(f"the head of the notes has {key} twice", "Remove one of them.")
            said[key] = pair[2].strip()
        elif line.strip() and fenced:
            raise UsageError(
                "a line in the head of the notes is no field that it may have",
                f"Its fields are {', '.join(FIELDS)}; names are not kept.",
            )
        elif line.strip():
            break
        at += 1
    else:
        if fenced:
            raise UsageError("the head of the notes does not end", "Close it with a line ---.")
    return _checked(said), "\n".join(lines[at if said or fenced else begin :])


def _key(text: str) -> str:
    key = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    return _SAME.get(key, key)


def _checked(said: dict[str, str]) -> dict[str, str]:
    kind = said.get("kind", "").casefold() or UNKNOWN
    if kind not in (*NOTE_KINDS, UNKNOWN):
        raise UsageError(
            "the head of the notes has a kind that is not known",
            f"Known: {', '.join(NOTE_KINDS)}.",
        )
    date = said.get("date", "") or UNKNOWN
    if date != UNKNOWN and not _DATE.fullmatch(date):
        raise UsageError(
            "the date in the head of the notes cannot be read", "Write it as 2026-03-04 or 2026-03."
        )
    consent = _CONSENT.get(said.get("consent", "").casefold())
    if consent is None:
        raise UsageError(
            "the head of the notes does not say consent in one word", "Write yes, no or unknown."
        )
    if consent == "no":
        raise UsageError(
            "the notes say that the speaker did not consent, so they cannot be quoted",
            "Nothing of them was kept. Ask for consent, or leave them out.",
        )
    role = said.get("role", "")[:200] or UNKNOWN
    language = said.get("language", "")[:35].casefold() or UNKNOWN
    return {"kind": kind, "role": role, "date": date, "consent": consent, "language": language}


def title_of(text: str, type: str) -> str:
    """Name prepared notes without naming anybody: ``Interview, diabetes nurse, 2026-03-04``.

    Parameters
    ----------
    text, type : str
        As for :func:`prepare_notes`.
    """
    speaker = prepare_notes(text, type).speaker
    kind = speaker.kind if speaker.kind != UNKNOWN else f"{type} input"
    said = [kind[:1].upper() + kind[1:], *(v for v in speaker[1:3] if v != UNKNOWN)]
    return ", ".join(said)


def speaker_of(document: Document) -> Speaker:
    """Read who speaks in a document made of prepared notes.

    Anything that :attr:`Speaker.note` did not write gives ``unknown``.

    Examples
    --------
    >>> from cmeneeds.documents import Document
    >>> note = Speaker("interview", "nurse", "2026", "yes", "en").note
    >>> speaker_of(Document(id="OWN1", kind="own source", note=note)).role
    'nurse'
    """
    found: dict[str, str] = {}
    pattern = "; ".join(f"{name}: (?P<{name}>[^\n]*?)" for name in FIELDS)
    m = re.search(rf"(?:^|\n){pattern}(?=\n|$)", document.note)
    if m:
        found = {name: m[name] or UNKNOWN for name in FIELDS}
    return Speaker(**found)
