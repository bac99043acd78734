"""Hold a writer's edited Word file against the run that it came from.

Every sentence that differs from the run's report is mapped back to its passages: by the links that
its numbers carry, by the citations and passages of the paragraph that it was, and last by its
words. What leads nowhere is listed; nothing is taken on trust because a person wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from cmeneeds.copied import Copy, Sources
from cmeneeds.errors import CmeneedsError, RunBroken, UsageError
from cmeneeds.evidence.passages import sentence_spans
from cmeneeds.report import markdown as md
from cmeneeds.report.anchors import Block, blocks_of, comparable
from cmeneeds.report.edited import Pair, pairs
from cmeneeds.report.reading import loose_numbers, read
from cmeneeds.report.word import CARD_MARK, Paragraph, WordReport, read_word
from cmeneeds.retrieval import Records
from cmeneeds.works import Works


class Problem(NamedTuple):
    """Something in an edited file that leads to no source.

    ``kind`` is ``number changed``, ``number without a passage``, ``citation lost``, ``citation
    without a reference``, ``passage lost``, ``quotation changed`` or ``banner lost``.
    """

    kind: str
    what: str
    where: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.kind}: {md.clean(self.what)[:160]} (in “{md.clean(self.where)[:120]}”)"


class Changed(NamedTuple):
    """A sentence that is not in the run's report.

    ``passages`` are addresses that it leads to, ``citations`` the keys that its paragraph cites;
    ``how`` says what led there: ``link``, ``paragraph``, ``words``, or is empty.
    """

    text: str
    passages: tuple[str, ...]
    citations: tuple[str, ...]
    how: str


@dataclass
class WordVerification:
    """What an edited Word file says that its run does not.

    Attributes
    ----------
    path, folder : Path
        The Word file, and its run.
    paragraphs : int
        That were held against the report.
    unchanged : int
    changed : list of Changed
        Sentences, in the order of the file.
    removed : list of str
        Paragraphs of the report that are gone.
    problems : list of Problem
    copies : list of Copy
        Wording of a source without quotation marks.
    notes : list of str
    """

    path: Path
    folder: Path
    paragraphs: int = 0
    unchanged: int = 0
    changed: list[Changed] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all that was changed leads to a source still."""
        return not self.problems

    @property
    def unsupported(self) -> list[Changed]:
        """Changed sentences that lead to no passage and cite nothing."""
        return [c for c in self.changed if not c.passages and not c.citations]


def find_run(word: WordReport, run: Path | None = None, outputs: Path = Path("outputs")) -> Path:
    """Return the folder of the run that a Word file was exported from.

    Parameters
    ----------
    word : WordReport
    run : Path, optional
        What the user says.
    outputs : Path
        Where runs go.

    Raises
    ------
    RunBroken
        If the file does not say, or the run is not here.
    """
    if run is not None:
        folders = [run]
    else:
        if not re.fullmatch(r"[\w-]+/[\w-]+", word.run):
            raise RunBroken(f"{word.path} does not say which run it is of", "Name it with --run.")
        slug, _, name = word.run.partition("/")
        near = [word.path.resolve().parent, *word.path.resolve().parents]
        folders = [p for p in near if p.name == name and p.parent.name == slug]
        folders += [base / word.run for base in (outputs, *(p / "outputs" for p in near), *near)]
    for folder in folders:
        if (folder / "manifest.json").is_file():
            return folder
    named = str(run) if run else f"the run {word.run}"
    raise RunBroken(f"{named} of {word.path.name} is not here", "Name its folder with --run.")


def verify_word(
    path: str | Path, run: Path | None = None, outputs: Path = Path("outputs")
) -> WordVerification:
    """Map every changed sentence of an edited Word file back to its passages.

    Parameters
    ----------
    path : path
        The Word file.
    run : Path, optional
        Folder of its run; found by what the file says of itself otherwise.
    outputs : Path
        Where runs go.

    Raises
    ------
    UsageError
        If it is no Word file.
    RunBroken
        If there is no such run, or it is not complete.
    """
    word = read_word(path)
    folder = find_run(word, run, outputs)
    try:
        text = (folder / "report.md").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise RunBroken(f"{folder} has no report.md", "Make the report again.") from None
    records = Records.load(folder / "snapshot.jsonl.gz")
    return compare(word, text, records.works, folder)


def compare(word: WordReport, report: str, works: Works, folder: Path) -> WordVerification:
    """Compare a Word file with the text of the report that it came from."""
    result = WordVerification(word.path, folder)
    check = _Check(result, _Evidence(report, works), word)
    for pair in pairs(word, report):
        check.pair(pair)
    if word.tracked:
        result.notes.append(f"{word.tracked} tracked changes were read as accepted")
    if word.comments:
        result.notes.append(f"{word.comments} comments were not read")
    banners = set(read(report).banners)
    said = " ".join(word.headers).upper()
    for kind in sorted(b for b in banners if b.upper() not in said):
        result.problems.append(Problem("banner lost", kind.upper(), "running header"))
    return result


class _Evidence:
    """The passages of a report, by address, by source and by their words."""

    def __init__(self, report: str, works: Works) -> None:
        self.works = works
        self.cards = {p.address: p.text for p in read(report).passages}
        self.by_mark = {md.anchor(address): address for address in self.cards}
        # Names that hold digits, longest first: "type 2 diabetes" states no number.
        names = {k.text for b in blocks_of(report) for k in b.known if k.kind == "term"}
        self._names = sorted((n for n in names if len(n) > 3), key=len, reverse=True)

    def numbers(self, sentence: str) -> list[str]:
        """Numbers that a sentence states; a year by itself is none."""
        masked = sentence
        for name in self._names:
            masked = masked.replace(name, "\ufffc" * len(name))
        found = [n.token for n in loose_numbers(sentence, masked)]
        return [n for n in found if not re.fullmatch(r"(?:19|20)\d\d", n)]

    def sentence(self, address: str) -> str:
        """The exact text of a passage; empty if there is none."""
        try:
            return md.clean(self.works.locate(address).text)
        except CmeneedsError:
            return ""

    def key(self, address: str) -> str:
        """Citation key of a passage; empty if there is none."""
        try:
            return self.works.key_of(address)
        except CmeneedsError:
            return ""

    @cached_property
    def _bags(self) -> dict[str, frozenset[str]]:
        return {a: _bag(text) for a, text in self.cards.items()}

    def like(self, sentence: str) -> tuple[str, ...]:
        """Passages that share most of a sentence's longer words: a guess, and shown as one."""
        bag = _bag(sentence)
        if len(bag) < 4:
            return ()
        shared = [(len(bag & b) / len(bag), a) for a, b in self._bags.items()]
        return tuple(a for share, a in sorted(shared, reverse=True)[:2] if share >= 0.5)


class _Check:
    """Goes through the pairs of an edited file."""

    def __init__(self, result: WordVerification, evidence: _Evidence, word: WordReport) -> None:
        self._result = result
        self._evidence = evidence
        self._sources = Sources(evidence.works)
        self._numbers = {entry.number for entry in word.references}

    def pair(self, pair: Pair) -> None:
        block, paragraph = pair.block, pair.paragraph
        if paragraph is None:
            assert block is not None
            self._removed(block)
            return
        self._result.paragraphs += 1
        quotes = block is not None and block.kind == "quote"
        if not quotes:
            self._result.copies += self._sources.copies(paragraph.text)
        for number in sorted({n for c in paragraph.citations for n in c.numbers} - self._numbers):
            self._problem("citation without a reference", str(number), paragraph.text)
        if not pair.changed:
            self._result.unchanged += 1
            return
        if quotes and block is not None and comparable(paragraph.text) != block.text:
            self._problem("quotation changed", f"passage {block.address}", paragraph.text)
            return
        self._changed(paragraph, block)
        for key in pair.lost_citations:
            self._problem("citation lost", key, paragraph.text)

    def _problem(self, kind: str, what: str, where: str) -> None:
        self._result.problems.append(Problem(kind, what, where))

    def _removed(self, block: Block) -> None:
        self._result.removed.append(block.text)
        if block.kind == "note" and block.text.split(".")[0].casefold() in md.BANNERS:
            self._problem("banner lost", block.text, "the report")

    def _changed(self, paragraph: Paragraph, block: Block | None) -> None:
        text = comparable(paragraph.text)
        before = {s for s, _ in _sentences(block.text)} if block else set()
        cited = tuple(dict.fromkeys(k for c in paragraph.citations for k in c.keys if k))
        linked = [
            (link.text, self._evidence.by_mark[link.target], link.start)
            for link in paragraph.links
            if link.target.startswith(CARD_MARK) and link.target in self._evidence.by_mark
        ]
        for shown, address, _ in linked:
            if not _says(self._evidence.sentence(address), shown):
                said = self._evidence.sentence(address)
                self._problem("number changed", f"{shown!r}, but passage {address}: {said}", text)
        if block:
            kept = {address for _, address, _ in linked}
            for figure in block.figures:
                if figure.passage not in kept and figure.text not in text:
                    self._problem("passage lost", f"{figure.text} of {figure.passage}", text)
        for sentence, start in _sentences(text):
            if sentence in before:
                continue
            own = [a for shown, a, at in linked if start - 2 <= at < start + len(sentence) + 2]
            self._sentence(sentence, own, cited, block, [shown for shown, _, _ in linked])

    def _sentence(
        self,
        sentence: str,
        own: list[str],
        cited: tuple[str, ...],
        block: Block | None,
        shown: list[str],
    ) -> None:
        around = [f.passage for f in block.figures] if block else []
        candidates = [*own, *around]
        candidates += [a for a in self._evidence.cards if self._evidence.key(a) in cited]
        # What a link says was held against its passage; what the tool counted is its own.
        settled = {k.text for k in block.known} if block else set()
        settled |= {token for text in shown for token in self._evidence.numbers(text)}
        used: list[str] = []
        for token in self._evidence.numbers(sentence):
            if token in settled:
                continue
            found = next((a for a in candidates if _says(self._evidence.sentence(a), token)), "")
            if found:
                used.append(found)
            else:
                self._problem("number without a passage", token, sentence)
        passages = tuple(dict.fromkeys([*own, *used]))
        how = "link" if own else "paragraph" if used else ""
        if not passages and (around or cited):
            same = [a for a in (*around, *self._evidence.like(sentence)) if a in candidates]
            passages, how = tuple(dict.fromkeys(same))[:3], "paragraph" if same else ""
        if not passages and (guess := self._evidence.like(sentence)):
            passages, how = guess, "words"
        self._result.changed.append(Changed(sentence, passages, cited, how))


def _sentences(text: str) -> Iterator[tuple[str, int]]:
    for start, end in sentence_spans(text):
        if shown := text[start:end].strip():
            yield shown, start


def _says(sentence: str, text: str) -> bool:
    """Whether a passage has a number, whole, or is the quotation itself."""
    figure = md.clean(text).strip(' “”"')
    if not figure or not sentence:
        return False
    if figure in (sentence, sentence.rstrip(".")):
        return True
    edge = r"(?<![\w.,])" if figure[0].isalnum() else ""
    pattern = rf"{edge}{re.escape(figure)}(?!\d|[.,]\d|[A-Za-z])"
    return re.search(pattern, sentence, re.IGNORECASE) is not None


def _bag(text: str) -> frozenset[str]:
    return frozenset(w for w in re.findall(r"[^\W\d_]{5,}", text.casefold()))


def is_word(path: Path) -> bool:
    """Whether a path names a Word file rather than a run.

    Raises
    ------
    UsageError
        If it names a Word file that is not there, or of the old format.
    """
    suffix = path.suffix.casefold()
    if suffix == ".doc":
        raise UsageError(f"{path} is of Word's old format", "Save it as .docx.")
    if suffix == ".docx" and not path.exists():
        raise UsageError(f"there is no file {path}", "Name a .docx file.")
    return suffix == ".docx" and path.is_file()
