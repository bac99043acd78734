"""The points of the classifier can be made again from the labels. Sentences here are made up."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cmeneeds.evidence.classify import LABELS, LEVELED
from training import cue_weights
from training.labelled import (
    ACTORS,
    COLUMNS,
    LABELS_FILE,
    LEVELS,
    Labelled,
    LabelsUnusable,
    Row,
    read_labels,
    resolve,
)

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def sentences(sample_files: dict[str, Path]) -> list[Labelled]:
    return resolve(read_labels(), sample_files["pubmed21n1298.xml.gz"])


@pytest.fixture(scope="module")
def model(sentences: list[Labelled]) -> cue_weights.Model:
    return cue_weights.train(sentences)


# --- the labels ---------------------------------------------------------------------------------


def test_every_row_can_be_read() -> None:
    rows = read_labels()
    assert len(rows) == len({row.id for row in rows}) == 4800
    assert len({(row.pmid, row.section, row.start, row.end) for row in rows}) == 4800
    assert {row.label for row in rows} == set(LABELS)
    assert {(row.id[0], row.readers) for row in rows} == {("t", 2), ("w", 1)}


@pytest.mark.sample
def test_every_label_finds_its_sentence(sentences: list[Labelled]) -> None:
    assert [one.row for one in sentences] == read_labels()
    for one in sentences:
        digest = hashlib.sha1(one.text.encode(), usedforsecurity=False).hexdigest()
        assert digest[:12] == one.row.sha1


def test_the_guide_defines_what_the_program_says() -> None:
    guide = (PROJECT / "labels" / "GUIDE.md").read_text(encoding="utf-8")
    parts = {part.partition("\n")[0]: part for part in guide.split("\n## ")}
    for heading, classes in (("Label", LABELS), ("Level", LEVELS), ("Actor", ACTORS)):
        assert tuple(re.findall(r"^\| `(\w+)` \|", parts[heading], re.MULTILINE)) == classes
    for heading in ("Level", "Actor"):
        first = parts[heading].split("\n")[2]
        assert tuple(re.findall(r"`(\w+)`", first.partition(":")[0]))[:3] == LEVELED


def test_the_readme_explains_all_columns_and_counts_rows() -> None:
    text = (PROJECT / "labels" / "README.md").read_text(encoding="utf-8")
    table = text.split("\n\n")[2]
    explained = [line.split("|")[1] for line in table.split("\n")[2:]]
    assert tuple(re.findall(r"`(\w+)`", " ".join(explained))) == COLUMNS
    rows = read_labels()
    for label in LABELS:
        counts = [
            sum(row.label == label and row.id[0] in rounds for row in rows)
            for rounds in ("t", "w", "tw")
        ]
        assert f"| `{label}` | " + " | ".join(f"{n:,}" for n in counts) + " |" in text


# --- labels that do not fit ---------------------------------------------------------------------

GOOD = {
    "id": "t1", "source": "pubmed21n1298", "pmid": "1", "section": "0", "start": "0", "end": "9",
    "sha1": "0" * 12, "label": "GAP", "level": "K", "actor": "clin", "readers": "2",
}  # fmt: skip


def _csv(path: Path, **changes: str) -> Path:
    values = {**GOOD, **changes}
    path.write_text(f"{','.join(values)}\n{','.join(values.values())}\n", encoding="utf-8")
    return path


def test_a_good_row(tmp_path: Path) -> None:
    assert read_labels(_csv(tmp_path / "labels.csv"))[0] == Row(
        "t1", 1, 0, 0, 9, "0" * 12, "GAP", "K", "clin", 2
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "pubmed21n9999"}, "is not the sample corpus"),
        ({"id": "x1"}, "belongs to no round"),
        ({"label": "GAPS"}, "label 'GAPS' is not one of GAP, CAUSE"),
        ({"level": ""}, "level '' does not go with GAP"),
        ({"label": "REC"}, "level 'K' does not go with REC"),
        ({"actor": "nurse"}, "actor 'nurse' does not go with GAP"),
        ({"start": "9"}, "is no place"),
        ({"section": "-1"}, "is no place"),
        ({"pmid": "one"}, "invalid literal"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    path = _csv(tmp_path / "labels.csv", **changes)
    with pytest.raises(LabelsUnusable, match=r"^labels\.csv, line 2: ") as caught:
        read_labels(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "id,label\nt1,GAP\n"])
def test_other_columns_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelsUnusable, match="the columns are not"):
        read_labels(path)


def test_a_short_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"{','.join(COLUMNS)}\nt1,pubmed21n1298,1\n", encoding="utf-8")
    with pytest.raises(LabelsUnusable, match="line 2"):
        read_labels(path)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two records with one PMID, whose abstracts differ."""
    records = "".join(
        f"<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>Made up"
        f"</ArticleTitle><Abstract>{abstract}</Abstract></Article></MedlineCitation>"
        "</PubmedArticle>"
        for abstract in (
            (
                '<AbstractText NlmCategory="METHODS">Made up.</AbstractText><AbstractText '
                'Label="FINDINGS" NlmCategory="RESULTS">Few were seen.</AbstractText>'
            ),
            "<AbstractText>All were seen.</AbstractText>",
        )
    )
    path = tmp_path / "made-up.xml"
    path.write_text(f"<PubmedArticleSet>{records}</PubmedArticleSet>", encoding="utf-8")
    return path


def _row(text: str, **changes: Any) -> Row:
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
    return Row("t1", 1, 1, 0, len(text), digest, "GAP", "P", "clin", 2)._replace(**changes)


def test_the_first_record_of_a_pmid_counts(corpus: Path) -> None:
    found = resolve([_row("Few were seen."), _row("Made up.", section=0)], corpus)
    assert [(one.text, one.heading) for one in found] == [
        ("Few were seen.", "FINDINGS"),
        ("Made up.", "METHODS"),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (_row("All were seen."), "not the one that was read"),
        (_row("Few were seen.", start=1), "not the one that was read"),
        (_row("Few were seen.", sha1=""), "not the one that was read"),
        (_row("Few were seen.", section=2), "the abstract has 2 sections"),
        (_row("Few were seen.", pmid=2), "lacks 1 of 1 labelled records, among them PMID 2"),
    ],
)
def test_a_label_that_fits_no_text_is_refused(corpus: Path, row: Row, message: str) -> None:
    with pytest.raises(LabelsUnusable, match=message):
        resolve([row], corpus)


# --- the points ---------------------------------------------------------------------------------


def _numbers(value: Any, found: list[float]) -> Any:
    """Take the numbers with a fraction out, so that they can be compared with some play."""
    if isinstance(value, dict):
        return {key: _numbers(each, found) for key, each in value.items()}
    if isinstance(value, list):
        return [_numbers(each, found) for each in value]
    if isinstance(value, float):
        found.append(value)
        return float
    return value


@pytest.mark.long  # fits the model, five folds
@pytest.mark.sample
def test_the_shipped_points_are_what_training_gives(model: cue_weights.Model) -> None:
    shipped_numbers: list[float] = []
    fitted_numbers: list[float] = []
    shipped = json.loads(cue_weights.TARGET.read_text(encoding="utf-8"))
    fitted = cue_weights.document(model)
    assert _numbers(fitted, fitted_numbers) == _numbers(shipped, shipped_numbers)
    # Linear algebra libraries add up in different orders: allow one unit in the last decimal.
    assert fitted_numbers == pytest.approx(shipped_numbers, rel=0, abs=0.0011)


def test_the_file_is_written_as_it_is_shipped() -> None:
    text = cue_weights.TARGET.read_text(encoding="utf-8")
    assert cue_weights.as_json(json.loads(text)) + "\n" == text


@pytest.mark.long  # fits the model
@pytest.mark.sample
def test_the_model_card_tells_the_measures(model: cue_weights.Model) -> None:
    card = (PROJECT / "docs" / "evidence-model.md").read_text(encoding="utf-8")
    lines = [line for line in cue_weights.report(model) if line.strip()]
    for line in lines:
        numbers = re.findall(r"\d\.\d{3}(?: \(\d\.\d{3}-\d\.\d{3}\))?", line)
        assert all(number in card for number in numbers), line


@pytest.mark.long  # fits the model
@pytest.mark.sample
def test_no_article_is_in_two_folds(model: cue_weights.Model) -> None:
    pairs = set(zip(model.data.articles.tolist(), model.data.folds.tolist(), strict=True))
    assert len(pairs) == len({article for article, _ in pairs}) == 3326
    assert {fold for _, fold in pairs} == set(range(cue_weights.FOLDS))


@pytest.mark.parametrize(
    ("values", "weights", "steady"),
    [
        ([], [], []),
        ([0.1, 0.2], [1, 1], [0.1, 0.2]),
        ([0.5, 0.25], [1, 3], [0.3125, 0.3125]),
        ([0.75, 0.5, 0.25], [1, 1, 1], [0.5, 0.5, 0.5]),
    ],
)
def test_pooling(values: list[float], weights: list[float], steady: list[float]) -> None:
    assert cue_weights.non_decreasing(values, weights) == pytest.approx(steady)


@pytest.mark.parametrize("write", [False, True])
def test_the_command(
    write: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "cue_weights.json"
    sentence = Labelled(_row("Few were seen."), "Few were seen.", "RESULTS")
    monkeypatch.setattr(cue_weights, "TARGET", target)
    monkeypatch.setattr(cue_weights, "resolve", lambda rows: [sentence])
    monkeypatch.setattr(cue_weights, "train", lambda sentences: None)
    monkeypatch.setattr(cue_weights, "report", lambda model: ["a table"])
    monkeypatch.setattr(cue_weights, "document", lambda model: {"bands": [0.5]})
    assert cue_weights.main(["--write"] if write else []) == 0
    assert target.exists() is write
    said = "cue_weights.json was rewritten" if write else "cue_weights.json differs"
    assert capsys.readouterr().out == f"a table\n{said}\n"


def test_the_command_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> list[Row]:
        return read_labels(_csv(tmp_path / "labels.csv", label="GAPS"))

    monkeypatch.setattr(cue_weights, "read_labels", fail)
    assert cue_weights.main([]) == 1
    assert capsys.readouterr().err.startswith("labels.csv, line 2: label 'GAPS' is not one of")


def test_the_labels_hold_no_text() -> None:
    longest = max(
        len(value)
        for line in LABELS_FILE.read_text(encoding="utf-8").splitlines()[1:]
        for value in line.split(",")
    )
    assert longest <= len("pubmed21n1298")
