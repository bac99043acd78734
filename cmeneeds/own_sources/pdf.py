"""Read a PDF with PDFium: words with their places, then what :mod:`.layout` makes of them.

PDFium draws the pages of Chromium; its text interface runs no scripts, opens no embedded files and
decodes no images. A page that shows an image and no text is said to be scanned; nothing on it is
guessed.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from cmeneeds.own_sources.blocks import blocks_of
from cmeneeds.own_sources.layout import Page, Rule, Word
from cmeneeds.own_sources.parsed import Parsed, Unreadable

MAX_PAGES = 5_000
MAX_PAGE_CHARACTERS = 200_000
MAX_RULES = 4_000
"""Lines of one page: a drawing has more than tables ever have."""
SCANNED_WORDS = 5
"""A page with an image over most of it and fewer words is a scan, perhaps with a stamp on it."""
HYPHEN = 2
"""PDFium's own sign for a hyphen at the end of a line; what follows stands on the next one."""
SCAN = "shows an image without text (scanned)"
NO_LETTERS = "its font does not say which letters it shows"

_LIGATURES = {c: unicodedata.normalize("NFKC", chr(c)) for c in range(0xFB00, 0xFB07)}
_BOLD = re.compile(rb"bold|black|heavy|semibold|demi", re.IGNORECASE)


def read_pdf(data: bytes) -> Parsed:
    """Read a PDF.

    Raises
    ------
    Unreadable
        It is encrypted, broken, too long, or no page has text.
    """
    try:
        document = pypdfium2.PdfDocument(data)
        number = len(document)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise Unreadable(
                "it is encrypted and asks for a password",
                "Save a copy without password, if its terms allow that, and add the copy.",
            ) from None
        raise Unreadable(
            "it is not a PDF that can be read", "Open and save it anew, or add its text."
        ) from None
    if number == 0:
        raise Unreadable("the PDF has no page", "Open and save it anew.")
    if number > MAX_PAGES:
        raise Unreadable(f"the PDF has more than {MAX_PAGES:,} pages", "Add the pages you cite.")
    pages: list[Page] = []
    unread: list[tuple[int, str]] = []
    for place in range(number):
        try:
            page = _page(document, place)
        except pypdfium2.PdfiumError:
            unread.append((place + 1, "is broken"))
            continue
        if isinstance(page, str):
            unread.append((place + 1, page))
        else:
            pages.append(page)
    if unread and not any(page.words for page in pages):
        scanned = all(why == SCAN for _, why in unread)
        raise Unreadable(
            f"the PDF has {number} page(s) and " + ("all are scanned" if scanned else "no text"),
            "Recognize its text with an OCR program, check it, and add that file.",
        )
    if not any(page.words for page in pages):
        raise Unreadable("the PDF has no text", "Add a file with text.")
    blocks, title, notes = blocks_of(pages)
    return Parsed(tuple(blocks), title, number, tuple(unread), tuple(notes))


def _page(document: Any, place: int) -> Page | str:
    """Read one page, or say why it has no text that can be read."""
    page = document[place]
    try:
        width, height = page.get_size()
        text = page.get_textpage()
        try:
            words, strange = _words(text.raw, height)
        finally:
            text.close()
        if len(words) < SCANNED_WORDS and _image_share(page, width, height) > 0.5:
            return SCAN
        letters = sum(len(word.text) for word in words)
        if strange > 20 and strange > letters / 4:
            return NO_LETTERS
        rules = list(_rules(page, width, height))
    finally:
        page.close()
    return Page(place + 1, width, height, words, rules if len(rules) <= MAX_RULES else [])


def _words(text: Any, height: float) -> tuple[list[Word], int]:
    """Words in the order of the file, and how many characters stand for no known letter."""
    count = min(pdfium.FPDFText_CountChars(text), MAX_PAGE_CHARACTERS)
    unicode_of = pdfium.FPDFText_GetUnicode
    codes = [unicode_of(text, i) for i in range(count)]
    strange = sum(1 for c in codes if c == 0xFFFD or 0xE000 <= c <= 0xF8FF or c == 0)
    words: list[Word] = []
    box, place = pdfium.FS_RECTF(), ctypes.byref
    font = _Fonts(text)
    start = 0
    while start < count:
        if _is_space(codes[start]):
            start += 1
            continue
        end = start + 1
        while end < count and not _is_space(codes[end]) and codes[end - 1] != HYPHEN:
            end += 1
        first = True
        for a, b, raised in _pieces(text, codes, start, end):
            pdfium.FPDFText_GetLooseCharBox(text, a, place(box))
            x0, y0, y1 = box.left, height - box.top, height - box.bottom
            pdfium.FPDFText_GetLooseCharBox(text, b - 1, place(box))
            said = "".join(_LIGATURES.get(c) or _letter(c) for c in codes[a:b])
            if said:
                size = pdfium.FPDFText_GetFontSize(text, a)
                size = size if 1.5 < size < 200 else max(y1 - y0, 1.0)
                x0, x1 = min(x0, box.left), max(x0, box.right)
                words.append(Word(said, x0, x1, y0, y1, size, font.bold(a), not first, raised))
            first = False
        start = end
    return words, strange


def _is_space(code: int) -> bool:
    return (
        (code <= 32 and code != HYPHEN)
        or code in (0xA0, 0x2028, 0x2029, 0x3000)
        or (0x2000 <= code <= 0x200B)
    )


def _letter(code: int) -> str:
    if code == HYPHEN or code == 0xAD:
        return "\u00ad"
    letter = chr(code) if code < 0x110000 and not 0xD800 <= code <= 0xDFFF else ""
    return "" if unicodedata.category(letter or "\0") in ("Cc", "Cf", "Cs", "Cn") else letter


def _pieces(text: Any, codes: list[int], start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Cut a word where the size of its letters changes, or digits are raised: marks, indices."""
    size_of = pdfium.FPDFText_GetFontSize
    marks = [(i, _is_raised(text, i)) for i in range(start, end) if 48 <= codes[i] <= 57]
    raised = {i for i, is_raised in marks if is_raised}
    even = abs(size_of(text, start) - size_of(text, end - 1)) < 0.3
    if even and (not raised or len(raised) == end - start):
        yield start, end, bool(raised)
        return
    cut = start
    for i in range(start + 1, end):
        if abs(size_of(text, i) - size_of(text, i - 1)) >= 0.3 or (i in raised) != (
            i - 1 in raised
        ):
            yield cut, i, cut in raised
            cut = i
    yield cut, end, cut in raised


def _is_raised(text: Any, place: int) -> bool:
    """Whether a digit is drawn above its line, as fonts with raised digits of their own do."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    byref = ctypes.byref
    if not pdfium.FPDFText_GetCharBox(
        text, place, byref(left), byref(right), byref(bottom), byref(top)
    ):
        return False
    x, y = ctypes.c_double(), ctypes.c_double()
    if not pdfium.FPDFText_GetCharOrigin(text, place, byref(x), byref(y)):
        return False
    return bool(bottom.value - y.value > 0.2 * pdfium.FPDFText_GetFontSize(text, place))


class _Fonts:
    """Whether letters are bold; asked of PDFium once for each run of one font size."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._name = ctypes.create_string_buffer(256)
        self._flags = ctypes.c_int()

    def bold(self, place: int) -> bool:
        weight = pdfium.FPDFText_GetFontWeight(self._text, place)
        if weight >= 600:
            return True
        size = pdfium.FPDFText_GetFontInfo(
            self._text, place, self._name, 256, ctypes.byref(self._flags)
        )
        return size > 0 and _BOLD.search(self._name.value) is not None


def _image_share(page: Any, width: float, height: float) -> float:
    """Share of the page that its images cover."""
    share = 0.0
    for thing in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        left, bottom, right, top = thing.get_bounds()
        share += max(0.0, right - left) * max(0.0, top - bottom)
    return share / max(1.0, width * height)


def _rules(page: Any, width: float, height: float) -> Iterator[Rule]:
    """Drawn lines and edges of boxes that may be borders of a table."""
    for seen, thing in enumerate(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=4)):
        if seen > MAX_RULES:
            return
        left, bottom, right, top = thing.get_bounds()
        wide, high = right - left, top - bottom
        y0, y1 = height - top, height - bottom
        if wide > 0.95 * width and high > 0.9 * height:
            continue  # the background of the page
        if high <= 3 and wide > 8:
            yield Rule(left, (y0 + y1) / 2, right, (y0 + y1) / 2)
        elif wide <= 3 and high > 4:
            yield Rule((left + right) / 2, y0, (left + right) / 2, y1)
        elif wide > 8 and high > 4 and pdfium.FPDFPath_CountSegments(thing) <= 6:
            yield from (Rule(left, y0, right, y0), Rule(left, y1, right, y1))
            yield from (Rule(left, y0, left, y1), Rule(right, y0, right, y1))
