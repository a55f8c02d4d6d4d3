"""Names of firms taken apart: legal form, place and industry words, and what is left.

Firms appear in many scripts, in long and short forms. A name is cleaned into words
(`NameRules.clean`), which `cluster_anatomy.firms.linkage` compares; its *core* and its place are read
apart, since half of the industry's firms are called after a city. The words to take off are data
(``data/raw/coding/name_words.csv`` and ``legal_forms.csv``), so a rule can be read and changed
without touching code.
"""

import re
import unicodedata
from functools import cache, cached_property
from hashlib import sha256

import pandas as pd
from pypinyin import lazy_pinyin

from cluster_anatomy import tables
from cluster_anatomy.firms.places import Place
from cluster_anatomy.tables.cells import split

_HAN = re.compile(r"[\u3400-\u9fff]")
BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_UNDECOMPOSED = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "ss",
        "æ": "ae",
        "Æ": "ae",
        "œ": "oe",
        "Œ": "oe",
        "ø": "o",
        "Ø": "o",
        "ł": "l",
        "Ł": "l",
        "đ": "d",
        "Đ": "d",
        "ı": "i",
        "þ": "th",
        "Þ": "th",
        "ð": "d",
        "Ð": "d",
    }
)
_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_REGISTRY_SUFFIX = re.compile(r"[/\\]\s*(?:[a-z]{2}|new|adr|can)\s*[/\\]?\s*$")
_DOTTED = re.compile(r"\b(\w)\.(?=\w\b)")
_SINGLES = re.compile(r"\b(\w) (?=\w\b)")
_WORD = re.compile(r"[^\W_]")
_NOT_WORD = re.compile(r"[\W_]+")
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PINYIN_V = re.compile(r"^([ln])v(?=[e]|$|[bcdfghjklmnpqrstwxyz])")
_HAN_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+|[a-z0-9]+")
_HAN_REMNANT = re.compile(
    r"(?<=[\u3400-\u9fff]{2})股份$|(?<=[\u3400-\u9fff])[省市](?=[\u3400-\u9fff]{2})"
)
_EXCHANGE_PREFIX = re.compile(r"^(?:\*ST|S\*ST|SST|ST|XD|XR|DR)(?=[\u3400-\u9fff])")
_EXCHANGE_SUFFIX = re.compile(r"(?<=[\u3400-\u9fff])(?:[AB]|-[A-Z]{1,3})$")
FORMERLY = re.compile(
    r"[(（]\s*(?:formerly(?: known"
    r" as)?|f/?k/?a|previously|ehemals|vormals|anciennement|原名|曾用名|前身为?)[:：]?\s*"
    r"([^()（）]+)[)）]",
    re.IGNORECASE,
)
SMALL_WORDS = frozenset(["and", "the", "of", "de", "la", "y", "et", "und", "e"])
"""Words that carry nothing: a name with and without them is one name."""
PLAIN_FORMS = frozenset(
    ["co", "corp", "corporation", "inc", "incorporated", "ltd", "limited", "llc", "plc"]
)
"""Legal forms that are taken off before the last word, too (``Churchill Capital Corp II``)."""
LAST_ROMAN = {"i": "1", "v": "5", "x": "10"}
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}


def is_chinese(name: str) -> bool:
    """Say whether a name holds at least one Chinese character."""
    return bool(_HAN.search(name))


def ascii_fold(text: str) -> str:
    """Lower-case a text and take accents and apostrophes off (``Xi'an`` becomes ``xian``)."""
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text.lower().replace("'", "").replace("’", "")


@cache
def pinyin(chinese: str) -> str:
    """Romanise Chinese characters without tones or spaces (``天元`` becomes ``tianyuan``)."""
    return "".join(lazy_pinyin(chinese)).lower()


class NameRules:
    """Take names apart by the tables of name words, provinces and places.

    Parameters
    ----------
    words : DataFrame
        Columns ``word``, ``script`` (``zh`` or ``en``), ``kind`` (``legal_form``,
        ``industry_word``, ``kept``).
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
        self._words = words
        self._provinces = provinces
        self._places = places
        self._legal_forms = legal_forms
        self._normal: dict[str, str] = {}

    def _list(self, script: str, *kinds: str) -> list[str]:
        chosen = self._words[(self._words["script"] == script) & self._words["kind"].isin(kinds)][
            "word"
        ]
        return sorted(chosen, key=lambda word: (-len(word), word))

    @cached_property
    def _chinese_places(self) -> dict[str, Place]:
        found = {row.name_zh: Place(admin=row.province) for row in self._provinces.itertuples()}
        for row in self._places.dropna(subset=["name_zh"]).itertuples():
            found[row.name_zh] = Place(metro=row.metro, admin=row.admin)
        return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))

    @cached_property
    def _english_places(self) -> dict[str, Place]:
        """English place words; a word that names two places (Taizhou, Fuzhou) keeps neither."""
        found = {
            ascii_fold(row.province): Place(admin=row.province)
            for row in self._provinces.itertuples()
        }
        words: dict[str, set[Place]] = {}
        for row in self._places.itertuples():
            word = ascii_fold(BRACKETS.sub("", row.name)).strip()
            words.setdefault(word, set()).add(
                Place(row.metro, None if pd.isna(row.admin) else row.admin)
            )
        found |= {
            word: next(iter(places)) if len(places) == 1 else Place()
            for word, places in words.items()
        }
        return found

    @cached_property
    def _english_pattern(self) -> re.Pattern:
        longest_first = sorted(self._english_places, key=lambda word: (-len(word), word))
        return re.compile(r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b")

    def place(self, name: str) -> Place:
        """Read the place that a name carries: a Chinese prefix, or an English place word."""
        if is_chinese(name):
            return next(
                (place for word, place in self._chinese_places.items() if name.startswith(word)),
                Place(),
            )
        hit = self._english_pattern.search(ascii_fold(name))
        return self._english_places[hit.group(1)] if hit else Place()

    def core(self, name: str) -> str:
        """Return the core of a name: no brackets, place prefix, legal form or industry words.

        Where nothing would be left (``Biotech Pharmaceutical``), the words stay.
        """
        return self._chinese_core(name) if is_chinese(name) else self._english_core(name)

    @cached_property
    def _chinese_endings(self) -> re.Pattern:
        forms = self._list("zh", "legal_form")
        if self._legal_forms is not None:
            forms = forms + [form for form in self._legal_forms["form"] if is_chinese(form)]
        return re.compile(
            "|".join(map(re.escape, sorted(set(forms), key=lambda form: (-len(form), form))))
        )

    @cached_property
    def _chinese_industry(self) -> re.Pattern:
        kept = [f"(?:{re.escape(word)})" for word in self._list("zh", "kept")]
        words = list(map(re.escape, self._list("zh", "industry_word")))
        return re.compile(f"({'|'.join(kept)})|" + "|".join(words))

    def legal(self, name: str) -> str:
        """Return a Chinese name without brackets, spaces and legal form: what two prints of one
        firm share.
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

    @cached_property
    def _forms(
        self,
    ) -> tuple[dict[str, list[tuple[list[str], str]]], dict[str, list[tuple[list[str], str]]]]:
        """Legal forms by their last word, and those that also open a name by their first; longest
        first.
        """
        own = [(word, word, "end") for word in self._list("en", "legal_form") if word != "group"]
        table = [] if self._legal_forms is None else self._legal_forms
        if len(table):
            table = table[~table["form"].str.contains(r"[\u3400-\u9fff]")]
            table = list(table[["form", "normal", "placement"]].itertuples(index=False, name=None))
        endings, openings = {}, {}
        for form, normal, placement in {
            form: (form, normal, at) for form, normal, at in [*own, *table]
        }.values():
            words = form.split()
            endings.setdefault(words[-1], []).append((words, normal))
            if placement == "both":
                openings.setdefault(words[0], []).append((words, normal))
        for forms in (endings, openings):
            for found in forms.values():
                found.sort(key=lambda item: (-len(item[0]), item[0]))
        return endings, openings

    @cached_property
    def _same_as(self) -> dict[str, str]:
        known = self._words[self._words["script"] == "en"]
        if "same_as" not in known:
            return {}
        return dict(
            known.dropna(subset=["same_as"])[["word", "same_as"]].itertuples(index=False, name=None)
        )

    @cached_property
    def _korean_forms(self) -> re.Pattern:
        forms = [] if self._legal_forms is None else self._legal_forms["form"]
        korean = sorted(filter(_HANGUL.search, forms), key=lambda form: (-len(form), form))
        return re.compile("|".join(map(re.escape, korean)) or "(?!)")

    def _word(self, word: str) -> str:
        """Return the normal form of a word: abbreviations written out, plural s off; remembered."""
        normal = ROMAN.get(word) or self._same_as.get(word)
        if normal is None:
            normal = word
            if len(word) > 3 and word.isalpha():
                if word.endswith("ies"):
                    normal = word[:-3] + "y"
                elif word.endswith("s") and word[-2] not in "su":
                    normal = word[:-1]
            normal = self._same_as.get(normal, normal)
            normal = _PINYIN_V.sub(r"\1u", normal)
        self._normal[word] = normal
        return normal

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
        if is_chinese(name):
            text = _EXCHANGE_SUFFIX.sub(
                "", _EXCHANGE_PREFIX.sub("", unicodedata.normalize("NFKC", name).strip())
            )
            bare = self.legal(text)
            legal = self._chinese_endings.findall(BRACKETS.sub("", text))
            bare = _HAN_REMNANT.sub("", bare)
            words = _HAN_RUN.findall(fold(bare)) or _HAN_RUN.findall(fold(text))
            return words, legal[-1] if legal else "", ""
        if " " not in name and len(name) > 15:
            name = _GLUED.sub(" ", name)
        text = _REGISTRY_SUFFIX.sub(" ", fold(name))
        if _HANGUL.search(text):
            text = self._korean_forms.sub(" ", text)
        if "(" in text or "（" in text:
            outside = BRACKETS.sub(" ", text)
            text = outside if _WORD.search(outside) else text
        text = (
            text.replace("'", "")
            .replace("’", "")
            .replace('"', "")
            .replace("״", "")
            .replace("&", " and ")
        )
        if "." in text:
            text = _DOTTED.sub(r"\1", text)
        words = _SINGLES.sub(r"\1", _NOT_WORD.sub(" ", text).strip()).split()
        initials = "".join([word[0] for word in words if word not in SMALL_WORDS])
        words, legal = self._off_legal(words)
        kept = [word for word in words if word not in SMALL_WORDS] or words
        if len(kept) > 1 and kept[-1] in LAST_ROMAN:
            kept[-1] = LAST_ROMAN[kept[-1]]
        if len(kept) > 2 and kept[-2] in PLAIN_FORMS:
            kept.pop(-2)
        normal = self._normal
        return [normal.get(word) or self._word(word) for word in kept], legal, initials

    def without_legal_form(self, words: list[str]) -> list[str]:
        """Return folded words without the legal form at their end or, in some countries, front."""
        return self._off_legal(words)[0]

    def _off_legal(self, words: list[str]) -> tuple[list[str], str]:
        endings, openings = self._forms
        legal = ""
        while len(words) > 1:
            last = words[-1]
            for form, normal in endings.get(last, ()):
                size = len(form)
                if size < len(words) and words[-size:] == form:
                    words, legal = words[:-size], legal or normal
                    break
            else:
                if last not in SMALL_WORDS:
                    break
                words = words[:-1]
        if len(words) > 1:
            for form, normal in openings.get(words[0], ()):
                if len(form) < len(words) and words[: len(form)] == form:
                    return words[len(form) :], legal or normal
        return words, legal

    @cached_property
    def place_words(self) -> frozenset[str]:
        """Words of places, folded, in any script."""
        names = [*self._provinces["province"], *self._provinces["name_zh"], *self._places["name"]]
        names += list(self._places["country"].dropna())
        names += list(self._places["name_zh"].dropna())
        return frozenset(
            word for name in names for word in fold(BRACKETS.sub("", name)).replace("'", "").split()
        )

    def is_place(self, name: str) -> bool:
        """Say whether a name is nothing but names of places."""
        return all(word in self.place_words for word in self.clean(name)[0])

    @cached_property
    def trade_words(self) -> frozenset[str]:
        """Words of the trade in any script, with what they are read as."""
        known = self._words[self._words["kind"].isin(["industry_word", "kept"])]
        words = set(known["word"])
        if "same_as" in known:
            words |= {word for text in known["same_as"].dropna() for word in text.split()}
        return frozenset(words | {self._word(word) for word in words if not is_chinese(word)})

    @cached_property
    def _chinese_known(self) -> re.Pattern:
        words = [*self._chinese_places, *self._list("zh", "industry_word", "kept")]
        return re.compile(
            "(" + "|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))) + ")"
        )

    def cut(self, run: str) -> list[str]:
        """Cut a run of Chinese characters at the names of places and the words of the trade, which
        stay as parts.
        """
        return [part for part in self._chinese_known.split(run) if part]

    @cached_property
    def _romanised(self) -> tuple[re.Pattern, dict[str, str]]:
        """Chinese places and industry words with their English, longest first."""
        english = {row.name_zh: row.province for row in self._provinces.itertuples()}
        for row in self._places.dropna(subset=["name_zh"]).itertuples():
            english[row.name_zh] = BRACKETS.sub("", row.name).strip()
        known = self._words[(self._words["script"] == "zh") & (self._words["kind"] != "legal_form")]
        meaning = known["same_as"] if "same_as" in known else known["word"].map(lambda word: pd.NA)
        english |= dict(zip(known["word"], meaning.fillna(known["word"].map(pinyin)), strict=True))
        longest_first = sorted(english, key=lambda word: (-len(word), word))
        return re.compile("|".join(map(re.escape, longest_first)) or "(?!)"), english

    def romanise(self, name: str) -> str:
        """Write a Chinese name in Latin letters: places and industry words in English, the rest in
        pinyin.
        """
        pattern, english = self._romanised
        name = _EXCHANGE_SUFFIX.sub(
            "", _EXCHANGE_PREFIX.sub("", unicodedata.normalize("NFKC", name).strip())
        )
        text = self.legal(name)
        parts, start = [], 0
        for hit in pattern.finditer(text):
            parts += [pinyin(text[start : hit.start()]), english[hit.group()]]
            start = hit.end()
        return " ".join(part for part in [*parts, pinyin(text[start:])] if part)


def fold(text: str) -> str:
    """Lower-case a text of any script and take its accents off (``Società`` becomes ``societa``)."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED))
    return unicodedata.normalize("NFC", _MARKS.sub("", text)).lower()


@cache
def default_rules() -> NameRules:
    """Return the rules with the tables of the compendium."""
    return NameRules(
        tables.read("data/raw/coding/name_words.csv"),
        tables.read("data/raw/coding/provinces.csv"),
        tables.read("data/raw/places/places.csv"),
        tables.read("data/raw/coding/legal_forms.csv"),
    )


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
    """Map every name that a firm of the register goes by to its main English (else Chinese) name."""
    index: dict[str, str] = {}
    for firm in firms.itertuples():
        main = firm.name_en if pd.notna(firm.name_en) else firm.name_zh
        for name in [*split(firm.name_en), *split(firm.name_zh), *split(firm.other_names)]:
            index.setdefault(organisation_key(name), main)
    return index
