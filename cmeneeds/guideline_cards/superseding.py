"""Which guideline has a newer version: told by PubMed, by title and body, or by the writer.

Only what is plain counts: PubMed's own "Update in", or a guideline of the same body, of a later
year, whose title names the same subject. That nothing newer is among the records does not show
that there is none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cmeneeds.errors import UsageError
from cmeneeds.evidence.issuers import issuer
from cmeneeds.gaps.terms import STOP_WORDS, tokens
from cmeneeds.guideline_cards.model import UNKNOWN, GivenCard
from cmeneeds.works import Work, Works


class Newer(NamedTuple):
    """A newer version."""

    key: str
    """Its citation key; empty where it is not among the works."""
    words: str
    """For readers: title and year, or what the writer wrote."""
    why: str


_NOTICE = re.compile(
    r"^\W*(?:correction|corrigend|errat|retract|comment|repl(?:y|ies)|response|letter|re:|"
    r"editorial|summary of comments)",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    tokens(
        "guideline guidelines guidance clinical practice statement recommendation recommendations "
        "consensus position scientific update updated focused full text report executive summary "
        "synopsis document task force working group committee panel version edition revised "
        "revision new joint official developed collaboration society association college academy "
        "american european international national standards care medical"
    )
)
"""Words that titles of guidelines have or lack without being about something else."""
_TELLING = frozenset(
    tokens(
        "adult adults child children adolescent adolescents infant neonate newborn pregnancy "
        "pregnant woman women man men older elderly type acute chronic primary secondary early "
        "advanced metastatic stage prevention screening diagnosis treatment management surgery "
        "inpatient outpatient hospital emergency"
    )
)
"""Words that set guidelines on one disease apart."""
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?:\s?[-–/]\s?(?:19|20)?\d\d)?(?!\d)")
_VERSION = re.compile(
    r"\b(?:version|edition|v)\.?\s?\d+(?:\.\d+)*\b|\b\d+(?:st|nd|rd|th)\s+edition", re.IGNORECASE
)
_LED_IN = re.compile(
    r"^(?:\w+ )?(?:Recommendations?|Guidelines?|Guidance|Statements?|Consensus|Positions?) "
    r"(?:of|from|by) (?:the )?"
)
SHARED = 0.8
"""House rule: the share of telling words that titles must have in common, ..."""
LEAST_WORDS = 5
"""... if each has so many; shorter ones must agree whole."""


def superseded(works: Works, given: Iterable[GivenCard] = ()) -> dict[str, Newer]:
    """Tell which guidelines have a newer version.

    Parameters
    ----------
    works : Works
        Of the run.
    given : iterable of GivenCard
        What the writer says goes first; ``none`` means that the version is current.

    Returns
    -------
    dict of str to Newer
        By citation key of the older one.
    """
    found = _by_title(works) | _by_pubmed(works)
    for card in given:
        said = dict(card.cells).get("superseded_by", "").strip()
        try:
            key = works.key_of(card.address) if said else ""
        except UsageError:
            continue  # of a document that is not in this run
        if not key or said == shown(found, key):
            continue  # as it was found
        if said.casefold() in ("none", "no", "current"):
            found.pop(key, None)
        else:
            newer = _key_in(said, works)
            words = _told(works[newer]) if newer else said
            found[key] = Newer(newer, words, f"given by {card.by}")
    return found


def _key_in(said: str, works: Works) -> str:
    """The work that a person names by PMID or id; empty where it is none of these."""
    m = re.search(r"\b(?:PMID:?\s?)?(\d{5,9})\b|\b([A-Z]{2,8}\d{3,12})\b", said)
    if not m:
        return ""
    key = f"pmid-{m[1]}" if m[1] else m[2]
    return key if key in works else ""


def _by_pubmed(works: Works) -> dict[str, Newer]:
    found = {}
    for key, work in works.items():
        if work.article is None or not work.is_guideline:
            continue
        for related in work.article.related:
            if related.kind == "UpdateIn" and related.pmid:
                newer = f"pmid-{related.pmid}"
                there = newer in works
                words = _told(works[newer]) if there else f"PMID {related.pmid}"
                found[key] = Newer(newer if there else "", words, "PubMed: updated in")
    return found


def _by_title(works: Works) -> dict[str, Newer]:
    by_body: dict[str, list[Work]] = defaultdict(list)
    for work in works.values():
        if work.is_guideline and work.year and not work.standing.is_withdrawn:
            body = body_key(body_of(work))
            if body and not _NOTICE.search(work.title):
                by_body[body].append(work)
    found: dict[str, Newer] = {}
    for body, of_body in by_body.items():
        subjects = [(w, _subject(w.title, body)) for w in of_body]
        for work, subject in subjects:
            later = [
                other
                for other, its in subjects
                if (other.year or 0) > (work.year or 0) and same_subject(subject, its)
            ]
            if later:
                newest = max(later, key=lambda w: (w.year or 0, w.key))
                found[work.key] = Newer(
                    newest.key, _told(newest), "same body, same subject, later year"
                )
    return found


def _told(work: Work) -> str:
    return f"{work.title.rstrip('.')} ({work.year or 'year unknown'})"


def body_of(work: Work) -> str:
    """Who issued a guideline: its publisher if that is a body, its title, or its group author."""
    document, article = work.document, work.article
    if document is not None and document.publisher and article is None:
        named = issuer(document.publisher, "title")
        if document.kind in ("own source", "recommendation"):
            return document.publisher
        if named:
            return named.value
    if found := issuer(work.title, "title"):
        return _LED_IN.sub("", found.value)
    if article is not None:
        for author in article.authors:
            if author.collective and (named := issuer(author.collective, "title")):
                return named.value
    if document is not None and document.kind == "own source":
        return _on_cover(work)
    return UNKNOWN


COVER_PARTS, COVER_WORDS = 6, 14


def _on_cover(work: Work) -> str:
    """A body whose name stands alone among the first lines."""
    assert work.document is not None
    for part in work.document.parts[:COVER_PARTS]:
        words = part.text.split()
        if part.kind not in ("title", "heading", "paragraph") or len(words) > COVER_WORDS:
            continue
        for line in re.split(r"[.;|,]\s", part.text):
            named = issuer(line, "title")
            if named and len(named.value.split()) >= min(3, len(line.split())):
                return named.value
    return UNKNOWN


def body_key(body: str) -> str:
    """A body's name as it is compared; empty if unknown."""
    if body == UNKNOWN:
        return ""
    return " ".join(w for w in tokens(re.sub(r"\([^()]*\)", " ", body)) if w not in STOP_WORDS)


def _subject(title: str, body: str) -> frozenset[str]:
    bare = _VERSION.sub(" ", _YEAR.sub(" ", title))
    return frozenset(tokens(bare)) - STOP_WORDS - _GENERIC - frozenset(body.split())


def same_subject(one: frozenset[str], two: frozenset[str]) -> bool:
    """Whether two titles name the same subject.

    Examples
    --------
    >>> from cmeneeds.gaps.terms import tokens
    >>> a, b = (frozenset(tokens(t)) for t in ("fever in adults", "fever in children"))
    >>> same_subject(a, b), same_subject(a, a)
    (False, True)
    """
    if not one or not two:
        return False
    if one == two:
        return True
    differing = one ^ two
    if differing & _TELLING or any(any(c.isdigit() for c in w) for w in differing):
        return False
    long_enough = min(len(one), len(two)) >= LEAST_WORDS
    return long_enough and len(one & two) >= SHARED * len(one | two)


def shown(newer: Mapping[str, Newer], key: str) -> str:
    """What a cell says of the newer version; empty where none is known."""
    found = newer.get(key)
    if found is None:
        return ""
    return f"{found.words} [{found.key or 'not among the sources'}; {found.why}]"
