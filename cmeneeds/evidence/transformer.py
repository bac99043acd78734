"""An optional, better and slower reader of sentences: a small transformer run by onnxruntime.

It needs the extra ``cmeneeds[transformer]`` and a folder of weights that does not come with the
package; ``docs/transformer.md`` says how the weights are made with one command, from what and
under which licence. Without them the rest of the package works as before: ask :func:`available`.
Nothing heavy is imported before :meth:`Reader.load`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmeneeds.errors import CmeneedsError, UsageError
from cmeneeds.evidence.classify import LABELS, LEVELED, LONGEST_SENTENCE, section_kind
from cmeneeds.home import home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmeneeds.evidence.classify import Label

    Floats = NDArray[np.float32]

LEVELS = ("K", "C", "P", "O", "S")
"""Order of the columns for levels."""
ACTORS = ("clin", "pat", "sys")
"""Order of the columns for actors."""

LONGEST = 112
"""Only so many tokens of a sentence with its context are read."""
LONGEST_TITLE = 200
"""Only so many characters of a title are shown as context."""

SURELY_OTHER = 0.9
"""What the linear model calls OTHER with at least this probability is not read again. It is the
probability that the linear model gives to sentences that its own screen has left out."""

FORMAT = 1
"""Of the folder of weights; raised when an older program could not read a newer folder."""
FILES = ("model.onnx", "tokenizer.json")
METADATA = "model.json"

_BATCH_TOKENS = 2048
"""Tokens in a batch, padding included; larger batches were no faster on one core."""
_MOST_IN_BATCH = 64

_PACKAGES = ("onnxruntime", "tokenizers")
_INSTALL = "Install it with: pip install 'cmeneeds[transformer]'"
_BUILD = "Make them with `make model-transformer` in a checkout of the project"


class TransformerMissing(CmeneedsError):
    """The extra is not installed, or there are no weights."""


class TransformerDamaged(CmeneedsError):
    """The folder of weights is not what was built."""


class Availability(NamedTuple):
    """Whether the transformer can be used, and if not, why."""

    ready: bool
    why: str
    """One line for the user: what there is, or what is missing."""
    todo: str = ""

    def __bool__(self) -> bool:
        """Whether it can be used."""
        return self.ready


class Reading(NamedTuple):
    """What the transformer makes of sentences; every row adds up to 1."""

    labels: Floats
    """Sentences by 7, columns as in ``cmeneeds.evidence.classify.LABELS``."""
    levels: Floats
    """Sentences by 5, columns as in :data:`LEVELS`; meaningful for GAP, CAUSE and RATE only."""
    actors: Floats
    """Sentences by 3, columns as in :data:`ACTORS`; meaningful for GAP, CAUSE and RATE only."""


def folder() -> Path:
    """Where the weights are: ``models/transformer`` in the user's folder."""
    return home() / "models" / "transformer"


def available(place: Path | None = None) -> Availability:
    """Say whether the transformer can be used, without loading anything.

    Parameters
    ----------
    place : Path, optional
        Folder of the weights. Default: :func:`folder`.

    Returns
    -------
    Availability
        True if packages and files are there; whether the files are whole, :meth:`Reader.load`
        finds out.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        return Availability(
            False, f"the transformer needs {' and '.join(missing)}, not installed here", _INSTALL
        )
    place = place or folder()
    if not all((place / name).is_file() for name in (*FILES, METADATA)):
        return Availability(False, f"there are no weights of the transformer in {place}", _BUILD)
    return Availability(True, f"transformer in {place}")


def context_of(section: str, title: str) -> str:
    """Write what is shown beside a sentence: the kind of its section and the title.

    Examples
    --------
    >>> context_of("RESULTS", "Screening in primary care")
    'results : Screening in primary care'
    >>> context_of("", ""), context_of("Methods", "")
    ('', 'methods :')
    """
    kind = section_kind(section)
    if kind == "none" and not title:
        return ""
    return f"{'' if kind == 'none' else kind} : {title[:LONGEST_TITLE]}".strip()


class Reader:
    """A transformer ready to read.

    Make one with :meth:`load`. The answer for a sentence does not depend on the sentences that it
    is read with.
    """

    def __init__(self, session: Any, tokenizer: Any, metadata: dict[str, Any]) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self.metadata = metadata
        """What ``model.json`` says: source and licence of the weights, hashes, measures."""
        self._temperatures = [metadata["temperatures"][name] for name in _HEADS]
        self._cuts = np.cumsum([len(names) for names in _HEADS.values()])[:-1]

    @classmethod
    def load(cls, place: Path | None = None, threads: int = 1) -> Reader:
        """Load the weights and check them.

        Parameters
        ----------
        place : Path, optional
            Folder of the weights. Default: :func:`folder`.
        threads : int, optional
            How many threads compute. Default: 1.

        Returns
        -------
        Reader

        Raises
        ------
        TransformerMissing
            A package or a file is missing.
        TransformerDamaged
            A file is not the one that was built, or of a format that is not known.
        UsageError
            ``threads`` is not positive.
        """
        if threads < 1:
            raise UsageError(f"{threads} is no number of threads", "Use 1 or more.")
        place = place or folder()
        state = available(place)
        if not state:
            raise TransformerMissing(state.why, state.todo)
        metadata = _metadata(place)
        blobs = {name: (place / name).read_bytes() for name in FILES}
        for name, blob in blobs.items():
            if hashlib.sha256(blob).hexdigest() != metadata["files"].get(name):
                raise TransformerDamaged(f"{place / name} is not the file that was built", _BUILD)

        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait by spinning take the core from whoever else computes here.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                blobs["model.onnx"], options, providers=["CPUExecutionProvider"]
            )
            tokenizer = Tokenizer.from_str(blobs["tokenizer.json"].decode())
        except Exception as error:  # both raise what they like: RuntimeError, Exception itself
            what = f"the weights in {place} cannot be used ({type(error).__name__})"
            raise TransformerDamaged(what, _BUILD) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(metadata["longest"])
        return cls(session, tokenizer, metadata)

    def probabilities(
        self,
        sentences: Sequence[str],
        sections: Sequence[str] = (),
        titles: Sequence[str] = (),
    ) -> Floats:
        """Give the probability of each label.

        Parameters
        ----------
        sentences, sections, titles : sequence of str
            As for :meth:`read`.

        Returns
        -------
        array of float32, sentences by 7
            Calibrated on labelled sentences; columns as in ``LABELS``.
        """
        return self.read(sentences, sections, titles).labels

    def read(
        self,
        sentences: Sequence[str],
        sections: Sequence[str] = (),
        titles: Sequence[str] = (),
    ) -> Reading:
        """Read sentences.

        Parameters
        ----------
        sentences : sequence of str
            Any text; what goes beyond 5,000 characters or 112 tokens is not read.
        sections, titles : sequence of str, optional
            Heading and title of the article of each sentence, empty where unknown. Default: all
            unknown.

        Returns
        -------
        Reading

        Raises
        ------
        UsageError
            ``sections`` or ``titles`` are given, but not one for each sentence.
        """
        for name, given in (("sections", sections), ("titles", titles)):
            if given and len(given) != len(sentences):
                raise UsageError(
                    f"{len(given)} {name} do not go with {len(sentences)} sentences",
                    "Give one for each sentence, or none.",
                )
        contexts = [
            context_of(sections[number] if sections else "", titles[number] if titles else "")
            for number in range(len(sentences))
        ]
        return self.read_prepared(sentences, contexts)

    def read_prepared(self, sentences: Sequence[str], contexts: Sequence[str]) -> Reading:
        """Read sentences whose contexts were written by :func:`context_of`, or are empty."""
        encoded = self._tokenizer.encode_batch(
            [_pair(text, context) for text, context in zip(sentences, contexts, strict=True)]
        )
        logits = np.zeros((len(encoded), sum(map(len, _HEADS.values()))), dtype=np.float32)
        for chosen in _batches([len(one.ids) for one in encoded]):
            logits[chosen] = self._run([encoded[number] for number in chosen])
        parts = np.split(logits, self._cuts, axis=1)
        shares = (
            _softmax(part / heat) for part, heat in zip(parts, self._temperatures, strict=True)
        )
        return Reading(*shares)

    def correct(
        self,
        found: Sequence[Label],
        sentences: Sequence[str],
        sections: Sequence[str],
        titles: Sequence[str],
        surely: float = SURELY_OTHER,
    ) -> list[Label]:
        """Correct a faster model: read again what that did not surely call OTHER.

        Parameters
        ----------
        found : sequence of Label
            What :func:`cmeneeds.evidence.classify.classify` said of each sentence.
        sentences, sections, titles : sequence of str
            As for :meth:`read`, one for each label.
        surely : float, optional
            Probability from which OTHER is believed. Above 1 everything is read again.

        Returns
        -------
        list of Label
            The label, its probability, level and actor are the transformer's where it read; rate,
            cues and the mark of secondary sources stay.
        """
        again = [
            number
            for number, label in enumerate(found)
            if label.label != "OTHER" or label.probability < surely
        ]
        reading = self.read(
            [sentences[number] for number in again],
            [sections[number] for number in again],
            [titles[number] for number in again],
        )
        corrected = list(found)
        for row, number in enumerate(again):
            best = int(reading.labels[row].argmax())
            leveled = LABELS[best] in LEVELED
            corrected[number] = replace(
                found[number],
                label=LABELS[best],
                probability=round(float(reading.labels[row, best]), 3),
                level=LEVELS[int(reading.levels[row].argmax())] if leveled else None,
                actor=ACTORS[int(reading.actors[row].argmax())] if leveled else None,
            )
        return corrected

    def _run(self, encoded: Sequence[Any]) -> Floats:
        longest = max(len(one.ids) for one in encoded)
        filled = np.zeros((3, len(encoded), longest), dtype=np.int64)
        for row, one in enumerate(encoded):
            filled[0, row, : len(one.ids)] = one.ids
            filled[1, row, : len(one.ids)] = one.type_ids
            filled[2, row, : len(one.ids)] = 1
        names = ("tokens", "segments", "mask")
        found: Floats = self._session.run(None, dict(zip(names, filled, strict=True)))[0]
        return found


def chosen(model: str) -> tuple[Reader | None, str]:
    """Load the transformer if it is wanted and there.

    Parameters
    ----------
    model : str
        ``linear``, ``transformer``, or ``auto``: the transformer where it is installed.

    Returns
    -------
    Reader or None
        None stands for the linear model alone.
    str
        One line that says what labels the sentences.

    Raises
    ------
    UsageError
        ``model`` is none of the three.
    TransformerMissing, TransformerDamaged
        As for :meth:`Reader.load`; with ``auto``, only a damaged one is an error.
    """
    if model not in ("auto", "linear", "transformer"):
        raise UsageError(f"{model[:40]!r} is no model", "Choose linear, transformer or auto.")
    state = available()
    if model == "linear":
        return None, "labels: linear model"
    if model == "auto" and not state:
        return None, f"labels: linear model; {state.why}"
    return Reader.load(), f"labels: linear model, corrected by the {state.why}"


_HEADS = {"label": LABELS, "level": LEVELS, "actor": ACTORS}


def _metadata(place: Path) -> dict[str, Any]:
    """Read ``model.json`` and check that this program understands it."""
    try:
        found = json.loads((place / METADATA).read_text(encoding="utf-8"))
        known = (
            found["format"] == FORMAT
            and all(tuple(found["classes"][name]) == names for name, names in _HEADS.items())
            and all(float(found["temperatures"][name]) > 0 for name in _HEADS)
            and isinstance(found["longest"], int)
            and isinstance(found["files"], dict)
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"{place / METADATA} cannot be read ({type(error).__name__})"
        raise TransformerDamaged(what, _BUILD) from None
    if not known:
        raise TransformerDamaged(f"{place / METADATA} is of another version", _BUILD)
    return dict(found)


def _pair(text: str, context: str) -> str | tuple[str, str]:
    """Prepare a sentence and its context for the tokenizer."""
    text, context = _sound(text[:LONGEST_SENTENCE]), _sound(context)
    return (text, context) if context else text


def _sound(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON may hold and the tokenizer refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Group sentences of like length, so that little is padded."""
    groups: list[list[int]] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Sorted by length: the newcomer is the longest of its group.
        room = groups and (len(groups[-1]) + 1) * lengths[number] <= _BATCH_TOKENS
        if room and len(groups[-1]) < _MOST_IN_BATCH:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = odds / odds.sum(axis=1, keepdims=True)
    return shares
