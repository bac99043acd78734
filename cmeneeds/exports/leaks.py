"""Search files for what must stay with the writer: the last look before a hand-over."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from cmeneeds.evidence.passages import sentence_spans
from cmeneeds.frames import text_of

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

LEAST_NOTE: Final = 12
"""Characters from which a note is looked for; a shorter one, such as ``no``, is found anywhere."""

LEAST_SENTENCE: Final = 40
"""Characters from which a sentence of an abstract is looked for; shorter ones are commonplaces."""

_OPENING: Final = 5
"""Words by which a text is first looked for."""

_PACKED: Final = (".docx", ".xlsx", ".zip")
_TAG = re.compile(r"<[^>]*>")


def words_of(text: str) -> str:
    """Letters and digits alone, one space between words: the same however a format writes them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def texts_in(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Every text in a file, archives inside it too, by its place.

    Markup is taken away with and without a space in its place, because a format may cut a sentence
    into pieces anywhere.
    """
    if name.endswith(_PACKED):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for entry in packed.namelist():
                for place, text in texts_in(entry, packed.read(entry)):
                    yield f"{name}/{place}", text
        return
    if name.endswith(".pdf"):
        yield name, _pdf_text(data)
        return
    if name.endswith((".png", ".ttf", ".odttf")):
        return
    text = data.decode("utf-8", "replace")
    if name.endswith(".json"):
        text = text.encode().decode("unicode_escape", "replace") if "\\u" in text else text
    if "<" in text:
        yield name, html.unescape(_TAG.sub("", text))
        yield name, html.unescape(_TAG.sub(" ", text))
    yield name, html.unescape(text)


def _pdf_text(data: bytes) -> str:
    """The text of all pages; a word broken at the end of a line is put together."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return re.sub(r"(?:\u00ad|\ufffe|-)\s*\n\s*", "", "\n".join(pages))


def leaks(
    files: Mapping[str, bytes], assessment: Assessment, cited: set[str]
) -> Iterator[tuple[str, str]]:
    """Name each file that holds what stays inside, and what that is.

    Parameters
    ----------
    files : mapping of str to bytes
    assessment : Assessment
    cited : set of str
        Addresses of the passages that may be quoted.
    """
    inside = {words_of(note): what for note, what in _notes(assessment)}
    inside |= dict.fromkeys(
        _uncited(assessment, cited), "a sentence that the report does not quote"
    )
    # By their first words, so that a long text is gone through once, not once for each of them.
    by_opening: dict[str, list[str]] = {}
    short = [s for s in inside if len(s.split()) < _OPENING]
    for secret in inside.keys() - set(short):
        by_opening.setdefault(" ".join(secret.split()[:_OPENING]), []).append(secret)
    for name, data in files.items():
        for place, text in texts_in(name, data):
            said = words_of(text)
            words = said.split()
            openings = {" ".join(words[i : i + _OPENING]) for i in range(len(words))}
            asked = [s for o in openings & by_opening.keys() for s in by_opening[o]]
            for secret in sorted(asked) + short:
                if f" {secret} " in f" {said} ":
                    yield place, f"{inside[secret]} ({secret[:60]!r})"


def _notes(assessment: Assessment) -> Iterator[tuple[str, str]]:
    """What the writer wrote for the team, and not for the report."""
    table = assessment.decisions
    notes = table[table["decision"] != "answer"]  # there it is the report's own question
    for reason in notes["reason"].map(text_of):
        if len(reason) >= LEAST_NOTE:
            yield reason, "the reason of a decision"
    support = assessment.brief.support
    if support is not None and support.request and len(support.request) >= LEAST_NOTE:
        yield support.request, "the request for support"


def _uncited(assessment: Assessment, cited: set[str]) -> Iterator[str]:
    """Sentences of stored abstracts that the report does not quote, as words."""
    works = assessment.records.works
    quoted = " ".join(f" {words_of(works.locate(address).text)} " for address in sorted(cited))
    titles = " ".join(f" {words_of(a.title)} " for a in assessment.records.articles)
    texts = [s.text for a in assessment.records.articles for s in a.sections]
    # What is background, such as a trial's registration, is shown in tables.
    texts += [p.text for d in assessment.records.documents if d.role != "background"
              for p in d.parts]  # fmt: skip
    for text in texts:
        for start, end in sentence_spans(text):
            sentence = words_of(text[start:end])
            if len(sentence) < LEAST_SENTENCE:
                continue
            if f" {sentence} " not in quoted and f" {sentence} " not in titles:
                yield sentence
