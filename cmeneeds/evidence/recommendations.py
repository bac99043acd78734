"""Recommendations: how strong, in which grading, by whom and of when, as the text says it.

Nothing is guessed. A field is None where the words do not say it, and every field that is filled
carries the place of the words that it was read from. Gradings are told apart by their own words:

- ACC/AHA: class (COR) I, IIa, IIb, III and level (LOE) A, B-R, B-NR, C-LD, C-EO, with the suggested
  phrase of each class, as in the table of PMC7490256; the older levels A, B, C as well. Others,
  among them the European Society of Cardiology, use the same classes: ``system`` names the
  grading, not who issued it.
- GRADE: strong and conditional (or weak), "we recommend" and "we suggest"; certainty high,
  moderate, low, very low; 1A to 2C (hypertension.ca and Guideline Central on grading).
- USPSTF: A, B, C, D and the I statement (PMC10309354).
- NICE and NOGG: imperatives ("Offer", "Consider", "Do not offer"; nogg.org.uk on wording).
- NCCN: categories 1, 2A, 2B, 3.

Which words count as strong, conditional, against and insufficient follows the project's lexicon of
recommendations, drawn from those sources; that NCCN's 2A counts as conditional is its reading.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from cmeneeds.evidence.issuers import issuer, year_of_issue
from cmeneeds.evidence.stated import Stated

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_PASSAGE = 5000
"""Only so many characters of a passage are read."""

Strength = Literal["strong", "conditional", "against", "insufficient"]


class Recommendation(NamedTuple):
    """What a passage says about the recommendation it makes."""

    strength: Stated | None
    """``strong``, ``conditional``, ``against`` or ``insufficient``."""
    grade: Stated | None
    """Class, grade or category: ``IIa``, ``1B``, ``D``, ``2A``, ``strong``."""
    level: Stated | None
    """Level or certainty of the evidence: ``B-NR``, ``moderate``."""
    system: Stated | None
    """Grading that class and level belong to: ``ACC/AHA``, ``GRADE``, ``USPSTF``, ``NICE``,
    ``NCCN``; None where several would fit."""
    body: Stated | None
    """Who issued it."""
    year: Stated | None
    """Year of the guideline, four digits."""
    guideline: Stated | None
    """Why the record is a guideline itself: its publication type or words of its title."""


_WE = (
    r"(?:we|panel|committee|task\sforce|group|society|guidelines?|authors?|experts?|USPSTF|college|"
    r"academy|association)"
)
_VERBS = (
    r"(?:us(?:e|ing)|offer\w*|add\w*|the\suse|against|that|screening|treat\w*|start\w*|initiat\w*|"
    r"testing|administ\w+|monitor\w*|perform\w*|adopt\w*|clinicians|patients|not\b|routine|early)"
)
_STRENGTHS: tuple[tuple[Strength, str], ...] = (
    (
        "insufficient",
        (
            r"(?:evidence|data)\s(?:is|are|was|were|remains?)\s(?:currently\s|still\s)?(?:insufficient|"
            r"inadequate|not\ssufficient)|insufficient\s(?:evidence|data)|(?<![\w-])I\sstatement\b|"
            r"no\srecommendations?\s(?:can|could|is|was|were|for|on|about|regarding)|"
            r"(?:usefulness|effectiveness)\s(?:is|are)\s(?:unknown|unclear|uncertain|not\swell\sestablished)|"
            r"(?:cannot|can\snot|unable\sto|not\spossible\sto)\s(?:make|give|issue)\s(?:a\s|any\s)?"
            r"(?:firm\s|strong\s)?recommendations?"
        ),
    ),
    (
        "against",
        (
            r"recommend(?:s|ed|ation|ations|ing)?\sagainst|suggests?\sagainst|advis(?:e|es|ed)\sagainst|"
            r"(?:is|are|be)\s(?:currently\s)?not\s(?:routinely\s|generally\s)?(?:recommended|indicated|advised|advisable|"
            r"appropriate|supported|justified)|(?:do|does)\snot\s(?:recommend|support|suggest|advise)|"
            r"(?:cannot|can\snot)\s(?:currently\s|yet\s)?be\srecommended|(?:should|must)\s(?:generally\s|routinely\s)?not\b|"
            r"shouldn['’]t|should\s(?:be\savoided|never)|(?:is|are)\s(?:contra-?indicated|potentially\sharmful)|"
            r"^\W{0,3}(?:do\snot|avoid|never)\b|^\W{0,3}(?:[\w\s]{1,30}:\s)?do\snot\b"
        ),
    ),
    (
        "conditional",
        (
            r"(?:conditional|weak|moderate-strength)(?:ly)?\s(?:recommend\w*)|"
            r"recommendation\sis\s(?:conditional|weak)|"
            rf"\b{_WE}\s(?:therefore\s|conditionally\s|also\s)?suggests?\s(?:\w+\s)?{_VERBS}|"
            r"(?:is|are)\ssuggested\s(?:that|to|for|as|in)|(?:is|are)\s(?:probably\s)?reasonable|(?:can|may|might|could)\sbe\s"
            r"(?:useful|beneficial|reasonable|considered|recommended|offered|appropriate)|"
            r"(?:should|may|might|can|could)\s(?:also\s|strongly\s)?(?:be\s)?consider(?:ed)?\b|"
            r"^\W{0,3}(?:[\w\s]{1,30}:\s)?consider\b|(?:is|are)\s(?:probably|weakly|conditionally)\srecommended|"
            r"selectively\soffer\w*"
        ),
    ),
    (
        "strong",
        (
            r"strong(?:ly)?\s(?:recommend\w*)|recommendation\sis\sstrong|good\spractice\s(?:statement|point)|"
            rf"\b{_WE}\s(?:therefore\s|also\s|now\s|further\s)?recommends?\b|"
            r"(?:is|are)\s(?:now\s|currently\s|also\s|therefore\s|still\s|\w{4,12}ly\s)?(?:recommended|indicated|"
            r"advised|mandatory|the\sstandard\sof\scare|standard\sof\scare|the\spreferred|preferred)\b|"
            r"\brecommends?\s(?:that|screening|offering|the\suse|using|routine|vaccination|treatment|testing)\b|"
            r"\b(?:should|must)\b(?!\s(?:have\sbeen|not))|^\W{0,3}(?:offer|ensure|refer|advise|assess|"
            r"measure|start|give|use|provide|recommend|perform|screen|prescribe|discuss|stop)\s(?!of\b)"
        ),
    ),
)
_PRONOUNCED = re.compile(
    r"\b(?P<word>strong|conditional|weak)\s(?:recommendations?|strength)\b|"
    r"\b(?:strength\sof\s(?:the\s)?recommendation|recommendation\sstrength)\s?(?:is|was|:|=|,)?\s?"
    r"(?P<word2>strong|conditional|weak)\b",
    re.IGNORECASE,
)
_CLASS = re.compile(
    r"(?P<lead>\b(?:(?i:class(?:\sof\s(?:recommendation|evidence))?)|COR|(?i:recommendation\sclass))[\s:=]{1,3})"
    r"(?P<value>I{1,3}|I{1,3}[ab]|II\s[ab]|[123][ab]?)(?![\w-])"
)
_CLASS_MEANT = re.compile(
    r"class\sof\srecommendation|\bCOR\b|recommendations?\b|level\sof\sevidence|\bLOE\b|\blevels?\s(?:[ABC]\b|of)|"
    r"guideline|indication",
    re.IGNORECASE,
)
_OTHER_CLASS = re.compile(
    r"(?:NYHA|Killip|Angle['’]?s?|functional|WHO|ASA|Child|Fontaine|CCS|MHC|HLA|skeletal|social|"
    r"antiarrhythmic|obesity|lupus|nephritis)(?:\s\w+)?\s$",
    re.IGNORECASE,
)
_LEVELS = r"(?P<value>B-?NR|B-?R|C-?LD|C-?EO|[ABC]|[1-5][a-c]?|I{1,3}|IV)(?![\w-])"
_LEVEL = re.compile(
    rf"\b(?i:LOE|levels?\sof\sevidence|evidence\slevels?)(?i:\sof)?[\s:=,]{{1,3}}(?i:level\s|grade\s)?{_LEVELS}"
)
# "Class IIa, level B"
_LEVEL_BESIDE_CLASS = re.compile(rf"\b(?i:level)[\s:=]{{1,3}}{_LEVELS}")
_SURE = r"(?:very[-\s]low|low|moderate|high)"
_CERTAINTY = re.compile(
    rf"\b(?P<value>{_SURE}(?:-?\s(?:to|or)\s{_SURE})?)[-\s](?:certainty|quality|confidence)"
    r"(?:\s(?:of\s)?(?:the\s)?evidence|\b)|"
    r"\b(?:certainty|quality)\sof\s(?:the\s)?evidence\s?(?:(?:is|was|were|as|:|=|,|\()\s?){1,2}"
    rf"(?:rated\s|graded\s|judged\s|assessed\s)?(?:as\s|to\sbe\s)?(?P<value2>{_SURE})\b",
    re.IGNORECASE,
)
_GRADE_PAIR = re.compile(
    r"(?P<lead>\b(?:GRADE|[Gg]rades?|[Rr]ecommendations?|[Ss]trength)[\s:=(]{1,3}|[(\[])(?P<value>[12]\+?[ABCD])(?=[\s)\],;.]|$)"
)
_LETTER = re.compile(
    r"(?:(?<=[(\[])|\b[Gg]rade[\s:=]{1,3}|\b(?:USPSTF|Task Force)\s(?:grade\s)?)(?P<value>[ABCDI])"
    r"(?=\s(?:recommendations?|statement|grade)|[\s)\],;.]|$)(?P<tail>\s(?:recommendations?|statement|grade))?"
)
_NCCN_CATEGORY = re.compile(
    r"\bcategory\s(?P<value>1|2A|2B|3)\b(?:\s(?:recommendation|evidence|preferred))?", re.IGNORECASE
)
_RECOMMENDING = re.compile(r"recommend|suggest|guideline|should|indicated|prefer", re.IGNORECASE)

_NICE = re.compile(r"\bNICE\b|National Institute for Health and (?:Care|Clinical)")

_BY_GRADE: dict[tuple[str, str], Strength] = {
    **{("ACC/AHA", grade): "strong" for grade in ("I", "1")},
    **{("ACC/AHA", grade): "conditional" for grade in ("II", "IIa", "IIb", "2", "2a", "2b")},
    **{("ACC/AHA", grade): "against" for grade in ("III", "3")},
    **{("GRADE", grade): "strong" for grade in ("1A", "1B", "1C", "strong")},
    **{("GRADE", grade): "conditional" for grade in ("2A", "2B", "2C", "conditional", "weak")},
    **{("USPSTF", grade): "strong" for grade in ("A", "B")},
    ("USPSTF", "C"): "conditional",
    ("USPSTF", "D"): "against",
    ("USPSTF", "I"): "insufficient",
    ("NCCN", "1"): "strong",
    **{("NCCN", grade): "conditional" for grade in ("2A", "2B")},
}
"""Strength that a grading itself gives to its grades."""


def recommendation(
    text: str, title: str = "", publication_types: Sequence[str] = (), section: str = ""
) -> Recommendation:
    """Read what a passage says about the recommendation it makes.

    Parameters
    ----------
    text : str
        A sentence or passage that recommends something. Only its first
        :data:`LONGEST_PASSAGE` characters are read, and of the title.
    title : str, optional
        Title of the record. It may name the issuing body and the year if the record is a guideline.
    publication_types : sequence of str, optional
        As named by NLM.
    section : str, optional
        Heading of the section: NICE, USPSTF and NCCN may be named there.

    Returns
    -------
    Recommendation
        Each field None or a :class:`~cmeneeds.evidence.stated.Stated` with ``where`` (``text``,
        ``title``, ``section`` or ``publication type``) and the offsets there.

    Examples
    --------
    >>> text = "We suggest against routine testing (conditional recommendation, low certainty)."
    >>> said = recommendation(text)
    >>> said.strength.value, said.grade.value, said.level.value, said.system.value, said.body
    ('against', 'conditional', 'low', 'GRADE', None)
    >>> text[said.level.start : said.level.end]
    'low certainty'
    """
    text, title = text[:LONGEST_PASSAGE], title[:LONGEST_PASSAGE]
    guideline = guideline_cue(title, publication_types)
    body = issuer(text, "text") or (issuer(title, "title") if guideline else None)
    year = year_of_issue(text, "text") or (year_of_issue(title, "title") if guideline else None)
    named = " ".join((text, title if guideline else "", section, body.value if body else ""))
    grade, system = _grade(text, named)
    level = _level(text, bool(system and system.value == "ACC/AHA"))
    if level and not system and level.value[:2] in ("B-", "C-"):
        system = Stated("ACC/AHA", level.where, level.start, level.end)  # no one else has these
    return Recommendation(
        _strength(text, grade, system), grade, level, system, body, year, guideline
    )


def guideline_cue(title: str, publication_types: Sequence[str] = ()) -> Stated | None:
    """Say why a record is a guideline or consensus itself, rather than a study about one.

    Parameters
    ----------
    title : str
        Of the record.
    publication_types : sequence of str
        As named by NLM.

    Returns
    -------
    Stated or None
        The publication type, or the words of the title, with their place.

    Examples
    --------
    >>> guideline_cue("Zandoric fever: a made-up society's guideline").value
    'guideline'
    >>> guideline_cue("Adherence to guidelines on zandoric fever") is None
    True
    """
    for name in publication_types:
        if name in _GUIDELINE_TYPES:
            return Stated(name, "publication type", 0, len(name))
    found = _GUIDELINE_TITLE.search(title)
    if found and not _ABOUT_GUIDELINES.search(title):
        return Stated(found.group(), "title", found.start(), found.end())
    return None


_GUIDELINE_TYPES = frozenset(
    {
        "Practice Guideline",
        "Guideline",
        "Consensus Development Conference",
        "Consensus Development Conference, NIH",
        "Consensus Statement",
    }
)
_GUIDELINE_TITLE = re.compile(
    r"\b(?:guidelines?|guidance|recommendations?|(?:consensus|position|scientific)\s(?:statement|"
    r"paper|document|report))\b",
    re.IGNORECASE,
)
_ABOUT_GUIDELINES = re.compile(
    r"\b(?:adherence|compliance|concordan\w+|implement\w+|impact|effects?|uptake|awareness|"
    r"deviation|according|comparison|survey|systematic\sreview|scoping\sreview|appraisal|audit|"
    r"knowledge|attitudes?|perceptions?)\b",
    re.IGNORECASE,
)


def strength_of_grade(grade: str, system: str) -> Strength | None:
    """Say what a grading itself calls the strength of one of its grades; None where it does not.

    Parameters
    ----------
    grade : str
        As printed, such as ``IIa``, ``2a``, ``3: No benefit`` or ``Strong``.
    system : str
        As in :attr:`Recommendation.system`.

    Examples
    --------
    >>> strength_of_grade("II a", "ACC/AHA"), strength_of_grade("Strong", "GRADE")
    ('conditional', 'strong')
    """
    classed = re.match(r"(I{1,3}|[123])\s?([abAB])?(?![\w])", grade)
    if system == "ACC/AHA" and classed:
        grade = classed[1] + (classed[2] or "").lower()
    words = grade.split()
    if system == "GRADE" and words and words[0].lower() in ("strong", "conditional", "weak"):
        grade = words[0].lower()
    return _BY_GRADE.get((system, grade))


@cache
def _strengths() -> tuple[tuple[Strength, re.Pattern[str]], ...]:
    return tuple((name, re.compile(words, re.IGNORECASE)) for name, words in _STRENGTHS)


def _strength(text: str, grade: Stated | None, system: Stated | None) -> Stated | None:
    """Strength by the words; by the grade where the words leave it open.

    Words against or of insufficiency outweigh a grade: a strong recommendation against is against.
    """
    said: list[Stated] = []
    for name, pattern in _strengths():
        m = pattern.search(text)
        if m:
            said.append(Stated(name, "text", m.start(), m.end()))
            if name in ("insufficient", "against"):
                return said[-1]
    by_grade = _BY_GRADE.get((system.value, grade.value)) if grade and system else None
    if grade and by_grade:
        return Stated(by_grade, grade.where, grade.start, grade.end)
    return min(said, key=lambda one: one.start) if said else None


def _grade(text: str, named: str) -> tuple[Stated | None, Stated | None]:
    """Class, grade or category, and the grading it belongs to."""
    for m in _CLASS.finditer(text):
        value = m["value"].replace(" ", "")
        around = text[max(0, m.start() - 60) : m.end() + 60]
        suffixed = value[-1] in "ab"
        if _OTHER_CLASS.search(text[max(0, m.start() - 24) : m.start()]):
            continue
        if suffixed or _CLASS_MEANT.search(around.replace(m["lead"], m["lead"][:3], 1)):
            return _both(value, "ACC/AHA", m)
    pair = _GRADE_PAIR.search(text)
    if pair and (len(pair["lead"]) > 1 or _RECOMMENDING.search(text)):
        return _both(pair["value"].replace("+", ""), "GRADE", pair)
    category = _NCCN_CATEGORY.search(text)
    if category and ("NCCN" in named or category.group().lower().endswith(("ion", "red"))):
        return _both(category["value"].upper(), "NCCN", category)
    letter = _LETTER.search(text)
    if letter and (letter["tail"] or letter.group()[0] not in "ABCDI"):
        grade = Stated(letter["value"], "text", letter.start(), letter.end())
        task_force = re.search(r"USPSTF|Preventive Services Task Force", named)
        return grade, Stated("USPSTF", "text", grade.start, grade.end) if task_force else None
    pronounced = _PRONOUNCED.search(text)
    if pronounced:
        word = pronounced["word"] or pronounced["word2"]
        return _both(word.lower(), "GRADE", pronounced)
    imperative = re.match(r"\W{0,3}(?P<value>offer|consider|do\snot\s\w+)\b", text, re.IGNORECASE)
    if imperative and re.search(
        r"\bNICE\b|National Institute for Health and (?:Care|Clinical)", named
    ):
        return _both(imperative["value"].lower(), "NICE", imperative)
    return None, None


def _both(value: str, system: str, m: re.Match[str]) -> tuple[Stated, Stated]:
    return Stated(value, "text", m.start(), m.end()), Stated(system, "text", m.start(), m.end())


def _level(text: str, graded: bool) -> Stated | None:
    """Level of evidence, or its certainty."""
    m = _LEVEL.search(text) or (_LEVEL_BESIDE_CLASS.search(text) if graded else None)
    if m:
        value = re.sub(r"^([BC])-?(NR|R|LD|EO)$", r"\1-\2", m["value"])
        return Stated(value, "text", m.start(), m.end())
    m = _CERTAINTY.search(text)
    if m:
        value = re.sub(r"[-\s]+", " ", (m["value"] or m["value2"]).lower())
        return Stated(value, "text", m.start(), m.end())
    pair = _GRADE_PAIR.search(text)
    if pair and (len(pair["lead"]) > 1 or _RECOMMENDING.search(text)):
        named = {"A": "high", "B": "moderate", "C": "low", "D": "very low"}
        return Stated(named[pair["value"][-1]], "text", pair.start(), pair.end())
    return None
