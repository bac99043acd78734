"""A double of NCBI's other databases: books, PMC, MeSH, links and spelling, all of it made up.

    with GuidelineDouble(library) as ncbi:
        ncbi.articles["PMC900001"] = jats("PMC900001", "<p>...</p>")
        ncbi.books[900101] = Book("NBK900101", "Paper fever")
        ncbi.on("efetch", 1, Fault("html"))      # faults as in eutils_double
        client = EntrezClient(ncbi.url, sleep=lambda _: None)

``db=pubmed`` is answered by `cmeneeds serve` over the library, except for what it does not know:
book records, ``pmcbook``, ``[aid]`` and the words of "Comment Correction Type".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import eutils_double
from eutils_double import Double

from cmeneeds.library.store import Library
from cmeneeds.server.answers import Answer
from cmeneeds.server.asked import Asked

REFUSED = (
    "<!--The publisher of this article does not allow downloading of the full text in XML form.-->"
)


def jats(
    pmcid: str, body: str | None, *, pmid: int | None = None, title: str = "", meta: str = ""
) -> bytes:
    """A made-up article of PMC; without a body it is one that may not be given out."""
    own = f'<article-id pub-id-type="pmid">{pmid}</article-id>' if pmid else ""
    return (
        "<article xmlns:xlink='http://www.w3.org/1999/xlink' article-type='research-article'>"
        f"{'' if body is not None else REFUSED}<front><journal-meta><journal-title-group>"
        "<journal-title>Journal of Made-up Records</journal-title></journal-title-group>"
        f"</journal-meta><article-meta>{own}<article-id pub-id-type='pmcid'>{pmcid}</article-id>"
        f"<title-group><article-title>{title or f'Made-up article {pmcid}'}</article-title>"
        f"</title-group>{meta}</article-meta></front>"
        f"{f'<body>{body}</body>' if body is not None else ''}</article>"
    ).encode()


GUIDELINE_BODY = """<sec><title>Recommendations</title><p>We recommend, in this made-up text:</p>
<list><list-item><p>Clinicians should test every made-up adult for paper fever.</p></list-item>
<list-item><p>Clinicians should not file on an empty stomach.</p></list-item></list></sec>
<sec><title>Results</title><table-wrap><label>Table 1</label><caption><p>Made-up figures</p>
</caption><table><thead><tr><th>Clinic</th><th>Tested</th></tr></thead><tbody><tr><td>North</td>
<td>41%</td></tr></tbody></table></table-wrap></sec>"""
"""A recommendation list and a table; nothing in it is real."""


@dataclass(frozen=True)
class Book:
    """A made-up section of Bookshelf and, unless ``in_pubmed`` is off, its record in PubMed."""

    nbk: str
    title: str
    publisher: str = "World Health Organization"
    book: str = "Made-up Guidelines"
    year: int = 2020
    abstract: str = "We recommend, in this made-up text, that clinicians test every adult."
    type: str = "chapter"
    in_pubmed: bool = True

    def record(self, pmid: int) -> str:
        return (
            f'<PubmedBookArticle><BookDocument><PMID Version="1">{pmid}</PMID><ArticleIdList>'
            f'<ArticleId IdType="bookaccession">{self.nbk}</ArticleId></ArticleIdList><Book>'
            f"<Publisher><PublisherName>{escape(self.publisher)}</PublisherName></Publisher>"
            f'<BookTitle book="madeup">{escape(self.book)}</BookTitle><PubDate><Year>{self.year}'
            f"</Year></PubDate></Book><ArticleTitle>{escape(self.title)}</ArticleTitle>"
            f"<Language>eng</Language><Abstract><AbstractText>{escape(self.abstract)}"
            "</AbstractText></Abstract></BookDocument></PubmedBookArticle>"
        )

    def summary(self, uid: int) -> str:
        info = escape(
            f"<Info><Path><Parent id='madeup' type='book' uid='1'><Title>{escape(self.book)}"
            f"</Title></Parent><Self type='{self.type}'><Title>{escape(self.title)}</Title></Self>"
            "</Path><Citation><ParentRecord><PublicationStatement>Nowhere: "
            f"{escape(self.publisher)}; {self.year}.</PublicationStatement></ParentRecord>"
            "</Citation></Info>"
        )
        return (
            f'<DocumentSummary uid="{uid}"><Title>{escape(self.title)}</Title>'
            f"<PubDate>{self.year}/01/01 00:00</PubDate><RType>{self.type}</RType>"
            f"<RID>{self.nbk}</RID><AccessionID>{self.nbk}</AccessionID>"
            f"<ChapterAccessionID>{self.nbk}</ChapterAccessionID>"
            f"<BookAccessionID>NBK900000</BookAccessionID><Book>madeup</Book>"
            f"<BookInfo>{info}</BookInfo></DocumentSummary>"
        )


@dataclass(frozen=True)
class Heading:
    """A made-up MeSH heading. ``children`` are UIDs, as NCBI has them."""

    ui: str
    terms: Sequence[str]
    trees: Sequence[str]
    children: Sequence[int] = ()

    def summary(self, uid: int) -> str:
        terms = "".join(f"<string>{escape(t)}</string>" for t in self.terms)
        below = "".join(f"<int>{c}</int>" for c in self.children)
        places = "".join(
            f"<LinksType><Parent>1</Parent><TreeNum>{t}</TreeNum><Children>{below}</Children>"
            "</LinksType>"
            for t in self.trees
        )
        return (
            f'<DocumentSummary uid="{uid}"><DS_ScopeNote>Made up.</DS_ScopeNote><DS_MeshUI>'
            f"{self.ui}</DS_MeshUI><DS_MeshTerms>{terms}</DS_MeshTerms><DS_IdxLinks>{places}"
            "</DS_IdxLinks></DocumentSummary>"
        )


class GuidelineDouble(Double):
    """`Double`, with the databases that a library does not have."""

    def __init__(self, library: Library | str | Path, **others: Any) -> None:
        super().__init__(library, **others)
        self.articles: dict[str, bytes] = {}
        """JATS by PMC number, ``PMC900001``."""
        self.books: dict[int, Book] = {}
        """By PMID; the UID in db=books is the same number."""
        self.headings: dict[int, Heading] = {}
        """By UID in db=mesh."""
        self.links: dict[str, dict[int, Sequence[int]]] = {}
        """By linkname and PMID."""
        self.spelling: dict[str, str] = {}
        self.flagged: set[int] = set()
        """PMIDs that PubMed says a notice speaks of."""
        self.aid_is_known = True
        """Whether PubMed finds book records by their accession."""
        self.recorded: dict[tuple[str, str], bytes] = {}
        """Answers to give as they are, by utility and database."""
        self.server.RequestHandlerClass = _Handler

    def special(self, name: str, asked: Asked) -> bytes | None:
        """Answer what `cmeneeds serve` cannot; None for everything else."""
        db, term = asked.text("db", "pubmed"), asked.text("term")
        if (name, db) in self.recorded:
            return self.recorded[name, db]
        ids = [uid for one in asked.id_lists() for uid in one.known]
        if name == "espell":
            said = self.spelling.get(term, "")
            return (
                f"<eSpellResult><Database>{db}</Database><Query>{escape(term)}</Query>"
                f"<CorrectedQuery>{escape(said)}</CorrectedQuery><SpelledQuery/><ERROR/>"
                "</eSpellResult>"
            ).encode()
        if name == "elink":
            return self._elink(asked)
        if name == "esearch" and (found := self._search(db, term)) is not None:
            shown = found[: asked.number("retmax", 20)]
            listed = "".join(f"<Id>{i}</Id>" for i in shown)
            return (
                f"<eSearchResult><Count>{len(found)}</Count><RetMax>{len(shown)}</RetMax>"
                f"<RetStart>0</RetStart><IdList>{listed}</IdList><QueryTranslation>{escape(term)}"
                "</QueryTranslation></eSearchResult>"
            ).encode()
        if name == "esummary" and db in ("books", "mesh"):
            has: dict[int, Any] = self.books if db == "books" else self.headings
            body = "".join(has[i].summary(i) for i in ids if i in has)
            return (
                f'<eSummaryResult><DocumentSummarySet status="OK">{body}</DocumentSummarySet>'
                "</eSummaryResult>"
            ).encode()
        if name == "efetch" and db == "pmc":
            found_here = [self.articles.get(f"PMC{i}", b"") for i in ids]
            return b"<pmc-articleset>" + b"".join(found_here) + b"</pmc-articleset>"
        if name == "efetch" and db == "pubmed" and any(i in self.books for i in ids):
            records = "".join(self.books[i].record(i) for i in ids if i in self.books)
            return f"<PubmedArticleSet>{records}</PubmedArticleSet>".encode()
        return None

    def _search(self, db: str, term: str) -> list[int] | None:
        if db == "books":
            words = [w.lower() for w in re.findall(r'"([^"]+)"\[title\]', term)]
            return [i for i, b in self.books.items() if any(w in b.title.lower() for w in words)]
        if db == "mesh":
            word = term.strip('"').lower()
            return [
                i
                for i, h in self.headings.items()
                if any(
                    set(word.split()) <= set(t.lower().replace(",", "").split()) for t in h.terms
                )
            ]
        if db != "pubmed":
            return None
        if "pmcbook" in term:
            words = [w.lower() for w in re.findall(r'"([^"]+)"\[tiab\]', term)]
            return [
                i
                for i, b in self.books.items()
                if b.in_pubmed and any(w in f"{b.title} {b.abstract}".lower() for w in words)
            ]
        if "[aid]" in term:
            wanted = re.findall(r"(NBK\d+)\[aid\]", term) if self.aid_is_known else []
            return [i for i, b in self.books.items() if b.in_pubmed and b.nbk in wanted]
        if "hasretractionin" in term:
            return [int(i) for i in re.findall(r"(\d+)\[uid\]", term) if int(i) in self.flagged]
        return None

    def _elink(self, asked: Asked) -> bytes:
        name, db = asked.text("linkname"), asked.text("db")
        score = "<Score>7</Score>" if asked.text("cmd") == "neighbor_score" else ""
        sets = ""
        for one in asked.id_lists():
            own = "".join(f"<Id>{i}</Id>" for i in one.known)
            found = [t for i in one.known for t in self.links.get(name, {}).get(i, ())]
            to = "".join(f"<Link><Id>{t}</Id>{score}</Link>" for t in found)
            group = (
                f"<LinkSetDb><DbTo>{db}</DbTo><LinkName>{name}</LinkName>{to}</LinkSetDb>"
                if found
                else ""
            )
            sets += f"<LinkSet><DbFrom>pubmed</DbFrom><IdList>{own}</IdList>{group}</LinkSet>"
        return f"<eLinkResult>{sets}</eLinkResult>".encode()


class _Handler(eutils_double._FaultyHandler):
    def answer(self, name: str, asked: Asked) -> Answer:
        body = self.server.double.special(name, asked)
        return super().answer(name, asked) if body is None else Answer(body, "xml")
