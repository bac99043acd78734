"""The names that PubMed's query language has: field tags, stop words, languages, subheadings.

From the PubMed User Guide (https://pubmed.ncbi.nlm.nih.gov/help/) and, for the names in four
letters such as TITL, from einfo's list of PubMed's fields.
"""

from __future__ import annotations

import re

from cmeneeds.errors import QuerySyntaxError, QueryUnsupported

FIELDS = {
    "all": "All Fields", "ti": "Title", "ab": "Abstract", "tiab": "Title/Abstract",
    "tw": "Text Word", "mh": "MeSH Terms", "mh:noexp": "MeSH Terms:noexp",
    "majr": "MeSH Major Topic", "majr:noexp": "MeSH Major Topic:noexp", "sh": "MeSH Subheading",
    "sh:noexp": "MeSH Subheading:noexp", "pt": "Publication Type",
    "pt:noexp": "Publication Type:noexp", "nm": "Substance Name", "la": "Language",
    "au": "Author", "ta": "Journal", "ad": "Affiliation", "ot": "Other Term", "pmid": "PMID",
    "sb": "Filter", "dp": "Date - Publication", "ppdat": "Print Publication Date",
    "epdat": "Electronic Publication Date", "edat": "Date - Entry", "lr": "Date - Modification",
}  # fmt: skip
"""Short tag of every supported field -> PubMed's long name for it."""

DATE_FIELDS = frozenset({"dp", "ppdat", "epdat", "edat", "lr"})
NO_TRUNCATION = DATE_FIELDS | {"la", "pmid", "sb"}

_ALIASES = {
    "title": "ti", "abstract": "ab", "text": "tw", "text words": "tw", "mesh": "mh",
    "mesh term": "mh", "mesh:noexp": "mh:noexp", "mesh term:noexp": "mh:noexp",
    "mesh major topics": "majr", "mesh subheadings": "sh", "subheading": "sh", "ptyp": "pt",
    "publication types": "pt", "supplementary concept": "nm", "substance": "nm", "lang": "la",
    "authors": "au", "author name": "au", "jour": "ta", "journal title": "ta", "affl": "ad",
    "other terms": "ot", "keyword": "ot", "keywords": "ot", "uid": "pmid", "subset": "sb",
    "filter": "sb", "pdat": "dp", "publication date": "dp", "date of publication": "dp",
    "entry date": "edat", "date - entrez": "edat", "entrez date": "edat", "mdat": "lr",
    "modification date": "lr", "date - last revised": "lr", "titl": "ti", "word": "tw",
    "auth": "au", "subh": "sh", "subs": "nm", "otrm": "ot", "filt": "sb", "ppdt": "ppdat",
    "epdt": "epdat",
}  # fmt: skip
_TAGS = {label.lower(): key for key, label in FIELDS.items()} | _ALIASES | {k: k for k in FIELDS}

_UNSUPPORTED = {
    name: label
    for label, names in {
        "Article Identifier": "aid doi lid", "Author Cluster ID": "aucl",
        "Author Identifier": "auid orcid",
        "Author - Full": "fau|full|full author name|author - full",
        "Author - First": "1au|faut|first author name|author - first",
        "Author - Last": "lastau|laut|last author name|author - last",
        "Author - Corporate": "cn|coln|corporate author|author - corporate",
        "Book": "book", "Conflict of Interest Statements": "cois",
        "Date - Completion": "dcom|cdat|completion date|date - completion",
        "Date - Create": "crdt|create date|date - create",
        "Date - MeSH": "mhda|mesh date|date - mesh", "Editor": "ed", "Extended PMID": "eid",
        "Grants and Funding": "gr|grnt|grant number|grants", "Investigator": "ir invr",
        "Investigator - Full": "fir|finv|full investigator name", "ISBN": "isbn", "ISSN": "is issn",
        "Issue": "ip iss", "Location ID": "location id", "NLM Unique ID": "jid",
        "Pagination": "pg page", "Personal Name as Subject": "ps|subject - personal name",
        "Pharmacological Action": "pa papx", "Place of Publication": "pl cnty",
        "PMC ID": "pmc pmcid pmcr", "Publisher": "pubn", "Publisher ID": "pid",
        "EC/RN Number": "rn|ecno|registry number", "Reference": "rf",
        "Secondary Source ID": "si", "Transliterated Title": "tt", "Volume": "vi vol",
    }.items()
    for name in (*(names.split("|") if "|" in names else names.split()), label.lower())
}  # fmt: skip
"""Tags that PubMed has and a library has not, by every name."""

_STOP_WORDS = (
    "a about again all almost also although always among an and another any are as at be because "
    "been before being between both but by can could did do does done due during each either "
    "enough especially etc for found from further had has have having here how however i if in "
    "into is it its itself just kg km made mainly make may mg might ml mm most mostly must nearly "
    "neither no nor not obtained of often on or our overall perhaps pmid quite rather really "
    "regarding seem seen several should show showed shown shows significantly since so some such "
    "than that the their theirs them then there therefore these they this those through thus to "
    "upon use used using various very was we were what when which while with within without "
    "would"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""PubMed's list, with the lower-case operator words."""


def resolve_tag(tag: str, position: int) -> str:
    """Return the key of :data:`FIELDS` that a field tag stands for."""
    if found := _TAGS.get(tag):  # nearly always
        return found
    name = re.sub(r"\s*([:/])\s*", r"\1", " ".join(tag.lower().split()))
    name = re.sub(r"\s*-\s*", " - ", name) if "date" in name or "author" in name else name
    if found := _TAGS.get(name):
        return found
    offered = f"Offered are {', '.join(f'[{key}]' for key in FIELDS)}."
    if ":~" in name:
        raise QueryUnsupported(
            f"proximity search [{tag[:40]}]", "Write a phrase, or words joined by AND.", position
        )
    if label := _UNSUPPORTED.get(name.removesuffix(":noexp")):
        raise QueryUnsupported(f"the field {label} [{tag[:40]}]", offered, position)
    raise QuerySyntaxError(f"unknown field tag [{tag[:40]}]", offered, position)


_LANGUAGE_NAMES = (
    "afrikaans:afr albanian:alb amharic:amh arabic:ara armenian:arm azerbaijani:aze "
    "bengali:ben bosnian:bos bulgarian:bul catalan:cat chinese:chi croatian:hrv czech:cze "
    "danish:dan dutch:dut english:eng esperanto:epo estonian:est finnish:fin french:fre "
    "georgian:geo german:ger greek:gre hebrew:heb hindi:hin hungarian:hun icelandic:ice "
    "indonesian:ind italian:ita japanese:jpn kinyarwanda:kin korean:kor latin:lat latvian:lav "
    "lithuanian:lit macedonian:mac malay:may malayalam:mal maori:mao multilingual:mul "
    "norwegian:nor persian:per polish:pol portuguese:por pushto:pus romanian:rum russian:rus "
    "sanskrit:san serbian:srp slovak:slo slovenian:slv spanish:spa swedish:swe thai:tha "
    "turkish:tur ukrainian:ukr undetermined:und urdu:urd vietnamese:vie welsh:wel"
)
LANGUAGES = dict(pair.split(":") for pair in _LANGUAGE_NAMES.split())
"""Language -> code, as MARC and PubMed have them."""

_SUBHEADING_NAMES = (
    "ab:abnormalities|ad:administration & dosage|ae:adverse effects|ag:agonists|"
    "aa:analogs & derivatives|an:analysis|ah:anatomy & histology|"
    "ai:antagonists & inhibitors|bi:biosynthesis|bl:blood|bs:blood supply|"
    "cf:cerebrospinal fluid|cs:chemical synthesis|ci:chemically induced|ch:chemistry|"
    "cl:classification|co:complications|cn:congenital|cy:cytology|df:deficiency|"
    "di:diagnosis|dg:diagnostic imaging|dh:diet therapy|de:drug effects|dt:drug therapy|"
    "ec:economics|ed:education|em:embryology|en:enzymology|ep:epidemiology|es:ethics|"
    "eh:ethnology|et:etiology|ge:genetics|gd:growth & development|hi:history|im:immunology|"
    "in:injuries|ir:innervation|is:instrumentation|ip:isolation & purification|"
    "lj:legislation & jurisprudence|ma:manpower|me:metabolism|mt:methods|mi:microbiology|"
    "mo:mortality|nu:nursing|og:organization & administration|ps:parasitology|"
    "py:pathogenicity|pa:pathology|pk:pharmacokinetics|pd:pharmacology|ph:physiology|"
    "pp:physiopathology|po:poisoning|pc:prevention & control|px:psychology|"
    "re:radiation effects|rt:radiotherapy|rh:rehabilitation|sc:secondary|st:standards|"
    "sn:statistics & numerical data|sd:supply & distribution|su:surgery|tu:therapeutic use|"
    "th:therapy|to:toxicity|tm:transmission|tr:transplantation|td:trends|"
    "ul:ultrastructure|ur:urine|ve:veterinary|vi:virology"
)
SUBHEADINGS = dict(pair.split(":") for pair in _SUBHEADING_NAMES.split("|"))
"""Two-letter abbreviation -> MeSH subheading."""
