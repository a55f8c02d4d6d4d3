"""Names of firms: as keys under which spellings meet, and taken apart.

Firms appear in many scripts, in long and short forms. A name is cleaned into words
(`NameRules.clean`), which `cluster_anatomy.firms.linkage` compares; its *core* and its place are
read apart, since half of the industry's firms are called after a city. The words to take off are
data (``data/raw/coding/name_words.csv`` and ``legal_forms.csv``), so a rule can be read and changed
without touching code.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, cached_property
from hashlib import sha256

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.firms.places import Place
from cluster_anatomy.firms.romanisation import romanised
from cluster_anatomy.firms.scripts import (
    BRACKETS,
    ascii_fold,
    fold,
    is_chinese,
    is_east_asian,
    pinyin,
    simplified,
)
from cluster_anatomy.tables.cells import split

# --- Names as keys


def slug(text: str) -> str:
    """Turn a name into an id: ``China 3S Bio`` becomes ``cn-3s-bio``; Chinese is romanised."""
    country, name = text.split(" ", 1)
    code = {"China": "cn", "USA": "us"}.get(country, ascii_fold(country)[:12])
    words = "".join(
        f" {pinyin(char)} " if is_chinese(char) else char for char in name.replace("&", " and ")
    )
    # a name in a script that is not romanised here still needs an id that does not depend on the
    # order of rows
    parts = re.findall("[a-z0-9]+", ascii_fold(words)) or [sha256(name.encode()).hexdigest()[:8]]
    return "-".join([code, *parts])


def person_name(name: str) -> str:
    """Return a person's name without what stands in brackets (another script, a share, a role)."""
    return " ".join(name.split("(")[0].split(",")[0].split())


def organisation_key(name: str) -> str:
    """Return a key under which two spellings of an organisation meet."""
    bare = BRACKETS.sub("", name)
    words = ascii_fold(bare).replace(",", " ").replace(".", " ").replace("&", " and ").split()
    drop = {"co", "ltd", "inc", "corp", "corporation", "company", "the", "group"}
    return " ".join(sorted(word for word in words if word not in drop)) or bare.strip()


def name_index(firms: pd.DataFrame) -> dict[str, str]:
    """Map every name that a firm goes by to its main English (else Chinese) name."""
    index: dict[str, str] = {}
    for firm in firms.itertuples():
        main = firm.name_en if pd.notna(firm.name_en) else firm.name_zh
        for name in [*split(firm.name_en), *split(firm.name_zh), *split(firm.other_names)]:
            index.setdefault(organisation_key(name), main)
    return index


# --- What is taken off a name whatever the tables say

FORMERLY = re.compile(
    r"[(（]\s*(?:formerly(?: known as)?|f/?k/?a|previously|ehemals|vormals|anciennement"
    r"|原名|曾用名|前身为?)[:：]?\s*([^()（）]+)[)）]",
    re.IGNORECASE,
)
SMALL_WORDS = frozenset(["and", "the", "of", "de", "la", "y", "et", "und", "e"])
"""Words that carry nothing: a name with and without them is one name."""
PLAIN_FORMS = frozenset(
    ["co", "corp", "corporation", "inc", "incorporated", "ltd", "limited", "llc", "plc"]
)
"""Legal forms that are taken off before the last word, too (``Churchill Capital Corp II``)."""
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
LAST_ROMAN = {"i": "1", "v": "5", "x": "10"}
"""Roman numbers that are read as such only where they end a name."""

_EXCHANGE_PREFIX = re.compile(r"^(?:\*ST|S\*ST|SST|ST|XD|XR|DR)(?=[\u3400-\u9fff])")
_EXCHANGE_SUFFIX = re.compile(r"(?<=[\u3400-\u9fff])(?:[AB]|-[A-Z]{1,3})$")
_HAN_REMNANT = re.compile(
    r"(?<=[\u3400-\u9fff]{2})股份$|(?<=[\u3400-\u9fff])[省市](?=[\u3400-\u9fff]{2})"
)
_HAN_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+|[a-z0-9]+")
_GLUED_SCRIPTS = re.compile(r"[\uac00-\ud7af\u0e00-\u0e7f]")
"""Hangul and Thai, in which a legal form may stand beside a name without a blank."""
_JAPANESE = re.compile(r"[\u3040-\u30ff]|株式会社|株式會社|有限会社|合同会社|合資会社|㈱|㈲")
_VOWELS = "".join(
    chr(code)
    for code in range(0x0591, 0xFFFF)
    if unicodedata.category(chr(code)).startswith("M") and not 0x1AB0 <= code <= 0x20FF
)
"""Signs of vowels and tones of scripts in which they are part of a word."""
_REGISTRY_SUFFIX = re.compile(r"[/\\]\s*(?:[a-z]{2}|new|adr|can)\s*[/\\]?\s*$")
_TOLD_APART = re.compile(r"[(（]\s*((?:north|south|east|west|no\.?\s*\d+|\d+|[ivx]+))\s*[)）]")
"""What stands in brackets and tells a firm from its sister (``Asian Hotels (West)``), folded."""
_SHARES = re.compile(
    r"""[\s,;.([-]+(?:
        (?:class|cl|series|ser)[\s.]*[a-h] | [a-h][\s-]+(?:class|shares?|shs)
        | (?:(?:un)?sponsored\s+)?(?:adr|ads|gdr|gds|cdi|bdr|sdr)s? | depositary\s+receipts?
        | (?:v?na(?:m(?:en)?)?|inh(?:aber)?|st|vzo?|vorz|port|reg|a|b|c)?[\s.-]*o[\s.]?n
        | (?:namens|inhaber|vorzugs|stamm|namen-|inhaber-)-?aktien
        | (?:registered|bearer|ordinary|common|preferred|preference)\s+(?:shares?|stock|shs)
        | (?:ord|ordinary|pref)(?:\s+(?:shares?|shs))?(?:\s+[a-z]{0,3}\s?[\d.,/]+\s?p?)? | shs | npv
        | (?:ad|bp|ca|cd|dk|dl|eo|fk|fm|hd|ir|is|kc|ks|li|ls|mp|nd|nk|pn|rb|rc|rp|sd|sf|sk|sp|tb|yc
            |yn|zy)[\s-]*[,.]?\d[\d.,/]*
    )[\s.)\]]*$""",
    re.VERBOSE,
)
"""What exchanges put behind a name, folded: class and par value of the share, receipts."""
_SIGNS = str.maketrans({"'": "", "’": "", '"': "", "״": "", "&": " and "})
_DOTTED = re.compile(r"\b(\w)\.(?=\w\b)")
_SINGLES = re.compile(r"\b(\w) (?=\w\b)")
_WORD = re.compile(r"[^\W_]")
_NOT_WORD = re.compile(rf"(?:[^\w{_VOWELS}]|_)+")
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PINYIN_V = re.compile(r"^([ln])v(?=[e]|$|[bcdfghjklmnpqrstwxyz])")


def _without_exchange_marks(name: str) -> str:
    """Return a Chinese name without what a stock exchange adds (``*ST``, ``A``, ``-U``)."""
    text = unicodedata.normalize("NFKC", name).strip()
    return _EXCHANGE_SUFFIX.sub("", _EXCHANGE_PREFIX.sub("", text))


def _without_shares(text: str) -> str:
    """Return a folded name without what exchanges put behind it; never nothing."""
    while (hit := _SHARES.search(text)) and _WORD.search(text[: hit.start()]):
        text = text[: hit.start()]
    return text


def _singular(word: str) -> str:
    """Return a word without the s of its plural."""
    if len(word) <= 3 or not word.isalpha():
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and word[-2] not in "su" else word


def _telling(words: list[str]) -> list[str]:
    """Return the words of a name that tell something, a roman number at its end as digits."""
    words = [word for word in words if word not in SMALL_WORDS] or words
    if len(words) > 1 and words[-1] in LAST_ROMAN:
        words[-1] = LAST_ROMAN[words[-1]]
    if len(words) > 2 and words[-2] in PLAIN_FORMS:
        words.pop(-2)
    return words


# --- Names taken apart by tables

Forms = dict[str, list[tuple[list[str], str]]]
"""Legal forms by one of their words: all their words, and the normal form."""


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(words, key=lambda word: (-len(word), word))


def _alternatives(words: Iterable[str]) -> str:
    """Return a pattern for the longest of some words; without words, one that never fits."""
    return "|".join(map(re.escape, _longest_first(words))) or "(?!)"


def _form_at_end(words: list[str], forms: list[tuple[list[str], str]]) -> tuple[int, str]:
    """Return how many words the legal form at the end of a name has, and its normal form."""
    for form, normal in forms:
        if len(form) < len(words) and words[-len(form) :] == form:
            return len(form), normal
    return 0, ""


class NameRules:
    """Take names apart by the tables of name words, provinces and places.

    Parameters
    ----------
    words : DataFrame
        Columns ``word``, ``script`` (``zh`` or ``en``), ``kind`` (``legal_form``,
        ``industry_word``, ``kept``); optionally ``same_as`` (what the word is read as).
    provinces : DataFrame
        Columns ``province``, ``name_zh``.
    places : DataFrame
        Columns ``name``, ``name_zh``, ``aliases``, ``admin``, ``country``, ``metro``.
    legal_forms : DataFrame, optional
        Columns ``form`` (folded words), ``normal``, ``placement`` (``end`` or ``both``).
    """

    def __init__(
        self,
        words: pd.DataFrame,
        provinces: pd.DataFrame,
        places: pd.DataFrame,
        legal_forms: pd.DataFrame | None = None,
    ):
        if legal_forms is None:
            legal_forms = pd.DataFrame(columns=["form", "normal", "placement"], dtype="str")
        if "same_as" not in words:
            words = words.assign(same_as=pd.NA)
        self._words = words
        self._provinces = provinces
        self._places = places
        self._legal_forms = legal_forms
        self._normal: dict[str, str] = {}

    def _list(self, script: str, *kinds: str) -> list[str]:
        rows = (self._words["script"] == script) & self._words["kind"].isin(kinds)
        return _longest_first(self._words.loc[rows, "word"])

    # --- Places in names

    @cached_property
    def _chinese_places(self) -> dict[str, Place]:
        places = {row.name_zh: Place(admin=row.province) for row in self._provinces.itertuples()}
        for row in self._places.dropna(subset=["name_zh"]).itertuples():
            places[row.name_zh] = Place(metro=row.metro, admin=row.admin)
        return {word: places[word] for word in _longest_first(places)}

    @cached_property
    def _english_places(self) -> dict[str, Place]:
        """English place words; a word that names two places (Taizhou, Fuzhou) keeps neither."""
        provinces = {
            ascii_fold(row.province): Place(admin=row.province)
            for row in self._provinces.itertuples()
        }
        meanings: dict[str, set[Place]] = {}
        for row in self._places.itertuples():
            word = ascii_fold(BRACKETS.sub("", row.name)).strip()
            admin = None if pd.isna(row.admin) else row.admin
            meanings.setdefault(word, set()).add(Place(row.metro, admin))
        return provinces | {
            word: next(iter(places)) if len(places) == 1 else Place()
            for word, places in meanings.items()
        }

    @cached_property
    def _english_pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\b({_alternatives(self._english_places)})\b")

    def place(self, name: str) -> Place:
        """Read the place that a name carries: a Chinese prefix, or an English place word."""
        if is_chinese(name):
            return next(
                (place for word, place in self._chinese_places.items() if name.startswith(word)),
                Place(),
            )
        hit = self._english_pattern.search(ascii_fold(name))
        return self._english_places[hit.group(1)] if hit else Place()

    @cached_property
    def _place_names(self) -> list[list[str]]:
        """Names of places in any script, folded and cut at blanks."""
        names = [*self._provinces["province"], *self._provinces["name_zh"], *self._places["name"]]
        names += list(self._places["country"].dropna())
        names += list(self._places["name_zh"].dropna())
        return [fold(BRACKETS.sub("", name)).replace("'", "").split() for name in names]

    @cached_property
    def place_words(self) -> frozenset[str]:
        """Words of places in any script, folded, as they stand and as words of names are read."""
        words = {word for name in self._place_names for word in name}
        return frozenset(words | {self._word(word) for word in words if word.isascii()})

    @cached_property
    def lone_places(self) -> frozenset[str]:
        """Those of `place_words` that name a place by themselves, as ``York`` does not."""
        words = {name[0] for name in self._place_names if len(name) == 1}
        return frozenset(words | {self._word(word) for word in words if word.isascii()})

    def is_place(self, name: str) -> bool:
        """Say whether a name is nothing but names of places."""
        return all(word in self.place_words for word in self.clean(name)[0])

    # --- The core of a name

    def core(self, name: str) -> str:
        """Return the core of a name: no brackets, place prefix, legal form or industry words.

        Where nothing would be left (``Biotech Pharmaceutical``), the words stay.
        """
        return self._chinese_core(name) if is_chinese(name) else self._english_core(name)

    @cached_property
    def _chinese_endings(self) -> re.Pattern[str]:
        forms = {*self._list("zh", "legal_form"), *filter(is_chinese, self._legal_forms["form"])}
        return re.compile(_alternatives(forms | {simplified(form) for form in forms}))

    @cached_property
    def _chinese_industry(self) -> re.Pattern[str]:
        kept = [f"(?:{re.escape(word)})" for word in self._list("zh", "kept")]
        words = list(map(re.escape, self._list("zh", "industry_word")))
        return re.compile(f"({'|'.join(kept)})|" + "|".join(words))

    def legal(self, name: str) -> str:
        """Return a Chinese name without brackets, spaces and legal form.

        Two prints of one firm share it.
        """
        return self._chinese_endings.sub("", re.sub(r"[\s…·]", "", BRACKETS.sub("", name)))

    def _chinese_core(self, name: str) -> str:
        legal = self.legal(name)
        bare = legal
        while prefix := next(
            (word for word in self._chinese_places if bare.startswith(word)), None
        ):
            bare = bare[len(prefix) :].lstrip("省市")
        core = self._chinese_industry.sub(lambda hit: hit.group(1) or "", bare)
        return core or bare or legal

    @cached_property
    def _english_drop(self) -> set[str]:
        return set(self._list("en", "legal_form", "industry_word"))

    def _english_core(self, name: str) -> str:
        text = re.sub(r"[^a-z0-9 ]", " ", ascii_fold(BRACKETS.sub(" ", name)).replace("&", " and "))
        words = [
            word
            for word in self._english_pattern.sub(" ", text).split()
            if word not in self._english_drop
        ]
        return " ".join(words) or " ".join(text.split())

    # --- Cleaning into words

    def clean(self, name: str) -> tuple[list[str], str, str]:
        """Return what two spellings of one name share.

        Accents, case, punctuation, brackets, registry suffixes (``/DE/``), small words (``of``,
        ``and``) and the legal form at the end (in some countries at the front) are off;
        abbreviations are written out; a plural and its singular are one word; roman numbers are
        digits. Of a name in Chinese or Japanese characters the "words" are its runs of characters.
        If nothing else is there, the legal form stays as the name.

        Returns
        -------
        words : list of str
            In the order of the name.
        legal : str
            Normalised legal form, blank if there is none.
        initials : str
            First letters of all words as written, legal form included; blank for Chinese names.
        """
        if is_east_asian(name):
            return *self._clean_chinese(name), ""
        words = self._folded_words(name)
        initials = "".join([word[0] for word in words if word not in SMALL_WORDS])
        words, legal = self._off_legal(words)
        normal = self._normal
        return [normal.get(word) or self._word(word) for word in _telling(words)], legal, initials

    def _clean_chinese(self, name: str) -> tuple[list[str], str]:
        """Return the runs of characters of a Chinese or Japanese name, and its legal form."""
        text = simplified(_without_exchange_marks(name))
        bare = _HAN_REMNANT.sub("", self.legal(text))
        forms = self._chinese_endings.findall(BRACKETS.sub("", text))
        words = _HAN_RUN.findall(fold(bare)) or _HAN_RUN.findall(fold(text))
        return words, forms[-1] if forms else ""

    def _folded_words(self, name: str) -> list[str]:
        """Return the words of a name in any other script, folded, without punctuation."""
        if " " not in name and len(name) > 15:
            name = _GLUED.sub(" ", name)
        text = _without_shares(_REGISTRY_SUFFIX.sub(" ", fold(name)))
        if _GLUED_SCRIPTS.search(text):
            text = self._glued_forms.sub(" ", text)
        if "(" in text or "（" in text:
            outside = BRACKETS.sub(" ", _TOLD_APART.sub(r" \1 ", text))
            text = outside if _WORD.search(outside) else text
        text = text.translate(_SIGNS)
        if "." in text:
            text = _DOTTED.sub(r"\1", text)
        return _SINGLES.sub(r"\1", _NOT_WORD.sub(" ", text).strip()).split()

    @cached_property
    def _glued_forms(self) -> re.Pattern[str]:
        return re.compile(_alternatives(filter(_GLUED_SCRIPTS.search, self._legal_forms["form"])))

    @cached_property
    def _forms(self) -> tuple[Forms, Forms]:
        """Legal forms by their last word, and those that also open a name by their first.

        Longest first.
        """
        forms = {word: (word, "end") for word in self._list("en", "legal_form") if word != "group"}
        table = self._legal_forms
        table = table[~table["form"].str.contains(r"[\u3400-\u9fff]")]
        for row in table.itertuples():
            forms[row.form] = row.normal, row.placement
        endings: Forms = {}
        openings: Forms = {}
        for form, (normal, placement) in forms.items():
            words = form.split()
            endings.setdefault(words[-1], []).append((words, normal))
            if placement == "both":
                openings.setdefault(words[0], []).append((words, normal))
        for alike in (*endings.values(), *openings.values()):
            alike.sort(key=lambda item: (-len(item[0]), item[0]))
        return endings, openings

    def without_legal_form(self, words: list[str]) -> list[str]:
        """Return folded words without the legal form at their end or, in some countries, front."""
        return self._off_legal(words)[0]

    def _off_legal(self, words: list[str]) -> tuple[list[str], str]:
        """Return folded words without their legal form, and its normal form."""
        endings, openings = self._forms
        legal = ""
        while len(words) > 1:
            size, normal = _form_at_end(words, endings.get(words[-1], []))
            if size:
                words, legal = words[:-size], legal or normal
            elif words[-1] in SMALL_WORDS:
                words = words[:-1]
            else:
                break
        for form, normal in openings.get(words[0], ()) if words else ():
            if len(form) < len(words) and words[: len(form)] == form:
                return words[len(form) :], legal or normal
        return words, legal

    @cached_property
    def _same_as(self) -> dict[str, str]:
        english = self._words[self._words["script"] == "en"].dropna(subset=["same_as"])
        return dict(zip(english["word"], english["same_as"], strict=True))

    def _word(self, word: str) -> str:
        """Return the normal form of a word: abbreviations written out, plural s off; remembered."""
        normal = ROMAN.get(word) or self._same_as.get(word)
        if normal is None:
            normal = _singular(word)
            normal = _PINYIN_V.sub(r"\1u", self._same_as.get(normal, normal))
        self._normal[word] = normal
        return normal

    # --- Chinese names as parts, and in Latin letters

    @cached_property
    def trade_words(self) -> frozenset[str]:
        """Words of the trade in any script, with what they are read as."""
        trade = self._words[self._words["kind"].isin(["industry_word", "kept"])]
        words = set(trade["word"])
        words |= {word for text in trade["same_as"].dropna() for word in text.split()}
        return frozenset(words | {self._word(word) for word in words if not is_chinese(word)})

    @cached_property
    def _chinese_parts(self) -> re.Pattern[str]:
        words = [*self._chinese_places, *self._list("zh", "industry_word", "kept")]
        return re.compile(f"({_alternatives(words)})")

    def cut(self, run: str) -> list[str]:
        """Cut a run of Chinese characters at names of places and words of the trade.

        These stay as parts of their own.
        """
        return [part for part in self._chinese_parts.split(run) if part]

    @cached_property
    def _romanised(self) -> tuple[re.Pattern[str], dict[str, str]]:
        """Chinese places and industry words with their English, longest first."""
        english = {row.name_zh: row.province for row in self._provinces.itertuples()}
        for row in self._places.dropna(subset=["name_zh"]).itertuples():
            english[row.name_zh] = BRACKETS.sub("", row.name).strip()
        words = self._words[(self._words["script"] == "zh") & (self._words["kind"] != "legal_form")]
        meanings = words["same_as"].fillna(words["word"].map(pinyin))
        english |= dict(zip(words["word"], meanings, strict=True))
        return re.compile(_alternatives(english)), english

    def romanise(self, name: str, country: str = "") -> str:
        """Write a name in another script in Latin letters.

        Of a Chinese name places and industry words become English, the rest pinyin; all other names
        are written as `romanisation.romanised` has it, without their legal form.
        """
        if not is_chinese(name):
            return romanised(" ".join(self.clean(name)[0]), country)
        if country == "Japan" or _JAPANESE.search(name):
            return romanised(self.legal(_without_exchange_marks(name)), "Japan")
        pattern, english = self._romanised
        text = self.legal(simplified(_without_exchange_marks(name)))
        parts, start = [], 0
        for hit in pattern.finditer(text):
            parts += [pinyin(text[start : hit.start()]), english[hit.group()]]
            start = hit.end()
        return " ".join(part for part in [*parts, pinyin(text[start:])] if part)


@cache
def default_rules() -> NameRules:
    """Return the rules with the tables of the compendium."""
    return NameRules(
        tables.read("data/raw/coding/name_words.csv"),
        tables.read("data/raw/coding/provinces.csv"),
        tables.read("data/raw/places/places.csv"),
        tables.read("data/raw/coding/legal_forms.csv"),
    )
