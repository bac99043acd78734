"""The points of the classifier can be made again from the labels. Sentences here are made up."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import scipy.sparse as sp

from cmeneeds.evidence.classify import LABELS, LEVELED
from training import compare, fitting, model, teacher
from training.labelled import (
    ACTORS,
    COLUMNS,
    LABELS_FILE,
    LATER_FILE,
    LEVELS,
    Labelled,
    LabelsUnusable,
    Row,
    read_labels,
    resolve,
)
from training.vectors import vectors

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def sentences(sample_files: dict[str, Path]) -> list[Labelled]:
    return resolve(read_labels(), sample_files["pubmed21n1298.xml.gz"])


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
        ({"id": "q1"}, "belongs to no round"),
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


# --- the fit ------------------------------------------------------------------------------------


@pytest.mark.long  # fits the model twice
@pytest.mark.sample
def test_the_shipped_points_are_what_training_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = model.document(model.train(fitting.prepare()))
    off = model.difference(first)
    # Points are stored in half precision: linear algebra libraries of other machines add up in
    # other orders.
    assert off is not None
    assert off <= 1e-2
    target = tmp_path / "sentence_model.npz"
    monkeypatch.setattr(model, "TARGET", target)
    np.savez_compressed(target, **first)
    vectors.cache_clear()
    again = model.difference(model.document(model.train(fitting.prepare())))
    assert again is not None
    assert again <= 1e-6


def test_a_changed_point_or_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "sentence_model.npz"
    monkeypatch.setattr(model, "TARGET", target)
    written = {"points": np.array([0.5, 1.0]), "runs_names": np.array([97], np.uint8)}
    assert model.difference(written) is None
    np.savez_compressed(target, **written)
    assert model.difference(written) == 0
    assert model.difference({**written, "points": np.array([0.5, 1.25])}) == 0.25
    assert model.difference({**written, "runs_names": np.array([98], np.uint8)}) == float("inf")
    assert model.difference({**written, "points": np.zeros(3)}) == float("inf")
    assert model.difference({"points": np.zeros(2)}) == float("inf")


def test_no_article_is_in_two_folds() -> None:
    rows = [*read_labels(), *read_labels(LATER_FILE)]
    for seed in (0, 1, 2):
        folds = {(row.pmid, fitting.fold_of(row.pmid, seed)) for row in rows}
        assert len(folds) == len({row.pmid for row in rows})
        assert {fold for _, fold in folds} == set(range(fitting.FOLDS))


def test_no_sentence_is_labelled_twice() -> None:
    rows = [*read_labels(), *read_labels(LATER_FILE)]
    assert len({row.id for row in rows}) == len(rows)
    assert len({(row.pmid, row.section, row.start, row.end) for row in rows}) == len(rows)


def test_the_teacher_saw_nothing_of_fold_0() -> None:
    with np.load(fitting.SOFT_FILE, allow_pickle=False) as stored:
        pmids = set(stored["address"][:, 0].tolist())
        assert stored["shares"].shape == (len(stored["address"]), len(LABELS))
    assert 0 not in {fitting.fold_of(pmid) for pmid in pmids}


def test_the_teacher_is_asked_again_about_the_same_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = np.full((2, len(LABELS)), 0.05)
    told[0, 0] = told[1, 6] = 0.7
    target = tmp_path / "soft_labels.npz"
    gone = (9, 0, 0, 5)
    np.savez_compressed(target, address=np.array([(1, 0, 0, 4), gone, (2, 1, 3, 8)]), shares=told)

    class MadeUpReader:
        metadata: ClassVar = {"temperatures": {"label": 1.0}}

        def read(self, texts: list[str], sections: list[str], titles: list[str]) -> Any:
            assert texts == ["Few.", "Cells."]
            assert sections == ["RESULTS", ""]
            assert titles == ["Made up", ""]
            return SimpleNamespace(labels=told)

    passages = [
        (1, -1, 0, 7, "Made up", "title"),
        (1, 0, 0, 4, "Few.", "RESULTS"),
        (2, 1, 3, 8, "Cells.", ""),
    ]
    monkeypatch.setattr(teacher, "SOFT_FILE", target)
    monkeypatch.setattr(teacher, "corpus", lambda: passages)
    monkeypatch.setattr(teacher.Reader, "load", lambda threads: MadeUpReader())
    assert teacher.main() == 0
    with np.load(target) as written:
        assert written["address"].tolist() == [[1, 0, 0, 4], [2, 1, 3, 8]]
        assert written["shares"].argmax(axis=1).tolist() == [0, 6]
        assert abs(int(written["shares"][0].sum()) - teacher.OUT_OF) <= len(LABELS)


def test_the_fit_learns_and_repeats() -> None:
    rows = sp.csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]]))
    targets = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    points = fitting.fit(rows, targets, 40)
    assert fitting.totals(rows, points).argmax(axis=1).tolist() == [0, 1, 0, 1]
    assert np.array_equal(points, fitting.fit(rows, targets, 40))


def test_calibration_takes_back_what_is_too_sure() -> None:
    # Right three times in four, but said with a margin that stands for far more.
    scores = np.array([[4.0, 0.0]] * 4)
    slope, shifts = model.calibrate(scores, np.array([0, 0, 0, 1]))
    told = np.exp(slope * scores[0] + shifts)
    assert told[0] / told.sum() == pytest.approx(0.75, abs=0.02)


def test_measures_count_by_article() -> None:
    decided = np.array([0, 0, 1, 6])
    truth = np.array([0, 1, 1, 6])
    found = compare.scores(decided, truth, np.array([1, 1, 2, 3]))
    assert found.precision["GAP"].value == 0.5
    assert found.recall["CAUSE"].value == 0.5
    assert found.accuracy.value == 0.75
    assert found.f1["GAP"].low <= found.f1["GAP"].value <= found.f1["GAP"].high


def test_levels_are_measured_on_articles_not_seen() -> None:
    rows = [
        _row("made up", pmid=pmid, id=f"t{pmid}", level="K" if pmid % 2 else "S")
        for pmid in range(1, 61)
    ]
    data = fitting.Data(
        [Labelled(row, "made up", "") for row in rows], [], [], [], np.zeros((0, len(LABELS)))
    )
    told = sp.csr_matrix(np.array([[float(row.level == "K"), 1.0] for row in rows]))
    assert compare.sides(data, told, "level", LEVELS).value == 1.0
    # What is only learned by heart helps with no other article.
    by_heart = sp.identity(len(rows), format="csr")
    assert compare.sides(data, by_heart, "level", LEVELS).value < 0.8


@pytest.mark.parametrize("write", [False, True])
def test_the_command(
    write: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "sentence_model.npz"
    monkeypatch.setattr(model, "TARGET", target)
    monkeypatch.setattr(model, "prepare", lambda: None)
    monkeypatch.setattr(model, "train", lambda data: None)
    monkeypatch.setattr(model, "document", lambda fitted: {"points": np.zeros(2)})
    assert model.main(["--write"] if write else []) == 0
    assert target.exists() is write
    said = "sentence_model.npz: no file to compare with" + (", rewritten" if write else "")
    assert capsys.readouterr().out == f"{said}\n"


def test_the_command_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> list[Row]:
        return read_labels(_csv(tmp_path / "labels.csv", label="GAPS"))

    monkeypatch.setattr(model, "prepare", fail)
    assert model.main([]) == 1
    assert capsys.readouterr().err.startswith("labels.csv, line 2: label 'GAPS' is not one of")


def test_the_labels_hold_no_text() -> None:
    longest = max(
        len(value)
        for line in LABELS_FILE.read_text(encoding="utf-8").splitlines()[1:]
        for value in line.split(",")
    )
    assert longest <= len("pubmed21n1298")
