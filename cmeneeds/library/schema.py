"""The tables of a library file, and how one record is turned into its index entries.

One FTS5 table answers every text query. Controlled values (MeSH descriptors, publication types,
languages, journals, authors) stand in its ``codes`` column as single tokens, so that exact lookups
and free text combine inside one full-text query. Every code starts with two letters for its kind:

    mh  MeSH descriptor             mhd003924, with subheading mhd003924q000188
    mj  the same, as major topic    mjd003924, mjd003924q000188
    sh  MeSH subheading             shq000188
    nm  substance or supplementary  nmd000431, nmc000657245
    pt  publication type            ptd016428
    la  language                    laeng
    ta  journal: NLM abbreviation, full title, ISSN, NLM id   tacurrbiol, ta09609822
    au  author: last name 0 initials                          aubainton0rj
    sb  subset or status            sbmedline, sbhasabstract
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from cmeneeds.records import Article, Author, Journal

SCHEMA_VERSION = 4
"""Raised whenever tables or index entries change."""

UPGRADABLE = (2, 3)
"""Versions that only lack the tables of :data:`BESIDE`: writing adds them, reading does without.
A library of any other version is refused."""

APPLICATION_ID = 0x434D454E
"""``CMEN``: marks the SQLite file as ours."""

FIELDS = (
    "title", "abstract", "keywords", "mesh", "other", "journal", "affiliations", "codes",
)  # fmt: skip
"""Columns of the full-text table, in order. ``other``: substances, publication types, groups."""

DDL = f"""
CREATE TABLE articles (
    pmid       INTEGER PRIMARY KEY,
    version    INTEGER NOT NULL,
    revised    INTEGER NOT NULL,  -- yyyymmdd, 0 unknown
    printed    INTEGER NOT NULL,  -- first day of the issue date, yyyymmdd, 0 unknown
    electronic INTEGER NOT NULL,  -- online date, yyyymmdd, 0 none
    entered    INTEGER NOT NULL,  -- PubMed's entry date [edat], yyyymmdd, 0 unknown
    digest     BLOB NOT NULL      -- SHA-256 of the record's JSON
);
CREATE TABLE records (             -- apart from articles: date conditions read narrow rows
    pmid   INTEGER PRIMARY KEY,
    record BLOB NOT NULL           -- records.to_json
);
CREATE INDEX articles_printed ON articles (printed);
CREATE INDEX articles_electronic ON articles (electronic) WHERE electronic > 0;
CREATE INDEX articles_entered ON articles (entered);
CREATE INDEX articles_revised ON articles (revised);
CREATE VIRTUAL TABLE fulltext USING fts5(
    {", ".join(FIELDS)},
    content='', columnsize=0, tokenize="unicode61 remove_diacritics 2"
);
CREATE TABLE terms (               -- names seen in records, to turn a name into its code
    kind TEXT NOT NULL,            -- mh, sh, pt, nm
    key  TEXT NOT NULL,            -- term_key(name)
    ui   TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, key, ui)
) WITHOUT ROWID;
CREATE TABLE mesh_tree (           -- empty until MeSH data is added; explosion needs it
    number TEXT NOT NULL,          -- tree number, such as C18.452.394.750
    ui     TEXT NOT NULL,
    PRIMARY KEY (number, ui)
) WITHOUT ROWID;
CREATE INDEX mesh_tree_ui ON mesh_tree (ui);
CREATE TABLE revisions (           -- what articles held before a newer revision replaced it
    pmid    INTEGER NOT NULL,
    version INTEGER NOT NULL,
    revised INTEGER NOT NULL,
    digest  BLOB NOT NULL,
    record  BLOB NOT NULL,
    PRIMARY KEY (pmid, digest)
) WITHOUT ROWID;
CREATE TABLE deletions (           -- PMIDs that NLM withdrew
    pmid      INTEGER PRIMARY KEY,
    import_id INTEGER NOT NULL
);
CREATE TABLE fetches (             -- when a record was last asked for at PubMed
    pmid INTEGER PRIMARY KEY,
    day  TEXT NOT NULL             -- ISO 8601
);
CREATE TABLE imports (
    id       INTEGER PRIMARY KEY,
    source   TEXT NOT NULL,        -- file name or service, never a path
    sha256   TEXT NOT NULL,
    started  TEXT NOT NULL,        -- ISO 8601, UTC
    finished TEXT,                 -- NULL while under way or after an interruption
    read     INTEGER NOT NULL DEFAULT 0,
    added    INTEGER NOT NULL DEFAULT 0,
    updated  INTEGER NOT NULL DEFAULT 0,
    same     INTEGER NOT NULL DEFAULT 0,
    older    INTEGER NOT NULL DEFAULT 0,
    deleted  INTEGER NOT NULL DEFAULT 0,
    problems TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE searches (
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,     -- ISO 8601, UTC
    query       TEXT NOT NULL,
    translation TEXT NOT NULL,
    count       INTEGER NOT NULL
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

BESIDE = """
CREATE TABLE IF NOT EXISTS documents ( -- texts beside PubMed records: full articles, book sections
    id       TEXT PRIMARY KEY,     -- such as PMC3258215 or NBK12345
    source   TEXT NOT NULL,        -- pmc, bookshelf
    pmid     INTEGER,
    fetched  TEXT NOT NULL,        -- day, ISO 8601
    revised  INTEGER NOT NULL,     -- revision of the PubMed record at that time, 0 unknown
    problem  TEXT NOT NULL,        -- why there is no document; empty where there is one
    document BLOB                  -- documents.document_to_json
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_pmid ON documents (pmid);
CREATE TABLE IF NOT EXISTS links ( -- what elink, or the record itself, said
    pmid     INTEGER NOT NULL,
    name     TEXT NOT NULL,        -- elink's linkname, such as pubmed_pubmed_citedin
    position INTEGER NOT NULL,     -- in the order of the service
    target   INTEGER NOT NULL,     -- UID in the database that the name leads to
    score    INTEGER,              -- of related articles
    PRIMARY KEY (pmid, name, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_target ON links (name, target);
CREATE TABLE IF NOT EXISTS asked ( -- when it was asked, also where nothing came back
    pmid INTEGER NOT NULL,
    name TEXT NOT NULL,            -- linkname, or ``standing``
    day  TEXT NOT NULL,            -- ISO 8601
    PRIMARY KEY (pmid, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS own_sources ( -- the writer's own documents; originals in sources/
    id       TEXT PRIMARY KEY,     -- OWN and a number made of the hash
    sha256   TEXT NOT NULL,        -- of the original, hex
    kind     TEXT NOT NULL,        -- pdf, docx, html, markdown, text, csv
    name     TEXT NOT NULL,        -- of the file or page, never a path
    added    TEXT NOT NULL,        -- ISO 8601, UTC
    document BLOB NOT NULL         -- documents.document_to_json
) WITHOUT ROWID;
"""
"""What the library knows beside the records."""

_NOT_ALNUM = re.compile(r"[\W_]+")


def term_key(name: str) -> str:
    """Key under which a controlled name is looked up: case, spacing and width folded."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=65536)  # names repeat from record to record
def code_key(text: str) -> str:
    """Fold a free name (journal, author) to the letters and digits of a code token."""
    if text.isascii() and text.isalnum():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _NOT_ALNUM.sub("", "".join(c for c in plain if not unicodedata.combining(c)))


def author_code(last: str, initials: str) -> str:
    """Code of an author; ``0`` keeps last name and initials apart and ends a bare last name."""
    return f"au{code_key(last)}0{code_key(initials)}"


def _author_codes(people: tuple[Author, ...]) -> list[str]:
    return [author_code(p.last, p.initials) for p in people if p.last]


@lru_cache(maxsize=4096)
def _journal_codes(journal: Journal) -> tuple[str, ...]:
    j = journal
    names = {code_key(n) for n in (j.medline, j.iso, j.title, j.issn, j.issn_linking, j.nlm_id)}
    return tuple(f"ta{n}" for n in sorted(names) if n)


def terms_of(article: Article) -> list[tuple[str, str, str]]:
    """Return the controlled names in a record as (kind, ui, name)."""
    found = [("mh", m.ui, m.name) for m in article.mesh]
    found += [("sh", q.ui, q.name) for m in article.mesh for q in m.qualifiers]
    found += [("pt", t.ui, t.name) for t in article.publication_types]
    found += [("nm", t.ui, t.name) for t in article.substances + article.supplementary]
    return [f for f in found if f[1]]


def index_row(article: Article) -> tuple[str, ...]:
    """Return what the full-text table holds for a record, in the order of ``FIELDS``.

    Must give the same text for the same record for ever (within one ``SCHEMA_VERSION``): a
    contentless FTS5 table forgets an entry only when told exactly what it was made from.
    """
    codes: list[str] = []
    mesh: list[str] = []
    for m in article.mesh:
        mesh.append(m.name)
        ui = m.ui.lower()
        codes.append(f"mh{ui}")
        if m.is_major:
            codes.append(f"mj{ui}")
        for q in m.qualifiers:
            mesh.append(q.name)
            codes += [f"sh{q.ui.lower()}", f"mh{ui}{q.ui.lower()}"]
            if q.major:
                codes.append(f"mj{ui}{q.ui.lower()}")
    other = [t.name for t in article.substances + article.supplementary]
    codes += [f"nm{t.ui.lower()}" for t in article.substances + article.supplementary if t.ui]
    other += [t.name for t in article.publication_types]
    codes += [f"pt{t.ui.lower()}" for t in article.publication_types if t.ui]
    codes += [f"la{code_key(language)}" for language in article.languages]
    codes += _author_codes(article.authors)
    other += [a.collective for a in article.authors if a.collective]
    j = article.journal
    codes += _journal_codes(j)
    if article.status:
        codes.append(f"sb{code_key(article.status)}")
    if article.sections:
        codes.append("sbhasabstract")
    abstract = [s.text for s in article.sections]
    abstract += [s.text for o in article.other_abstracts for s in o.sections]
    title = [article.title, article.vernacular_title]
    if article.book:
        other.append(article.book.title)
    return (
        "\n".join(t for t in title if t),
        "\n".join(abstract),
        "\n".join(k.text for k in article.keywords),
        "\n".join(mesh),
        "\n".join(other),
        "\n".join(t for t in (j.title, j.medline) if t),
        "\n".join(x for a in article.authors for x in a.affiliations),
        " ".join(codes),
    )
