"""The optional transformer: what a user meets without it, and its plumbing with a made-up one.

The made-up network knows 28 words and says of each which class it stands for, so the tests need
neither the real weights nor training. Where the extra ``transformer`` is not installed, the tests
that run the network are skipped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cmeneeds.errors import UsageError
from cmeneeds.evidence import transformer
from cmeneeds.evidence.classify import LABELS, Label, classify_jsonl
from cmeneeds.evidence.transformer import (
    ACTORS,
    LEVELS,
    Reader,
    TransformerDamaged,
    TransformerMissing,
    available,
    chosen,
    context_of,
)

# Looks each token up in a table (word w, from 4 on, speaks for class (w - 4) % 15) and takes the
# mean over the tokens that the mask shows. zlib, then base64.
TINY = """
eNrtlkFLwzAUx/fSsqUPXGsmMoeI9DT6EcTLpkUoeFG87NbZUMuWVE1atCc/gB/Cox/TdN1EGHrx4MHmEML//X8v
j1zyp/TkfYD7CCF2db7gUjEo/e5FrO/4I47QFrFaMBC+fRYrHThIdD6ENyA1I5DET4wI4Ts3Uj0UnFccPYQSjcZI
KXzrsljiGM0RrVxyBsp3rnhS3PLrQgQu0gXn90km1LBT9xzX4Nopf3QeIVU8FVxqM3C6Pd0YIW0akfTbO1dOD40D
oTLGqpm3j2AEySDxrfOsxD2ExJgq1l3maaaVb02ShNk6k8/Bq0uPqevBFMLoxe38vzVp+ZZv+T/l2zdo+ZY3K2AU
vN7UpJKIko02WGl1FogobMSw+bSr6PQ3F89Gn6nJwz7tMUSLQVxv89nhl4iyXR2uo9VWZX6A65zBXNyhwJymRqg7
tbHj7X4A845vAQ==
"""
WORDS = [f"w{number}" for number in range(28)]
# Of the first fifteen words, seven stand for labels, five for levels and three for actors.


def tiny_files(place: Path, **changes: Any) -> Path:
    """Write a folder of weights around the made-up network."""
    place.mkdir(parents=True, exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    special = [
        {
            "id": number,
            "content": word,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, word in enumerate(words[:4])
    ]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "BertProcessing",
            "sep": ["[SEP]", 3],
            "cls": ["[CLS]", 2],
        },
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: number for number, word in enumerate(words)},
            "unk_token": "[UNK]",
        },
    }
    (place / "model.onnx").write_bytes(zlib.decompress(base64.b64decode(TINY)))
    (place / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    metadata = {
        "format": 1,
        "classes": {"label": LABELS, "level": LEVELS, "actor": ACTORS},
        "temperatures": {"label": 1.0, "level": 1.0, "actor": 1.0},
        "longest": 112,
        "files": {
            name: hashlib.sha256((place / name).read_bytes()).hexdigest()
            for name in transformer.FILES
        },
    } | changes
    (place / "model.json").write_text(json.dumps(metadata), encoding="utf-8")
    return place


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    for name in ("onnxruntime", "tokenizers"):
        pytest.importorskip(name, reason="the extra `transformer` is not installed")
    return tiny_files(tmp_path / "weights")


@pytest.fixture
def reader(tiny: Path) -> Reader:
    return Reader.load(tiny)


# --- without it ---------------------------------------------------------------------------------


def test_without_the_packages_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformer, "find_spec", lambda name: None)
    state = available(tiny_files(tmp_path))
    assert not state
    assert "onnxruntime and tokenizers" in state.why
    assert "pip install 'cmeneeds[transformer]'" in state.todo
    with pytest.raises(TransformerMissing, match=r"not installed here\. Install it with"):
        Reader.load(tmp_path)


def test_without_weights_it_says_how_to_make_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformer, "find_spec", lambda name: object())
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path))
    state = available()
    assert not state
    assert str(tmp_path / "models" / "transformer") in state.why
    assert "make model-transformer" in state.todo
    with pytest.raises(TransformerMissing, match="make model-transformer"):
        Reader.load()
    tiny_files(tmp_path / "models" / "transformer")
    assert available()


def test_asking_whether_it_is_there_loads_nothing() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from cmeneeds.evidence.transformer import available; available(); "
        "print({'onnxruntime', 'tokenizers'} & sys.modules.keys())"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "set()", answer.stderr


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "is of another version"),
        ({"classes": {"label": ["GAP"], "level": LEVELS, "actor": ACTORS}}, "of another version"),
        ({"temperatures": {"label": 0, "level": 1, "actor": 1}}, "of another version"),
        ({"temperatures": {}}, r"cannot be read \(KeyError\)"),
        ({"files": {}}, "is not the file that was built"),
    ],
)
def test_weights_of_another_make_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(transformer, "find_spec", lambda name: object())
    with pytest.raises(TransformerDamaged, match=message):
        Reader.load(tiny_files(tmp_path, **changes))


@pytest.mark.parametrize("name", [*transformer.FILES, transformer.METADATA])
def test_a_damaged_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(transformer, "find_spec", lambda name: object())
    place = tiny_files(tmp_path)
    (place / name).write_bytes((place / name).read_bytes()[:-9])
    with pytest.raises(TransformerDamaged, match=name):
        Reader.load(place)


def test_only_who_asks_for_the_transformer_is_refused_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path))
    reader, used = chosen("auto")
    assert reader is None
    assert used.startswith("labels: linear model; ")
    assert chosen("linear") == (None, "labels: linear model")
    with pytest.raises(TransformerMissing):
        chosen("transformer")
    with pytest.raises(UsageError, match="'best' is no model"):
        chosen("best")


# --- what it is shown ---------------------------------------------------------------------------


def test_context_is_the_kind_of_section_and_a_title_that_is_not_endless() -> None:
    assert context_of("Findings", "A title") == "results : A title"
    assert context_of("", "A title") == ": A title"
    assert context_of("MATERIALS AND METHODS", "") == "methods :"
    assert len(context_of("Findings", "x" * 100_000)) < 300


# --- with a made-up network ---------------------------------------------------------------------


def test_each_class_has_its_column(reader: Reader) -> None:
    names = (*LABELS, *LEVELS, *ACTORS)
    reading = reader.read(WORDS[:15])
    told = [
        heads[int(np.argmax(shares[number]))]
        for number in range(15)
        for heads, shares in (
            ((LABELS, reading.labels),)
            if number < 7
            else ((LEVELS, reading.levels),)
            if number < 12
            else ((ACTORS, reading.actors),)
        )
    ]
    assert told == list(names)


def test_every_row_adds_up_to_one(reader: Reader) -> None:
    reading = reader.read(["w0 w1", "", "nothing known"])
    for shares in reading:
        assert shares.shape[0] == 3
        assert np.allclose(shares.sum(axis=1), 1)
        assert (shares >= 0).all()


def test_an_answer_does_not_depend_on_the_company(reader: Reader) -> None:
    """Neither order nor padding nor the batch may change a probability."""
    sentences = [" ".join(WORDS[: 1 + number % 28]) for number in range(300)]
    together = reader.probabilities(sentences)
    assert np.allclose(reader.probabilities(sentences[::-1])[::-1], together, atol=1e-6)
    for number in (0, 5, 27, 299):
        alone = reader.probabilities([sentences[number]])[0]
        assert np.allclose(alone, together[number], atol=1e-6)


def test_the_context_is_read_too(reader: Reader) -> None:
    alone = reader.probabilities(["w0"])
    placed = reader.probabilities(["w0"], titles=["w1 w1 w1"])
    assert alone.argmax() == 0
    assert placed.argmax() == 1


def test_a_temperature_makes_less_sure_without_changing_the_order(tiny: Path) -> None:
    plain = Reader.load(tiny).probabilities(["w0 w0 w1"])[0]
    heat = {"label": 2.0, "level": 1.0, "actor": 1.0}
    warm = Reader.load(tiny_files(tiny, temperatures=heat)).probabilities(["w0 w0 w1"])[0]
    assert warm.max() < plain.max()
    assert (np.argsort(warm) == np.argsort(plain)).all()


def test_nothing_in_nothing_out(reader: Reader) -> None:
    assert [shares.shape for shares in reader.read([])] == [(0, 7), (0, 5), (0, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "x" * 200_000,
        "w0 " * 70_000,
        "א" * 200_000,
        "\u202eabc\u0000\u0007\x1b[31m",
        "half of a pair \ud83d",
        "中" * 200_000,
        "<script>alert(1)</script> {{x}} =cmd()",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_any_text_gets_an_answer(reader: Reader, text: str) -> None:
    shares = reader.probabilities([text, "w0"], titles=[text, ""])
    assert np.isfinite(shares).all()
    assert shares[1].argmax() == 0


def test_a_section_for_each_sentence_or_none(reader: Reader) -> None:
    with pytest.raises(UsageError, match="1 sections do not go with 2 sentences"):
        reader.read(["w0", "w1"], sections=["Results"])


def test_what_the_screen_surely_calls_other_is_not_read_again(reader: Reader) -> None:
    def screened(label: str, probability: float) -> Label:
        return Label(label, probability, None, None, None, (), secondary=True)

    found = [screened("OTHER", 0.99), screened("OTHER", 0.5), screened("REC", 0.99)]
    sentences, none = ["w0", "w0", "w4"], [""] * 3
    labels = reader.correct(found, sentences, none, none)
    assert [each.label for each in labels] == ["OTHER", "GAP", "BURDEN"]
    assert labels[0] is found[0]
    assert labels[1].level in LEVELS
    assert labels[1].actor in ACTORS
    assert labels[2].level is None
    assert all(each.secondary for each in labels)
    assert reader.correct(found, sentences, none, none, surely=1.1)[0].label == "GAP"
    assert reader.correct([], [], [], []) == []


def test_classify_answers_with_what_the_transformer_says(reader: Reader) -> None:
    line = json.dumps({"id": 1, "text": "w4 not adhered to by 40 % of patients", "title": "w4"})
    (linear,) = classify_jsonl([line])
    (corrected,) = classify_jsonl([line], reader=reader)
    assert corrected["label"] == "BURDEN" != linear["label"]
    assert corrected["level"] is None
    assert corrected["value"] == linear["value"] == 40


def test_threads_have_to_be_some(tiny: Path) -> None:
    with pytest.raises(UsageError, match="no number of threads"):
        Reader.load(tiny, threads=0)


def test_a_network_that_is_none_is_refused(tiny: Path) -> None:
    blob = b"not an ONNX file"
    (tiny / "model.onnx").write_bytes(blob)
    files = {
        "model.onnx": hashlib.sha256(blob).hexdigest(),
        "tokenizer.json": hashlib.sha256((tiny / "tokenizer.json").read_bytes()).hexdigest(),
    }
    metadata = json.loads((tiny / "model.json").read_text(encoding="utf-8")) | {"files": files}
    (tiny / "model.json").write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(TransformerDamaged, match="cannot be used"):
        Reader.load(tiny)
