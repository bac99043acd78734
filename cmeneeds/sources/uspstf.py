"""Recommendations of the U.S. Preventive Services Task Force, from its Prevention TaskForce API.

The service gives all its recommendations as one JSON document; it asks to keep the whole of it and
to filter at home, and to look for a newer one about once a week with ETag and Last-Modified. It
needs a key, which is asked for by e-mail at uspstfpda@ahrq.gov and given here as
``CMENEEDS_USPSTF_KEY``. A mirror without a key is named by ``CMENEEDS_USPSTF_URL``.

Sources: "Prevention TaskForce API" (instructions for users, AHRQ; linked from
https://www.uspreventiveservicestaskforce.org/apps/api.jsp); grade definitions,
https://www.uspreventiveservicestaskforce.org/apps/gradedef.jsp.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import msgspec
from lxml import etree

from cmeneeds.documents import Document, Part
from cmeneeds.errors import SourceError, UsageError
from cmeneeds.records import Author, Markup, Section, _Value
from cmeneeds.sources.web import WebClient, WebNotJson

API = "https://data.uspreventiveservicestaskforce.org/api/json"
PAGE = "https://www.uspreventiveservicestaskforce.org/uspstf/recommendation/"
KEY_VARIABLE = "CMENEEDS_USPSTF_KEY"
URL_VARIABLE = "CMENEEDS_USPSTF_URL"
DAY = 86_400.0
"""Seconds for which a copy is used without asking whether it is current."""

STRENGTH = {"A": "for", "B": "for", "C": "individual", "D": "against", "I": "insufficient"}
"""What a grade says, by the definitions in force since July 2012.

A and B: "recommends the service". C: "recommends selectively offering or providing this service to
individual patients". D: "recommends against the service". I: "current evidence is insufficient".
The Task Force does not call A or B strong: they differ in the certainty and the size of the net
benefit. The API's own text for C is still that of 2007 ("against routinely providing"), and so is
not what a C of a later year means.
"""


class UspstfKeyMissing(SourceError):
    """The Prevention TaskForce API was not asked, because there is no key for it."""


class Recommendation(_Value, frozen=True, kw_only=True):
    """One specific recommendation: a grade for a service in a population.

    Texts are the service's HTML as plain text by the rules of :func:`plain_text`; offsets count in
    them. What the API calls ``other`` (recommendations of other bodies) is left out, so that no
    other society's words are taken for those of the Task Force.
    """

    may_originate_gap: ClassVar[bool] = True

    id: int
    """The service's number of the specific recommendation."""
    title: str
    """Topic and population, as the service writes them: ``Topic: Kind -- Population``."""
    grade: str
    """A, B, C, D or I; anything else is kept as it came, and its strength is unknown."""
    grade_version: int
    """Index into the service's list of definitions of this grade."""
    grade_definition: str = ""
    """The service's own definition for grade and version; see :data:`STRENGTH` on grade C."""
    population: str = ""
    """What stands after `` -- `` in the title; empty where nothing does."""
    sex: str = ""
    """``female``, ``male`` or ``men and women``."""
    ages: tuple[int, int] | None = None
    """Youngest and oldest age in years; 99 or 100 as the oldest means that there is no limit."""
    weight: str = ""
    """BMI group that it is for: UW, N, O or OB; empty for all."""
    risks: tuple[str, ...] = ()
    """Risk groups, such as ``Pregnant``."""
    topic: str = ""
    """Topic, as the service names it."""
    kind: str = ""
    """``Screening``, ``Counseling``, ``Preventive medication``, or several joined by ``and``."""
    keywords: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    date: str = ""
    """Date of publication, ``yyyy-mm-dd``; only the year where the service gives no more."""
    url: str = ""
    """The topic's page."""
    parts: tuple[Section, ...] = ()
    """Texts; ``label`` is ``statement``, ``frequency``, ``risk``, ``pathway``, ``rationale``,
    ``clinical`` or ``discussion``. Empty ones are left out."""
    sha256: str = ""
    """Of the archived answer that it was read from."""
    accessed: str = ""
    """When that answer was last known to be current, UTC."""

    @property
    def strength(self) -> str:
        """``for``, ``individual``, ``against``, ``insufficient``; else ``unknown``."""
        return STRENGTH.get(self.grade, "unknown")

    @property
    def statement(self) -> str:
        """The recommendation itself, in full."""
        return self.text_of("statement")

    def text_of(self, part: str) -> str:
        """Return the text that offsets of ``part`` count in; empty if it has no such part."""
        return next((s.text for s in self.parts if s.label == part), "")

    def document(self) -> Document:
        """Return it as a document, whose parts passages are quoted and verified from.

        Parts are the title, the texts in their order, and a note each for grade, population, sex
        and ages. The service's definition of the grade is left out: that of C is out of date.
        """
        parts = [Part(0, "title", self.title)]

        def add(kind: str, text: str, label: str, **more: Any) -> None:
            if text:
                parts.append(Part(len(parts), kind, text, label=label, **more))

        for part in self.parts:
            kind = "recommendations" if part.label == "statement" else ""
            name = _PART_NAMES.get(part.label, part.label)
            add("paragraph", part.text, name, path=(name,), section=kind, markup=part.markup)
        add("note", self.grade, "Grade")
        add("note", self.population, "Population")
        add("note", self.sex, "Sex")
        add("note", _ages(self.ages), "Ages")
        return Document(
            id=f"USPSTF{self.id}",
            kind="recommendation",
            role="guideline",
            article_type=self.kind,
            title=self.title,
            publisher=TASK_FORCE,
            year=int(self.date[:4]) if self.date[:4].isdecimal() else None,
            date=self.date,
            language="eng",
            authors=(Author(collective=TASK_FORCE),),
            full_text=True,
            keywords=(self.topic, *self.keywords),
            url=self.url,
            accessed=self.accessed,
            sha256=self.sha256,
            parts=tuple(parts),
        )


TASK_FORCE = "US Preventive Services Task Force"

_PART_NAMES = {
    "statement": "Recommendation",
    "frequency": "Frequency of service",
    "risk": "Risk",
    "pathway": "Pathway to benefit",
    "rationale": "Rationale",
    "clinical": "Clinical considerations",
    "discussion": "Discussion",
}


def _ages(ages: tuple[int, int] | None) -> str:
    """Write an age range; 99 or 100 as the oldest means that there is no limit."""
    if ages is None:
        return ""
    youngest, oldest = ages
    return f"{youngest} years and older" if oldest >= 99 else f"{youngest} to {oldest} years"


# --- reading ------------------------------------------------------------------------------------


class _Specific(msgspec.Struct, frozen=True, rename="camel"):
    id: int
    title: str
    grade: str
    text: str
    general: int | str
    grade_ver: int = -1
    sex: str = ""
    age_range: list[int] | None = None
    bmi: str = ""
    risk: list[int | str] = []
    rationale: str | None = None
    serv_freq: str | None = None
    risk_text: str | None = None


class _General(msgspec.Struct, frozen=True, rename="camel"):
    title: str
    topic: str = ""
    topic_type: str = ""
    topic_year: int | str = ""
    pub_date: str | None = None
    uspstf_alias: str | None = None
    keywords: str | None = None
    categories: list[int | str] = []
    pathway_to_benefit: str | None = None
    rationale: str | None = None
    clinical: str | None = None
    discussion: str | None = None


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    specific_recommendations: list[_Specific]
    general_recommendations: dict[str, _General]
    grades: dict[str, list[str]] = {}
    categories: dict[str, _Named] = {}
    risks: dict[str, _Named] = {}


def read_recommendations(
    body: bytes, *, sha256: str = "", accessed: str = ""
) -> list[Recommendation]:
    """Read an answer of the API, in its order.

    Raises
    ------
    WebNotJson
        If it is not the document that the API's instructions describe; names the first field
        that is not.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The message names a path in the document, never its texts.
        problem = str(error)
    else:
        return _recommendations(answer, sha256, accessed)
    raise WebNotJson(f"this is no answer of the Prevention TaskForce API: {problem}")


def _recommendations(answer: _Answer, sha256: str, accessed: str) -> list[Recommendation]:
    # Topics are shared by several recommendations: each text is read once.
    shared: dict[str, tuple[Section, ...]] = {}
    found = []
    for item in answer.specific_recommendations:
        key = str(item.general)
        general = answer.general_recommendations.get(key)
        if general is None:
            raise WebNotJson(f"USPSTF recommendation {item.id} belongs to a topic that is missing")
        if key not in shared:
            shared[key] = _parts(
                pathway=general.pathway_to_benefit,
                rationale=general.rationale,
                clinical=general.clinical,
                discussion=general.discussion,
            )
        own = _parts(statement=item.text, frequency=item.serv_freq, risk=item.risk_text)
        topical = shared[key]
        if not any(part.label == "rationale" for part in topical):
            topical = _parts(rationale=item.rationale) + topical
        title = plain_text(item.title)[0]
        definitions = answer.grades.get(item.grade, [])
        in_range = 0 <= item.grade_ver < len(definitions)
        names = [answer.categories.get(str(c)) for c in general.categories]
        risks = [answer.risks.get(str(r)) for r in item.risk]
        ages = item.age_range or []
        found.append(
            Recommendation(
                id=item.id,
                title=title,
                grade=item.grade,
                grade_version=item.grade_ver,
                grade_definition=definitions[item.grade_ver] if in_range else "",
                population=title.partition(" -- ")[2].strip(),
                sex=item.sex,
                ages=(ages[0], ages[1]) if len(ages) == 2 else None,
                weight=item.bmi,
                risks=tuple(r.name for r in risks if r and r.name),
                topic=plain_text(general.topic or general.title)[0],
                kind=general.topic_type,
                keywords=tuple(k.strip() for k in (general.keywords or "").split("|") if k.strip()),
                categories=tuple(n.name for n in names if n and n.name),
                date=general.pub_date or str(general.topic_year),
                url=PAGE + quote(general.uspstf_alias or "", safe=""),
                parts=own + topical,
                sha256=sha256,
                accessed=accessed,
            )
        )
    return found


def _parts(**texts: str | None) -> tuple[Section, ...]:
    read = ((name, *plain_text(html)) for name, html in texts.items() if html)
    return tuple(Section(text, label=name, markup=markup) for name, text, markup in read if text)


_BLOCKS = re.compile(
    r"address|article|blockquote|br|caption|center|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|"
    r"header|hr|li|ol|p|pre|section|table|tbody|tfoot|thead|tr|ul"
)
_INLINE = {"sup": "sup", "sub": "sub", "em": "i", "i": "i", "strong": "b", "b": "b", "u": "u"}
_UNREAD = frozenset(("script", "style", "head", "title"))


def plain_text(html: str) -> tuple[str, tuple[Markup, ...]]:
    r"""Turn a piece of HTML into text, always the same way.

    Entities are decoded. A run of white space, no-break spaces among it, becomes one space; block
    elements and ``br`` begin a new line, table cells a new tab stop. Nothing else is added or taken
    away; comments, scripts and styles are not text. Raised and lowered characters keep their spans,
    because ``21<sup>4</sup>`` is not the number 214.

    Raises
    ------
    WebNotJson
        If it is nested more than 2,000 deep, and so cannot be read whole.

    Examples
    --------
    >>> plain_text("<p>A &amp; B<sup>1</sup></p>\n<p>C</p>")
    ('A & B1\nC', (Markup(start=5, end=6, tag='sup'),))
    """
    clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", " ", html)
    if "<" not in clean and "&" not in clean:
        return " ".join(clean.split()), ()
    # Without `huge_tree` whatever is nested deeper than 256 would silently be lost.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    root = etree.fromstring(f"<div>{clean}</div>".encode("utf-8", "replace"), parser)
    if any(problem.level_name == "FATAL" for problem in parser.error_log):
        raise WebNotJson("a text of the answer is nested too deeply to be read whole")
    out: list[str] = []
    length, gap, unread = 0, "", 0
    open_spans: list[tuple[object, int]] = []
    spans: list[tuple[int, int, str]] = []

    def add(text: str | None) -> None:
        nonlocal length, gap
        if not text or unread:
            return
        for piece in re.findall(r"\s+|\S+", text):
            if piece.isspace():
                gap = gap or " "
                continue
            if out and gap:
                out.append(gap)
                length += 1
            gap = ""
            out.append(piece)
            length += len(piece)

    # Events, not recursion: the nesting is the sender's to choose.
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = node.tag if event in ("start", "end") else ""
        if _BLOCKS.fullmatch(tag):
            gap = "\n"
        elif tag in ("td", "th"):
            gap = "\t" if gap != "\n" else gap
        if event == "start":
            unread += tag in _UNREAD
            if tag in _INLINE:
                open_spans.append((node, length))
            add(node.text)
            continue
        unread -= tag in _UNREAD
        if open_spans and open_spans[-1][0] is node:
            spans.append((open_spans.pop()[1], length, _INLINE[tag]))
        add(node.tail)
    text = "".join(out)
    marks = []
    for start, end, tag in sorted(spans):
        begin = start + len(text[start:end]) - len(text[start:end].lstrip())
        if begin < end:
            marks.append(Markup(begin, end, tag))
    return text, tuple(marks)


# --- searching ----------------------------------------------------------------------------------

_SMALL = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)


def _words(text: str) -> set[str]:
    found = re.findall(r"[^\W_]+", text.casefold())
    # One plural ending, the same on both sides: "adults" finds "adult".
    return {w[:-1] if len(w) > 3 and w.endswith("s") else w for w in found if w not in _SMALL}


def search(recommendations: Iterable[Recommendation], terms: Sequence[str]) -> list[Recommendation]:
    """Find recommendations by the words of a topic.

    Parameters
    ----------
    recommendations : iterable of Recommendation
    terms : sequence of str
        Names of the topic, such as ``["type 2 diabetes", "prediabetes"]``. One is found where all
        its words stand in title, topic or keywords; small words do not count.

    Returns
    -------
    list of Recommendation
        Those for which any term is found, by number of terms found, then in the service's order.
    """
    wanted = [words for words in map(_words, terms) if words]
    scored: list[tuple[int, int, Recommendation]] = []
    for item in recommendations:
        there = _words(" ".join((item.title, item.topic, *item.keywords)))
        score = sum(words <= there for words in wanted)
        if score:
            scored.append((-score, len(scored), item))
    return [item for *_, item in sorted(scored, key=lambda entry: entry[:2])]


# --- the source ---------------------------------------------------------------------------------


class Uspstf:
    """The Prevention TaskForce as a web source; see :mod:`cmeneeds.sources.registry`."""

    name = "uspstf"
    title = "USPSTF recommendations (Prevention TaskForce API)"
    kind = "guideline"
    may_originate_gap = True

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> list[Document]:
        """Return the recommendations on a topic.

        Raises
        ------
        UspstfKeyMissing
            If neither key nor mirror is set.
        SourceError
            As :meth:`WebClient.get`.
        """
        return [r.document() for r in search(self.everything(client), topic_words)]

    def everything(self, client: WebClient) -> list[Recommendation]:
        """Return all recommendations, current or from the kept copy."""
        key = os.environ.get(KEY_VARIABLE) or None
        mirror = os.environ.get(URL_VARIABLE) or None
        if mirror and urlsplit(mirror).query:
            # It would be kept and shown as part of the address.
            raise UsageError(f"{URL_VARIABLE} must have no query", f"Set {KEY_VARIABLE}.")
        if not key and not mirror:
            # The service answers 202 and a warning then, which helps nobody.
            raise UspstfKeyMissing(
                "the USPSTF API needs a key and none is set",
                f"Ask uspstfpda@ahrq.gov for one and set {KEY_VARIABLE}, "
                "or switch this source off in the brief.",
            )
        answer = client.get(
            mirror or API,
            secrets={"key": key} if key else None,
            max_age=DAY,
            allow_cached=True,
        )
        return read_recommendations(answer.body, sha256=answer.sha256, accessed=answer.checked_at)


SOURCE = Uspstf()
