"""What two descriptions of one work have in common: titles, names, journals and pages, folded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from html import unescape

_TAG = re.compile(r"</?(?:i|b|u|em|strong|sup|sub|sc|span|italic|bold|p|br)\b[^<>]{0,80}>", re.I)
_APOSTROPHE = re.compile("['’‘`´ʼ]")
_WORD = re.compile(r"[^\W_]+")
# Letters that decomposition leaves alone, and Greek ones, which files write either way.
_LETTERS = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "ħ": "h", "&": " and ",
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa",
        "λ": "lambda", "μ": "mu", "ω": "omega",
    }
)  # fmt: skip
_NOTICE = re.compile(
    r"(?:authors? |authors |the authors? )?(re|reply|replies|response|responses|comment|comments"
    r"|commentary|letter|erratum|errata|correction|corrections|corrigendum|corrigenda|retraction"
    r"|retracted|withdrawn|expression of concern|editorial comment|editorial|addendum|rebuttal"
    r"|publisher correction|author correction|reply from|in reply|in response|discussion"
    r"|invited commentary|summary for patients|podcast|faculty opinions|republished)\b"
)
# Ordinary words within a title that is cut off before them.
_ALSO_TEXT = frozenset({"response", "responses", "discussion", "letter", "comments"})
_SUBTITLE = re.compile(r"\s*[:;?]\s+|\s+[-–—]\s+|\.\s+(?=[A-Z])")
_PARTS = re.compile(
    r"\b(part|parts|volume|chapter|update|version|edition|supplement|appendix|protocol"
    r"|executive summary|abridged|20\d\d|19\d\d|[ivx]{1,4}|\d{1,3})\b"
)


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """Words of a title: case, diacritics, entities, markup, apostrophes and punctuation gone.

    Examples
    --------
    >>> words("The <i>Étude</i> of TNF-&alpha; &amp; patient's care.")
    ('the', 'etude', 'of', 'tnf', 'alpha', 'and', 'patients', 'care')
    """
    if "&" in text:
        text = unescape(unescape(text))
    if "<" in text:
        text = _TAG.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(c for c in text if not unicodedata.combining(c))
    return tuple(_WORD.findall(_APOSTROPHE.sub("", text.casefold().translate(_LETTERS))))


def title_key(text: str) -> str:
    """Title without spaces, so that "follow-up" and "followup" are one."""
    return "".join(words(text))


def main_title(text: str) -> str:
    """Title up to its subtitle; the whole where it has none."""
    return _SUBTITLE.split(unescape(text).strip(), maxsplit=1)[0]


def notice(text: str) -> str:
    """First words of a title that make it a note on another work ("Re:", "Erratum"), folded."""
    found = _NOTICE.match(" ".join(words(text)[:6]))
    return found[1] if found else ""


def adds_notice(rest: str) -> bool:
    """Whether what follows a title makes it a note on that work ("...: authors' reply")."""
    found = _NOTICE.match(" ".join(words(rest)[:6]))
    return found is not None and found[1] not in _ALSO_TEXT


def adds_part(rest: str) -> bool:
    """Whether what follows a title begins with what tells parts and editions apart."""
    return bool(_PARTS.search(" ".join(words(rest)[:4])))


def alike(one: str, other: str) -> bool:
    """Whether two titles can be of one work that an identifier says they both are."""
    a, b = words(one), words(other)
    if not a or not b:
        return True  # nothing is said that could contradict
    if bool(notice(one)) != bool(notice(other)):
        return False
    joined, with_ = "".join(a), "".join(b)
    if joined.startswith(with_) or with_.startswith(joined):
        return True
    few, many = sorted((set(a), set(b)), key=len)
    return len(few & many) >= 0.6 * len(few)


# --- people -------------------------------------------------------------------------------------

_SUFFIX = frozenset({"jr", "sr", "ii", "iii", "iv", "md", "phd", "dr", "prof"})


def name_key(text: str) -> str:
    """Folded last name, without spaces."""
    return "".join(words(text))


def initials_of(given: str) -> str:
    """Initials of given names; capitals that stand together are initials already.

    Examples
    --------
    >>> initials_of("Jan Willem"), initials_of("JW"), initials_of("J.-W.")
    ('jw', 'jw', 'jw')
    """
    found = []
    for part in re.split(r"[\s.\-,]+", given):
        if folded := "".join(words(part)):
            together = len(part) <= 3 and part.isupper() and part.isalpha()
            found.append(folded if together else folded[0])
    return "".join(found)


@lru_cache(maxsize=65_536)
def readings(name: str) -> tuple[tuple[str, str], ...]:
    """Ways to read a name, as (last name folded, initials), the likeliest first.

    ``Last, First`` may be swapped, and without a comma either end may be the last name.

    Examples
    --------
    >>> readings("van der Berg J")[:1], ("smith", "j") in readings("John Smith")
    ((('vanderberg', 'j'),), True)
    """
    parts = [p.strip() for p in unescape(name).split(",")][:4]
    parts = [p for p in parts if p and p.casefold().strip(". ") not in _SUFFIX]
    found: list[tuple[str, str]] = []
    if len(parts) >= 2:
        last, given = parts[0], " ".join(parts[1:])
        found = [(name_key(last), initials_of(given)), (name_key(given), initials_of(last))]
    elif parts:
        tokens = [t for t in parts[0].split() if t.casefold().strip(".") not in _SUFFIX][:12]
        for cut in range(len(tokens) - 1, 0, -1):
            found.append((name_key(" ".join(tokens[:cut])), initials_of(" ".join(tokens[cut:]))))
        for cut in range(1, len(tokens)):
            found.append((name_key(" ".join(tokens[cut:])), initials_of(" ".join(tokens[:cut]))))
        found.append((name_key(parts[0]), ""))  # a group, or a last name alone
    return tuple(dict.fromkeys(f for f in found if f[0]))


def same_initials(one: str, other: str) -> bool:
    """Whether initials can be of one person; none given contradicts nothing."""
    return not one or not other or one[0] in other or other[0] in one


# --- journals, volumes, pages -------------------------------------------------------------------

_SMALL = frozenset({"the", "of", "and", "in", "for", "de", "la", "der", "und", "et", "a", "an"})


@lru_cache(maxsize=16_384)
def _journal_words(name: str) -> tuple[str, ...]:
    bare = re.sub(r"\([^()]*\)", " ", name)  # "Lancet (London, England)"
    return tuple(w for w in words(bare.partition(" : ")[0]) if w not in _SMALL)


def same_journal(name: str, known: Iterable[str]) -> bool | None:
    """Whether a journal's name is one of the known ones, in full or abbreviated.

    Returns
    -------
    bool or None
        None where one side says nothing.
    """
    mine = _journal_words(name)
    others = [w for k in known if (w := _journal_words(k))]
    if not mine or not others:
        return None
    return any(_abbreviates(mine, o) or _abbreviates(o, mine) for o in others)


def _abbreviates(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    if short == full or "".join(short) == "".join(w[0] for w in full):  # JAMA, BMJ
        return True
    if len(short) != len(full):
        return False
    return all(
        f.startswith(s) or (s[0] == f[0] and _within(s, f))
        for s, f in zip(short, full, strict=True)
    )


def _within(letters: str, word: str) -> bool:
    """Whether the letters stand in the word in this order, as in ``natl`` for ``national``."""
    rest = iter(word)
    return all(c in rest for c in letters)


def number_key(text: str) -> str:
    """First number of a volume or a page range, without leading zeros; letters before it stay."""
    found = re.search(r"([a-z]*)\s*0*(\d+)", unescape(text).casefold())
    return f"{found[1]}{found[2]}" if found else ""
