"""Whether a work still stands: retracted, of concern, corrected, updated, or unknown.

Told by the work's own PubMed record, by its full text, and by other records that say what they are
notices of. A work of which nobody says anything is ``unknown``, never fine (design law 10): a
notice may be newer than what is here. Nothing here uses a network, so the same snapshot always
gives the same answer; :func:`cmeneeds.sources.links.recheck_standing` brings news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from cmeneeds.documents import Document
from cmeneeds.library.beside import asked_on
from cmeneeds.library.store import Library
from cmeneeds.records import NOTICES_IN, NOTICES_OF, STANDINGS, WITHDRAWN, Article

_Key = TypeVar("_Key")

OWN_RECORD = "own record"
FULL_TEXT = "full text"
OTHER_RECORD = "other record"

_NOTICE_QUERY = (
    '"Retraction of Publication"[pt] OR "Published Erratum"[pt] OR "Expression of Concern"[pt] '
    'OR "Corrected and Republished Article"[pt]'
)
"""Records of a library that may be notices. Updates have no publication type of their own: those
are told by the updated record itself."""

_NOTICES_OF_JATS = {
    "retracted-article": "retracted",
    "object-of-concern": "expression of concern",
    "corrected-article": "corrected",
    "updated-article": "updated",
}
"""``related-article-type`` of a notice in JATS -> standing of what it leads to
(https://jats.nlm.nih.gov/archiving/tag-library/1.3/attribute/related-article-type.html)."""


class Notice(NamedTuple):
    """Somebody who says something of a work's standing."""

    status: str
    """One of :data:`~cmeneeds.records.STANDINGS`."""
    told_by: str
    """``own record``, ``full text`` or ``other record``."""
    pmid: int | None = None
    """Of the notice, where it is known."""
    reference: str = ""
    """The notice as the record cites it, or its DOI."""


@dataclass(frozen=True)
class Standing:
    """What is known of a work's standing.

    Attributes
    ----------
    status : str
        One of :data:`~cmeneeds.records.STANDINGS`, the gravest that anybody says.
    by : tuple of Notice
        Everybody who says something, the gravest first; empty where nobody does.
    checked : str
        Day (ISO 8601) on which PubMed was last asked for notices; empty if never, as far as is
        known here.
    """

    status: str = "unknown"
    by: tuple[Notice, ...] = ()
    checked: str = ""

    @property
    def source(self) -> str:
        """Who says the status: ``own record``, ``full text``, ``other record``, or empty."""
        return self.by[0].told_by if self.by else ""

    @property
    def is_withdrawn(self) -> bool:
        """Whether its words must carry nothing."""
        return self.status in WITHDRAWN

    @property
    def sentence(self) -> str:
        """One sentence for readers, such as beside a citation.

        Examples
        --------
        >>> Standing("retracted", (Notice("retracted", "own record", 900001),)).sentence
        'Retracted (PMID 900001).'
        >>> Standing().sentence
        'Standing unknown: no notice of retraction or correction is known here.'
        """
        if self.status == "unknown":
            when = f" (PubMed asked on {self.checked})" if self.checked else ""
            return f"Standing unknown: no notice of retraction or correction is known here{when}."
        where = [
            f"PMID {n.pmid}" if n.pmid is not None else n.reference
            for n in self.by
            if n.status == self.status and (n.pmid is not None or n.reference)
        ]
        places = "; ".join(dict.fromkeys(where))
        return (
            f"{self.status.capitalize()} ({places})." if places else f"{self.status.capitalize()}."
        )


@dataclass(frozen=True)
class Notices:
    """What records and full texts say of other works.

    Make one with :meth:`among` for a snapshot, or :meth:`of_library` for a whole library, and put
    the two together with ``+``.
    """

    by_pmid: Mapping[int, tuple[Notice, ...]] = field(default_factory=dict)
    by_doi: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)

    @classmethod
    def among(cls, articles: Iterable[Article], documents: Iterable[Document] = ()) -> Notices:
        """Collect what these say of one another, or of anything else."""
        by_pmid: dict[int, list[Notice]] = {}
        by_doi: dict[str, list[Notice]] = {}
        for article in articles:
            for related in article.related:
                status = NOTICES_OF.get(related.kind)
                if status and related.pmid is not None:
                    notice = Notice(status, OTHER_RECORD, article.pmid, article.title)
                    by_pmid.setdefault(related.pmid, []).append(notice)
        for document in documents:
            for related in document.related:
                status = _NOTICES_OF_JATS.get(related.kind)
                if not status:
                    continue
                notice = Notice(status, OTHER_RECORD, document.pmid, document.id)
                if related.pmid is not None:
                    by_pmid.setdefault(related.pmid, []).append(notice)
                elif doi := _doi(related.source):
                    by_doi.setdefault(doi, []).append(notice)
        return cls(
            {k: tuple(v) for k, v in by_pmid.items()}, {k: tuple(v) for k, v in by_doi.items()}
        )

    @classmethod
    def of_library(cls, library: Library) -> Notices:
        """Collect what the notices in a library say; made once for many works."""
        return cls.among(library.get_many(library.search(_NOTICE_QUERY).pmids))

    def about(self, articles: Iterable[Article]) -> Notices:
        """Keep what is said of these records."""
        pmids, dois = set(), set()
        for article in articles:
            pmids.add(article.pmid)
            dois.add(_doi(article.doi))
        return Notices(
            {k: v for k, v in self.by_pmid.items() if k in pmids},
            {k: v for k, v in self.by_doi.items() if k in dois},
        )

    def __add__(self, other: Notices) -> Notices:
        """Put two together; what both know counts once."""
        return Notices(_merged(self.by_pmid, other.by_pmid), _merged(self.by_doi, other.by_doi))


def standing(
    article: Article | None,
    document: Document | None = None,
    notices: Notices | None = None,
    checked: str = "",
) -> Standing:
    """Tell the standing of one work.

    Parameters
    ----------
    article : Article or None
        Its PubMed record.
    document : Document or None
        Its full text.
    notices : Notices, optional
        What others say.
    checked : str
        Day on which PubMed was last asked, see :func:`checked_on`.
    """
    said: list[Notice] = []
    if article is not None:
        said += _own(article)
    if document is not None and document.retraction_status != "unknown":
        sources = [r.source for r in document.related if r.source]
        said.append(Notice(document.retraction_status, FULL_TEXT, None, next(iter(sources), "")))
    work = article or document
    if notices is not None and work is not None:
        if work.pmid is not None:
            said += notices.by_pmid.get(work.pmid, ())
        if doi := _doi(work.doi):
            said += notices.by_doi.get(doi, ())
    ranked = tuple(sorted(dict.fromkeys(said), key=lambda n: STANDINGS.index(n.status)))
    return Standing(ranked[0].status if ranked else "unknown", ranked, checked)


def checked_on(library: Library, pmids: Iterable[int]) -> dict[int, str]:
    """Return the day on which PubMed was last asked whether a notice speaks of these records."""
    from cmeneeds.sources.links import STANDING

    return asked_on(library, STANDING, pmids)


def _own(article: Article) -> list[Notice]:
    said = [
        Notice(NOTICES_IN[r.kind], OWN_RECORD, r.pmid, r.source)
        for r in article.related
        if r.kind in NOTICES_IN
    ]
    # Publication types say it without naming a notice.
    if article.retraction_status not in {"unknown", *(n.status for n in said)}:
        said.append(Notice(article.retraction_status, OWN_RECORD))
    return said


def _doi(text: str) -> str:
    start = text.lower().find("10.")
    return text.lower()[start:].strip() if start >= 0 else ""


def _merged(
    first: Mapping[_Key, tuple[Notice, ...]], second: Mapping[_Key, tuple[Notice, ...]]
) -> dict[_Key, tuple[Notice, ...]]:
    merged = dict(first)
    for key, notices in second.items():
        merged[key] = tuple(dict.fromkeys((*merged.get(key, ()), *notices)))
    return merged
