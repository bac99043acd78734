"""The sentences that the transformer learns from and is measured on."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from training.labelled import LATER_FILE, read_labels, resolve
from training.transformer_fit import Example, example

__all__ = ["FOLDS", "LATER_FILE", "Sentence", "fold_of", "read_sentences"]

FOLDS = 5


class Sentence(NamedTuple):
    """A labelled sentence and the round in which it was read."""

    example: Example
    round: str
    """First letter of its id."""


def fold_of(pmid: int) -> int:
    """Put all sentences of an article into one fold, whatever the order of the files.

    Examples
    --------
    >>> fold_of(33932519) == fold_of(33932519), fold_of(1) < FOLDS
    (True, True)
    """
    digest = hashlib.sha1(str(pmid).encode(), usedforsecurity=False).hexdigest()
    return int(digest, 16) % FOLDS


def read_sentences() -> list[Sentence]:
    """Read all labels and look up their text.

    Returns
    -------
    list of Sentence
        In the order of the files.
    """
    rows = read_labels()
    if LATER_FILE.exists():
        rows += read_labels(LATER_FILE)
    return [Sentence(example(one), one.row.id[0]) for one in resolve(rows)]
