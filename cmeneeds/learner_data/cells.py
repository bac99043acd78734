"""Counts, percentages and means as people write them into cells.

No message of this module quotes a cell: what stands in it may be what nobody should see.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

LARGEST_COUNT = 99_999_999

_MISSING = frozenset(
    (
        "", "na", "n/a", "n.a.", "nan", "-", "–", "—", ".", "..", "null", "none", "missing", "?",
        "#n/a", "#div/0!", "#value!", "#ref!", "#name?", "#null!", "#num!",
    )
)  # fmt: skip
_DIGITS = r"(?:\d{1,3}(?:[ ',.]\d{3})+|\d+)"
_COUNT = re.compile(rf"(?:n\s*=\s*)?({_DIGITS})(?:[.,]0+)?", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:"
    r"(?P<us>\d{1,3}(?:,\d{3})+\.\d+)|(?P<eu>\d{1,3}(?:[. ]\d{3})+,\d+)|"
    r"(?P<plain>\d+(?:[.,]\d+)?|[.,]\d+))"
)
_PERCENT_SIGN = re.compile(r"\s*(?:%|％|per ?cent|pct)\s*$", re.IGNORECASE)
_OF = re.compile(rf"({_DIGITS})\s*(?:/|of|out of)\s*({_DIGITS})", re.IGNORECASE)
_WITH_PERCENT = re.compile(rf"({_DIGITS})\s*\(\s*([\d.,]+)\s*(?:%|％)?\s*\)")


class NotANumber(ValueError):
    """A cell cannot be read as what its column holds; the message says what it should be."""


@dataclass(frozen=True)
class Share:
    """What a cell says about a share of people.

    Attributes
    ----------
    percent : Decimal or None
    unit : Decimal
        One step of the last place in which ``percent`` is given.
    numerator, denominator : int or None
        Where the cell gives them too, as in ``21/50`` or ``21 (42 %)``.
    signed : bool
        Whether it has a percent sign.
    """

    percent: Decimal | None = None
    unit: Decimal = Decimal(1)
    numerator: int | None = None
    denominator: int | None = None
    signed: bool = False


def bare(text: str) -> str:
    """A cell without what spreadsheets put around numbers; empty where it says that none is there.

    Examples
    --------
    >>> bare('="42"'), bare("'42"), bare(" N/A ")
    ('42', '42', '')
    """
    text = text.strip()
    if quoted := re.fullmatch(r'="?([^"=]*)"?', text):
        text = quoted[1].strip()
    text = text.removeprefix("'").strip().replace("\u2212", "-").replace("\u2019", "'")
    text = re.sub(r"[\u00a0\u2007\u2009\u202f]", " ", text)
    return "" if text.casefold() in _MISSING else text


def count(text: str) -> int | None:
    """Read a number of people; None where the cell says nothing.

    Raises
    ------
    NotANumber

    Examples
    --------
    >>> count("1,234"), count("N = 50"), count("50.0"), count("n/a")
    (1234, 50, 50, None)
    """
    text = bare(text)
    if not text:
        return None
    match = _COUNT.fullmatch(text)
    if not match:
        raise NotANumber("is not a whole number of people")
    return _whole(match[1])


def _whole(digits: str) -> int:
    value = int(re.sub(r"\D", "", digits))
    if value > LARGEST_COUNT:
        raise NotANumber(f"is more than {LARGEST_COUNT:,} people")
    return value


def counted(text: str) -> Share | None:
    """Read a number of people that may bring its total or percentage: ``21/50``, ``21 (42 %)``.

    Raises
    ------
    NotANumber
    """
    match = _COUNT.fullmatch(bare(text))
    if match:
        return Share(numerator=_whole(match[1]))
    with contextlib.suppress(NotANumber):
        given = share(text)
        if given is None or given.numerator is not None:
            return given
    raise NotANumber("is not a whole number of people; percentages go to a column named value")


def number(text: str) -> Decimal | None:
    """Read a mean or an SD, with a decimal point or comma; None where the cell says nothing.

    Raises
    ------
    NotANumber

    Examples
    --------
    >>> number("2,9"), number("1.234,5"), number("")
    (Decimal('2.9'), Decimal('1234.5'), None)
    """
    text = bare(text)
    if not text:
        return None
    match = _NUMBER.fullmatch(text)
    if not match or len(text) > 20:
        raise NotANumber("is not a number")
    if match["us"]:
        digits = match["us"].replace(",", "")
    elif match["eu"]:
        digits = re.sub(r"[. ]", "", match["eu"]).replace(",", ".")
    else:
        digits = match["plain"].replace(",", ".")
    return Decimal(match["sign"] + digits)


def share(text: str) -> Share | None:
    """Read a share: a percentage, a fraction, ``21/50`` or ``21 (42 %)``.

    Whether a figure without a sign is a percentage or a fraction is settled for the whole column,
    by :func:`as_percentages`.

    Raises
    ------
    NotANumber

    Examples
    --------
    >>> share("42,5%").percent, share("21/50").denominator
    (Decimal('42.5'), 50)
    """
    text = bare(text)
    if not text:
        return None
    if match := _OF.fullmatch(text):
        return Share(numerator=_whole(match[1]), denominator=_whole(match[2]))
    if match := _WITH_PERCENT.fullmatch(text):
        inner = _percent(match[2], signed=True)
        return replace(inner, numerator=_whole(match[1]))
    unsigned = _PERCENT_SIGN.sub("", text)
    return _percent(unsigned, signed=unsigned != text)


def _percent(text: str, *, signed: bool) -> Share:
    value = number(text)
    if value is None or value < 0:
        raise NotANumber("is not a percentage")
    if signed and value > 100:
        raise NotANumber("is more than 100 percent")
    exponent = value.as_tuple().exponent
    return Share(value, Decimal(1).scaleb(int(exponent)), signed=signed)


def as_percentages(shares: Iterable[Share | None]) -> tuple[list[Share | None], str]:
    """Settle whether the figures of a column are percentages or fractions.

    Returns
    -------
    list of Share or None
        In percent.
    str
        What was taken for what, if that is not plain; else empty.

    Raises
    ------
    NotANumber
        If it cannot be told.
    """
    given = list(shares)
    bare_ones = [s.percent for s in given if s and s.percent is not None and not s.signed]
    inside = [p for p in bare_ones if 0 < p < 1]
    if not bare_ones:
        return given, ""
    if max(bare_ones) <= 1:
        if any(s and s.signed for s in given):
            raise NotANumber("mixes figures with and without a percent sign; write each as 42 %")
        if not inside:
            raise NotANumber("holds only 0 and 1 without a percent sign; write 0 % or 100 %")
        hundred = Decimal(100)
        told = [
            replace(s, percent=s.percent * hundred, unit=s.unit * hundred)
            if s and s.percent is not None
            else s
            for s in given
        ]
        return told, "fractions between 0 and 1 were read as percentages (0.42 as 42 %)"
    if inside:
        raise NotANumber("mixes fractions such as 0.42 with percentages; write each as 42 %")
    if max(bare_ones) > 100:
        raise NotANumber("holds a figure above 100; percentages end there")
    return given, ""


def shown(value: Decimal) -> str:
    """A number as it is kept: as given, but with two decimals at most and no empty ones.

    Examples
    --------
    >>> shown(Decimal("42.0")), shown(Decimal("41.66666667")), shown(Decimal("2.95"))
    ('42', '41.67', '2.95')
    """
    rounded = round(value, 2)
    return f"{rounded.normalize():f}" if rounded else "0"
