"""Vectors of words, learned from the sample without labels.

Words that keep the same company get like vectors, so that what is learned of *few* also tells of a
word that no labelled sentence has. Nothing is random in it.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

from cmeneeds.evidence import features
from cmeneeds.evidence.passages import passages_of
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article
from cmeneeds.sources.sample import sample_file

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DIMENSIONS = 200
"""Of the vectors."""
WINDOW = 3
"""How far words may stand apart to be company."""
COMMONEST = 20_000
"""Words that get a vector: those found most often in the corpus."""


class Vectors(NamedTuple):
    """Word vectors learned without labels."""

    place: dict[str, int]
    table: Floats
    """Each row is the unit vector of a word times how telling the word is."""


@cache
def corpus() -> tuple[tuple[int, int, int, int, str, str], ...]:
    """List the passages of the sample: PMID, section, start, end, text, heading."""
    articles: dict[int, Article] = {}
    for record in read_articles(sample_file(), lambda problem: None):
        if isinstance(record, Article):
            articles.setdefault(record.pmid, record)
    return tuple(
        (
            article.pmid,
            one.section,
            one.start,
            one.end,
            one.text,
            "title"
            if one.section < 0
            else article.sections[one.section].label or article.sections[one.section].category,
        )
        for article in articles.values()
        for one in passages_of(article)
    )


@cache
def vectors() -> Vectors:
    """Factorize which words stand near which (positive pointwise mutual information, SVD)."""
    texts = [features.tokens(passage[4]) for passage in corpus()]
    counts = Counter(word for words in texts for word in words)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[:COMMONEST]
    place = {word: number for number, word in enumerate(ranked)}
    size = len(ranked)
    firsts: list[Ints] = []
    seconds: list[Ints] = []
    for words in texts:
        row = np.array([place.get(word, -1) for word in words])
        for distance in range(1, WINDOW + 1):
            left, right = row[:-distance], row[distance:]
            known = (left >= 0) & (right >= 0)
            firsts.append(left[known])
            seconds.append(right[known])
    left, right = np.concatenate(firsts), np.concatenate(seconds)
    near = sp.coo_matrix((np.ones(len(left)), (left, right)), (size, size)).tocsr()
    near = (near + near.T).tocoo()
    often = np.asarray(near.sum(axis=1)).ravel()
    # The exponent keeps rare neighbours from looking more telling than they are.
    smooth = np.maximum(often, 1) ** 0.75
    told = np.log(near.data * smooth.sum() / (often[near.row] * smooth[near.col]))
    kept = told > 0
    matrix = sp.csr_matrix((told[kept], (near.row[kept], near.col[kept])), (size, size))
    left_vectors, strength, _ = svds(matrix, k=DIMENSIONS, v0=np.ones(size), solver="arpack")
    table = left_vectors * np.sqrt(strength)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    share = np.array([counts[word] for word in ranked]) / sum(counts.values())
    return Vectors(place, table * (1e-3 / (1e-3 + share))[:, None])
