"""Open a Word file from anywhere: bounded in size, and its XML without entities or a network."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Final

from lxml import etree

from cmeneeds.errors import UsageError

MAX_ENTRIES: Final = 4_000
MAX_TOTAL: Final = 200_000_000
"""Bytes of all parts, unpacked."""
MAX_PART: Final = 60_000_000
"""Bytes of one part that is read."""
MAX_RATIO: Final = 250
"""Unpacked to packed; XML of Word files seldom reaches a tenth of it. Small parts may."""
_SMALL: Final = 1_000_000

_USUAL: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT: Final = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_CUSTOM: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/custom-properties}"

_PARSER_OPTIONS: Final = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


class WordPackage:
    """The parts of a Word file.

    Parameters
    ----------
    path : Path
        A ``.docx`` file.

    Raises
    ------
    UsageError
        If it is no Word file, damaged, encrypted or larger than any report would be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
            raise _unreadable(path, "it is no Word file") from None
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _unreadable(path, f"it has {len(entries):,} parts")
        if sum(e.file_size for e in entries) > MAX_TOTAL:
            raise _unreadable(path, "it is too large when unpacked")
        for entry in entries:
            packed = max(1, entry.compress_size)
            if entry.file_size > _SMALL and entry.file_size / packed > MAX_RATIO:
                raise _unreadable(path, "it unpacks to far more than it holds")
        self._names = {e.filename for e in entries}
        if "word/document.xml" not in self._names:
            raise _unreadable(path, "it is no Word file")

    def names(self, prefix: str = "") -> list[str]:
        """Names of parts, sorted."""
        return sorted(n for n in self._names if n.startswith(prefix))

    def xml(self, name: str) -> etree._Element | None:
        """Root of an XML part; None where there is no such part.

        Raises
        ------
        UsageError
            If it is damaged, declares a document type, or is larger than allowed.
        """
        if name not in self._names:
            return None
        try:
            with self._zip.open(name) as part:
                data = part.read(MAX_PART + 1)
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError):
            raise _unreadable(self.path, f"{_shown(name)} is damaged or encrypted") from None
        if len(data) > MAX_PART:
            raise _unreadable(self.path, f"{_shown(name)} is too large")
        try:
            # A parser of its own each time: an error must not stay behind in a shared one.
            root = etree.fromstring(data, etree.XMLParser(**_PARSER_OPTIONS))
        except (etree.XMLSyntaxError, ValueError):
            raise _unreadable(self.path, f"{_shown(name)} is no XML") from None
        if root.getroottree().docinfo.internalDTD is not None:
            raise _unreadable(self.path, f"{_shown(name)} declares a document type")
        return root

    def word_xml(self, name: str) -> etree._Element | None:
        """Root of a part of the text; names of the format's strict variant as the usual ones."""
        root = self.xml(name)
        if root is not None and isinstance(root.tag, str) and root.tag.startswith(_STRICT):
            for node in root.iter():
                if isinstance(node.tag, str):
                    node.tag = node.tag.replace(_STRICT, _USUAL)
                for key in [n for n in node.attrib if str(n).startswith(_STRICT)]:
                    node.attrib[str(key).replace(_STRICT, _USUAL)] = node.attrib.pop(key)
        return root

    def properties(self) -> dict[str, str]:
        """Custom properties of the file."""
        root = self.xml("docProps/custom.xml")
        if root is None:
            return {}
        return {
            node.get("name", ""): " ".join("".join(str(t) for t in node.itertext()).split())
            for node in root.iter(f"{_CUSTOM}property")
        }

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> WordPackage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in name[:80])


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} cannot be read as a Word file: {why}", "Save it as .docx again.")
