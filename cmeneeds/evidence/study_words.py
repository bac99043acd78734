"""Words that name countries, settings, populations and professions, found in one pass.

Each entry is found by its first word, so that a record is read once whatever the number of entries.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from cmeneeds.evidence.lexicon import alternatives_of


class Mention(NamedTuple):
    """Words that name something, and where they stand in the text that was read."""

    fact: str
    """``country``, ``setting``, ``population`` or ``profession``."""
    value: str
    start: int
    end: int


_COUNTRIES = """
Afghanistan; Albania; Algeria; Angola; Argentina; Armenia; Australia; Austria; Azerbaijan;
Bahrain; Bangladesh; Belarus; Belgium; Benin; Bolivia; Bosnia and Herzegovina; Botswana;
Brazil; Bulgaria; Burkina Faso; Burundi; Cambodia; Cameroon; Canada; Chile; China; Colombia;
Costa Rica; Croatia; Cuba; Cyprus; Czech Republic; Democratic Republic of the Congo; Denmark;
Dominican Republic; Ecuador; Egypt; El Salvador; Eritrea; Estonia; Eswatini; Ethiopia; Finland;
France; Gabon; Germany; Ghana; Greece; Guatemala; Haiti; Honduras; Hong Kong; Hungary; Iceland;
India; Indonesia; Iran; Iraq; Ireland; Israel; Italy; Jamaica; Japan; Jordan; Kazakhstan;
Kenya; Kosovo; Kuwait; Kyrgyzstan; Laos; Latvia; Lebanon; Lesotho; Liberia; Libya; Lithuania;
Luxembourg; Madagascar; Malawi; Malaysia; Mali; Malta; Mauritania; Mauritius; Mexico; Moldova;
Mongolia; Montenegro; Morocco; Mozambique; Myanmar; Namibia; Nepal; Netherlands; New Zealand;
Nicaragua; Niger; Nigeria; North Macedonia; Norway; Oman; Pakistan; Palestine; Panama; Papua
New Guinea; Paraguay; Peru; Philippines; Poland; Portugal; Puerto Rico; Qatar; Romania; Russia;
Rwanda; Saudi Arabia; Senegal; Serbia; Sierra Leone; Singapore; Slovakia; Slovenia; Somalia;
South Africa; South Korea; South Sudan; Spain; Sri Lanka; Sudan; Sweden; Switzerland; Syria;
Taiwan; Tajikistan; Tanzania; Thailand; The Gambia; Togo; Trinidad and Tobago; Tunisia; Turkey;
Uganda; Ukraine; United Arab Emirates; United Kingdom; United States; Uruguay; Uzbekistan;
Venezuela; Vietnam; Yemen; Zambia; Zimbabwe
"""
_OTHER_NAMES = {
    "United States": r"United States(?: of America)?|USA\b|U\.S\.A?\.?|US(?=\W)(?!\s?\$)",
    "United Kingdom": r"United Kingdom|UK\b|U\.K\.|Great Britain|England|Scotland|Wales(?=\W)|"
    r"Northern Ireland",
    "South Korea": r"South Korea|Republic of Korea|Korea\b(?!n)",
    "Russia": r"Russian Federation|Russia\b",
    "Turkey": r"Turkey\b|T\u00fcrkiye",
    "Vietnam": r"Viet ?[Nn]am\b",
    "Czech Republic": r"Czech Republic|Czechia",
    "Netherlands": r"Netherlands\b",
    "Ireland": r"(?<!Northern )Ireland\b",
    "Sudan": r"(?<!South )Sudan\b",
    "Myanmar": r"Myanmar\b|Burma\b",
}
_DEMONYMS = {
    "United States": "American", "United Kingdom": "British|English|Scottish|Welsh",
    "Australia": "Australian", "Austria": "Austrian", "Bangladesh": "Bangladeshi",
    "Belgium": "Belgian", "Brazil": "Brazilian", "Canada": "Canadian", "Chile": "Chilean",
    "China": "Chinese", "Colombia": "Colombian", "Croatia": "Croatian", "Denmark": "Danish",
    "Egypt": "Egyptian", "Ethiopia": "Ethiopian", "Finland": "Finnish", "France": "French",
    "Germany": "German", "Ghana": "Ghanaian", "Greece": "Greek", "Hungary": "Hungarian",
    "India": "Indian", "Indonesia": "Indonesian", "Iran": "Iranian", "Iraq": "Iraqi",
    "Ireland": "Irish", "Israel": "Israeli", "Italy": "Italian", "Japan": "Japanese",
    "Jordan": "Jordanian", "Kenya": "Kenyan", "South Korea": "(?:South )?Korean",
    "Lebanon": "Lebanese", "Malaysia": "Malaysian", "Mexico": "Mexican", "Nepal": "Nepalese",
    "Netherlands": "Dutch", "Nigeria": "Nigerian", "Norway": "Norwegian", "Pakistan": "Pakistani",
    "Poland": "Polish", "Portugal": "Portuguese", "Romania": "Romanian", "Russia": "Russian",
    "Saudi Arabia": "Saudi", "Singapore": "Singaporean", "Spain": "Spanish", "Sweden": "Swedish",
    "Switzerland": "Swiss", "Taiwan": "Taiwanese", "Thailand": "Thai", "Tunisia": "Tunisian",
    "Turkey": "Turkish", "Uganda": "Ugandan", "Vietnam": "Vietnamese",
}  # fmt: skip
_LOCAL = (
    r"\s(?:[a-z-]+\s){0,2}(?:adults|patients|children|women|men|adolescents|physicians|doctors|"
    r"nurses|"
    r"hospitals?|students|residents|surgeons|pharmacists|clinicians|GPs|general practitioners|"
    r"population|cohort|centers|centres|registry|healthcare|health care|universit\w+|adolescents|"
    r"citizens|people|individuals|participants|workers|dentists|ICUs?|intensive care|pregnant|"
    r"emergency|primary care|national|nationwide|public|older|health)\b"
)
_SETTINGS = {
    "primary care": r"primary (?:health ?)?care\b|general practices?\b|family practices?\b|"
    r"family medicine (?:clinics?|practices?|residen\w+)",
    "emergency department": r"emergency (?:departments?|rooms?|medicine|services?)\b|EDs?\b(?=\W)",
    "intensive care unit": r"intensive care\b|ICUs?\b|critical care units?\b",
    "tertiary hospital": r"tertiary(?:[- ]level|[- ]referral|[- ]care)? (?:\w+ ){0,2}"
    r"(?:hospitals?|cent(?:er|re)s?|care|institution)|tertiary care\b",
    "teaching hospital": r"(?:academic|university|teaching)(?:[- ]affiliated)? "
    r"(?:\w+ ){0,2}(?:hospitals?|(?:medical )?cent(?:er|re)s?)\b",
    "community hospital": r"community hospitals?\b|district hospitals?\b|rural hospitals?\b",
    "hospital": r"hospitals?\b|inpatients?\b|hospitali[sz]ed (?:patients|adults|children)",
    "outpatient clinic": r"outpatients?\b|ambulatory (?:care|clinics?)\b",
    "nursing home": r"nursing homes?\b|long-?term care\b|care homes?\b|skilled nursing\b",
    "pharmacy": r"(?:community |retail )?pharmac(?:y|ies)\b",
    "home care": r"home (?:health ?)?care\b|home visits?\b",
    "community": r"community[- ](?:dwelling|based|living)\b",
    "school or university": r"(?:medical|nursing|dental|pharmacy|primary|secondary|"
    r"high) schools?\b|"
    r"universit(?:y|ies)\b(?! hospital| medical)",
    "telehealth": r"tele(?:health|medicine|consultations?)\b",
    "rural area": r"rural (?:areas?|communit\w+|setting|counties|residents)",
    "low- or middle-income country": r"low-? (?:and|or|to) middle-?[- ]income|LMICs?\b|"
    r"resource[- ](?:limited|poor|constrained)",
}
_POPULATIONS = {
    "newborns": r"newborns?\b|neonates?\b|neonatal\b|preterm infants\b",
    "infants": r"infants?\b",
    "children": r"child(?:ren)?\b|paediatric\b|pediatric\b",
    "adolescents": r"adolescents?\b|teenagers?\b",
    "adults": r"adults?\b(?! stem)",
    "older adults": r"(?:older|elderly) (?:adults?|people|patients|persons|women|men)\b|elderly\b|"
    r"geriatric\b|aged (?:65|70|75|80) (?:years )?(?:and|or) (?:older|over|above)",
    "women": r"women\b|females\b",
    "pregnant women": r"pregnant (?:women|patients|people)\b|pregnanc(?:y|ies)\b|antenatal\b",
    "men": r"men\b",
    "patients": r"(?:in|out)?patients?\b",
    "caregivers": r"caregivers?\b|carers\b|parents\b|mothers\b|fathers\b",
    "veterans": r"veterans\b",
    "racial or ethnic minorities": r"(?:racial|ethnic) (?:and \w+ )?minorit(?:y|ies)\b",
    "students": r"students\b",
    "health professionals": r"health ?care (?:workers|professionals|providers|personnel)\b|HCWs\b|"
    r"health (?:workers|professionals)\b",
}
_PROFESSIONS = {
    "general practitioners": r"general practitioners?\b|GPs\b|family (?:physicians?|doctors?)\b|"
    r"primary care (?:physicians?|providers?|clinicians?|practitioners?)\b|PCPs\b|"
    r"family medicine residents\b",
    "nurses": r"nurses?\b|nursing (?:staff|personnel)\b|midwi(?:fe|ves)\b",
    "nurse practitioners": r"nurse practitioners?\b|advanced practice (?:nurses|providers)\b",
    "physician assistants": r"physician assistants?\b|physician associates?\b",
    "physicians": r"physicians\b|doctors\b|clinicians\b|hospitalists?\b",
    "pharmacists": r"pharmacists?\b|pharmacy (?:staff|technicians)\b",
    "surgeons": r"surgeons\b",
    "dentists": r"dentists?\b|dental (?:practitioners|professionals)\b|orthodontists\b",
    "residents and trainees": r"(?:medical|medicine|surgical|surgery|radiology|psychiatry|"
    r"neurology|"
    r"obstetrics|gynecology|dermatology|paediatric|pediatric|orthopaedic|orthopedic|dental|"
    r"pharmacy|"
    r"resident) (?:residents|physicians|doctors|trainees)\b|residents and (?:fellows|faculty|"
    r"attending)|"
    r"(?:medical )?trainees\b|(?:medical )?interns\b|house officers\b|residency programs?\b",
    "medical students": r"medical students\b",
    "nursing students": r"nursing students\b",
    "specialists": r"(?:cardi|dermat|neur|onc|ophthalm|ur|gastroenter|rheumat|endocrin|pulmon|"
    r"nephr|"
    r"radi|gynec|gynaec|hemat|haemat|path|anesthesi|anaesthesi|neonat|hepat|psych|allerg|"
    r"immun)ologists\b|"
    r"psychiatrists\b|paediatricians\b|pediatricians\b|internists\b|obstetricians\b|"
    r"geriatricians\b|"
    r"anesthetists\b|anaesthetists\b|intensivists\b|epileptologists\b",
    "therapists": r"(?:physio|physical |occupational |speech |psycho)therapists?\b|"
    r"physical therapists\b",
    "dietitians": r"dieti[tc]ians?\b|nutritionists?\b",
    "social workers": r"social workers\b",
    "paramedics": r"paramedics?\b|emergency medical (?:technicians|services personnel)\b",
    "health professionals": r"health ?care (?:workers|professionals|providers|personnel|"
    r"practitioners)\b|"
    r"HCWs\b|HCPs\b|health (?:workers|professionals|personnel)\b",
}
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")


class _Entry(NamedTuple):
    fact: str
    value: str
    pattern: re.Pattern[str]


@cache
def _entries() -> dict[str, tuple[_Entry, ...]]:
    """Entries by the first four small letters of what they match."""
    table: dict[str, list[_Entry]] = {}

    def add(fact: str, value: str, words: str, flags: re.RegexFlag) -> None:
        for alternative in alternatives_of(words):
            entry = _Entry(fact, value, re.compile(alternative, flags))
            for key in _keys(alternative):
                table.setdefault(key, []).append(entry)

    for name in (" ".join(_COUNTRIES.split())).split("; "):
        add("country", name, _OTHER_NAMES.get(name, rf"{name}\b"), re.NOFLAG)
    for name, words in _DEMONYMS.items():
        add("country", name, "|".join(f"{w}{_LOCAL}" for w in alternatives_of(words)), re.NOFLAG)
    for fact, group in (
        ("setting", _SETTINGS), ("population", _POPULATIONS), ("profession", _PROFESSIONS)
    ):  # fmt: skip
        for name, words in group.items():
            add(fact, name, words, re.IGNORECASE)
    return {key: tuple(found) for key, found in table.items()}


def _keys(pattern: str) -> set[str]:
    """First letters, up to four, of the words that a pattern can begin with."""
    begun = re.sub(r"^\(\?<![^)]*\)", "", pattern)
    heads = [begun]
    # A group at the start stands for each of its alternatives, an optional one for none as well.
    group = re.match(r"\(\?:((?:[^()]|\([^()]*\))*)\)(\??)", begun)
    if group:
        rest = begun[group.end() :]
        heads = [one + rest for one in alternatives_of(group[1])] + ([rest] if group[2] else [])
    keys = set()
    for head in heads:
        if head.startswith("(?:"):
            keys |= _keys(head)
            continue
        letters = _WORD.match(head)
        word = letters.group() if letters else ""
        following = head[len(word) : len(word) + 1]
        if following == "?":
            keys.add(word[:-1].lower()[:4])
        if following in ("?", "(", "[") and len(word) < 4:
            keys.add(word.lower()[:3])
        keys.add(word.lower()[:4])
    return {key for key in keys if key}


def mentions(text: str) -> list[Mention]:
    """Find what a text names, longest first where several entries begin at a word.

    Parameters
    ----------
    text : str
        A title or a section.

    Returns
    -------
    list of Mention
        In order of place; one per fact and place.
    """
    table = _entries()
    found: list[Mention] = []
    until = dict.fromkeys(("country", "setting", "population", "profession"), 0)
    for word in _WORD.finditer(text):
        key = word.group()[:4].lower()
        candidates = table.get(key) or table.get(key[:3])
        if not candidates:
            continue
        best: dict[str, Mention] = {}
        for entry in candidates:
            if word.start() < until[entry.fact]:
                continue
            m = entry.pattern.match(text, word.start())
            if m and (entry.fact not in best or m.end() > best[entry.fact].end):
                best[entry.fact] = Mention(entry.fact, entry.value, m.start(), m.end())
        for fact, mention in best.items():
            found.append(mention)
            until[fact] = mention.end
    return found
