"""Names of any script in Latin letters, by the system that readers of the language use.

Hangul by the Revised Romanization (National Institute of Korean Language, 2000; koroman), Japanese
by Hepburn with long vowels marked (pykakasi), Chinese by pinyin (pypinyin), Thai by the Royal Thai
General System (thaiphon), Indian scripts as English spells them, all else letter by letter
(anyascii). A place is called as it usually is, where ``latin_names.csv`` knows it: cities of 5,000
people or more in GeoNames (CC BY 4.0) whose name no rule would give, and places that the rules
misread.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources

from cluster_anatomy.firms.scripts import simplified

_LETTER = r"[^\W\d_\x00-\u024f\u1e00-\u1eff]"
_RUNS = re.compile(
    r"(?P<hangul>[\uac00-\ud7a3]+)"
    r"|(?P<east>[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]+)"
    r"|(?P<indian>[\u0900-\u0d7f\u200c\u200d]+)"
    r"|(?P<thai>[\u0e01-\u0e5b]+)"
    rf"|(?P<other>{_LETTER}[\u0300-\u0dff\u0e80-\u1dff\ua640-\uabff]*)"
)
"""What is written without a break in a script other than Latin."""
_INCOMPLETE = re.compile(r"[\u0590-\u08ff\u0d80-\u0dff\u0e80-\u109f\u1200-\u137f\u1780-\u17ff]")
"""Letters from Hebrew to Khmer: their vowels are not all written, or not in their place."""
_SOUNDS = (
    "k kh g gh ng ch chh j jh ny t th d dh n t th d dh n n p ph b bh m y r r l l zh v sh sh s h"
)
_CONSONANTS = dict(enumerate(_SOUNDS.split(), start=0x15))
_SOUNDS = "a a i i u u ri l e e e ai o o o au"
_VOWELS = dict(enumerate(_SOUNDS.split(), start=0x05))
_VOWEL_SIGNS = dict(enumerate(_SOUNDS.replace("l", "ri").split()[1:], start=0x3E))
_NASALS, _NO_VOWEL, _SOUTHERN = (0x01, 0x02, 0x70), 0x4D, 0x0B00
"""Places of letters in the blocks of Indian scripts; from Odia on the blocks are southern."""
_KANA = re.compile(r"[\u3041-\u30fa]")
_Y_VOWELS = "[\u1163\u1164\u1167\u1168\u116d\u1172]"
_KOREAN_UNIT = re.compile(
    r"(?P<name>.+?)(?P<unit>특별자치시|특별시|광역시|특별자치도"
    r"|(?<=경기|강원|제주|황해|평안|함경|[청라상안경][남북])도"
    r"|(?<=..)[시군구읍면동로]|(?<=^[동서남북중])구)"
)
_JAPANESE_UNITS = {
    "都": ("to", "-to"),
    "府": ("fu", "-fu"),
    "県": ("ken", "-ken"),
    "市": ("shi", ""),
    "区": ("ku", "-ku"),
    "郡": ("gun", "-gun"),
}
_JAPANESE_PARTS = re.compile("(東京都|北海道|(?:京都|大阪)府|.{2,3}県)?(.+?市(?=.{2}))?(.*)")
"""Prefecture, city and what is in it."""
_CHINESE_UNITS = {
    "特别行政区": "",
    "自治区": "",
    "科学园区": " Science Park",
    "工业园区": " Industrial Park",
    "高新区": " High-tech Zone",
    "开发区": " Development Zone",
    "新区": " New Area",
    "省": "",
    "市": "",
    "县": " County",
    "区": " District",
    "镇": " Town",
    "乡": " Township",
}
_CHINESE_LEGAL = re.compile("(股份|有限|责任|公司|集团|控股)")
_CHINESE_UNIT = re.compile(f"(?P<name>..+?|.)(?P<unit>{'|'.join(_CHINESE_UNITS)})")


def is_latin(text: str) -> bool:
    """Say whether a text has no letter of another script than Latin."""
    return not _RUNS.search(_composed(text))


def is_guess(place: str, country: str = "") -> bool:
    """Say whether a place is only romanised letter by letter, from a script that omits sounds."""
    text = _composed(place)
    return bool(_INCOMPLETE.search(text)) and not usual_name(text, country)


def _composed(text: str) -> str:
    """Return a text in one form; the vowel am of Thai and Lao, which NFKC parts, stays one."""
    text = unicodedata.normalize("NFKC", text).strip()
    return text.replace("\u0e4d\u0e32", "\u0e33").replace("\u0ecd\u0eb2", "\u0eb3")


def romanised(text: str, country: str = "", place: bool = False) -> str:
    """Write a name in Latin letters; what is in Latin letters stays as it is.

    Parameters
    ----------
    text : str
    country : str
        Chinese characters are read as Japanese in Japan, and in a name with kana; else as Chinese.
    place : bool
        Whether it is the name of a place, which has its usual name and whose units (``-do``,
        ``-ken``, ``County``) stand apart; those that mean no more than town are left out.

    Examples
    --------
    >>> romanised("충청남도", place=True), romanised("東京都", "Japan", place=True)
    ('Chungcheongnam-do', 'Tōkyō-to')
    """
    text = _composed(text)
    if place and (usual := usual_name(text, country)):
        return usual
    japanese = country == "Japan" or bool(_KANA.search(text))
    pieces: list[str] = []
    end = 0
    for hit in _RUNS.finditer(text):
        pieces += [text[end : hit.start()], _latin(hit, country, place, japanese)]
        end = hit.end()
    latin = _joined([*pieces, text[end:]])
    return re.sub(f"{_LETTER}+", lambda hit: _by_letter(hit.group()), latin)


def _latin(hit: re.Match[str], country: str, place: bool, japanese: bool) -> str:
    """Romanise what is written in one script, by the rules for that script."""
    run = hit.group()
    if hit["hangul"]:
        return _korean_place(run) if place else _revised(run)
    if hit["east"] and japanese:
        return " ".join(_japanese_words(run, place))
    if hit["east"]:
        return _chinese_place(run, country) if place else _chinese_firm(run)
    if hit["indian"]:
        return _brahmic(run)
    return _thai(run) if hit["thai"] else _by_letter(run)


def _joined(pieces: list[str]) -> str:
    """Join the parts of a name; two that end and begin with a letter or a digit get a blank."""
    text = ""
    for piece in filter(None, pieces):
        apart = text[-1:].isalnum() and piece[0].isalnum()
        text += f" {piece}" if apart else piece
    return text


# --- Usual names


@cache
def _latin_names() -> dict[str, dict[str, str]]:
    """Return the usual name of places by their local name and country, the largest place first."""
    names: dict[str, dict[str, str]] = {}
    file = resources.files("cluster_anatomy.firms").joinpath("latin_names.csv")
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        names.setdefault(row["name_local"], {})[row["country"]] = row["name"]
    return names


def usual_name(name: str, country: str) -> str:
    """Return what a place of a country is usually called in English; empty if that is not known.

    A name that is only known in other countries is that of the largest place so called.
    """
    names = _latin_names()
    by_country = names.get(name) or names.get(simplified(name), {})
    if country == "Japan":
        by_country = {land: usual for land, usual in by_country.items() if land == country}
    return by_country.get(country) or next(iter(by_country.values()), "")


# --- Korean


def _revised(hangul: str) -> str:
    """Romanise Hangul.

    In names ㅎ stays after ㄱ, ㄷ, ㅂ (묵호 Mukho), and nothing comes between ㄱ or ㄹ and a y
    (밀양 Miryang); koroman would follow the rules for other words.
    """
    from koroman import romanize

    sounds = unicodedata.normalize("NFD", hangul)
    sounds = re.sub("(?<=[\u11a8\u11ae\u11b8])(?=\u1112)", "\u200b", sounds)
    for final, initial in (("\u11a8", "\u1100"), ("\u11af", "\u1105")):
        sounds = re.sub(f"{final}\u110b(?={_Y_VOWELS})", initial, sounds)
    return romanize(unicodedata.normalize("NFC", sounds)).replace("\u200b", "").capitalize()


def _korean_place(hangul: str) -> str:
    if not (hit := _KOREAN_UNIT.fullmatch(hangul)):
        return _revised(hangul)
    town = hit["unit"] in ("특별자치시", "특별시", "광역시", "시")
    unit = "도" if hit["unit"] == "특별자치도" else hit["unit"]
    return _revised(hit["name"]) + ("" if town else f"-{_revised(unit).lower()}")


# --- Japanese


def _japanese_words(text: str, place: bool) -> Iterator[str]:
    """Yield the words of a Japanese name, or the places that one names."""
    if not place:
        yield from (_hepburn(piece["hepburn"], piece["hira"]) for piece in _kakasi()(text))
        return
    for parts in _JAPANESE_PARTS.findall(text):
        for part in filter(None, parts):
            yield from _japanese_place(part)


def _japanese_place(text: str) -> Iterator[str]:
    """Yield the parts of a place, which end where their units do."""
    written = read = kana = ""
    for piece in _kakasi()(text):
        written, read, kana = written + piece["orig"], read + piece["hepburn"], kana + piece["hira"]
        sound, unit = _JAPANESE_UNITS.get(written[-1], ("", ""))
        if sound and len(written) > 1 and written != "京都" and read.endswith(sound):
            name = usual_name(written[:-1], "Japan") or _hepburn(read.removesuffix(sound), kana)
            yield usual_name(written, "Japan") or f"{name}{unit}"
            written = read = kana = ""
    if written:
        yield usual_name(written, "Japan") or _hepburn(read, kana)


def _hepburn(letters: str, kana: str) -> str:
    """Mark the long vowels that pykakasi writes twice, and mend its je, che and she."""
    if "ぇ" in kana:
        letters = re.sub("(j|ch|sh)ie", r"\1e", letters)
    for double, long in (("ou(?!e)", "ō"), ("oo", "ō"), ("uu", "ū")):
        letters = re.sub(double, long, letters)
    if "ー" in kana:
        for double, long in (("aa", "ā"), ("ii", "ī"), ("ee", "ē")):
            letters = letters.replace(double, long)
    return letters.capitalize()


@cache
def _kakasi() -> Callable[[str], list[dict[str, str]]]:
    from pykakasi import kakasi

    return kakasi().convert


# --- Chinese


def _pinyin(chinese: str) -> str:
    """Write pinyin without tones; an apostrophe parts syllables that could be read as one."""
    from pypinyin import lazy_pinyin

    first, *rest = lazy_pinyin(simplified(chinese), v_to_u=True)
    return (first + "".join(f"'{part}" if part[0] in "aeo" else part for part in rest)).capitalize()


def _chinese_firm(chinese: str) -> str:
    """Write a name with the words of its legal form apart."""
    parts = _CHINESE_LEGAL.split(simplified(chinese))
    return " ".join(_pinyin(part) for part in parts if part)


def _chinese_place(chinese: str, country: str) -> str:
    """Write a place and the places in it, with the English of their units."""
    text = simplified(chinese)
    words, end = [], 0
    for hit in _CHINESE_UNIT.finditer(text):
        name = usual_name(hit["name"], country) or _pinyin(hit["name"])
        words.append(name + _CHINESE_UNITS[hit["unit"]])
        end = hit.end()
    if rest := text[end:]:
        words.append(usual_name(rest, country) or _pinyin(rest))
    return " ".join(words)


# --- Indian scripts


def _brahmic(word: str) -> str:
    """Romanise a word of any Indian script as English spells it, without marks.

    All of them have the order of Unicode's Devanagari block. A consonant has an a of its own, which
    the languages of the north do not speak at the end of a word.
    """
    letters, own_vowel = "", ""
    for char in word:
        place = ord(char) % 0x80
        if sound := _CONSONANTS.get(place):
            letters, own_vowel = f"{letters}{own_vowel}{sound}", "a"
        elif (sound := _VOWELS.get(place)) or place in _NASALS:
            letters, own_vowel = f"{letters}{own_vowel}{sound or 'N'}", ""
        elif place in _VOWEL_SIGNS or place == _NO_VOWEL:
            letters, own_vowel = letters + _VOWEL_SIGNS.get(place, ""), ""
    if ord(word[0]) >= _SOUTHERN:
        letters = re.sub("N$", "m", letters + own_vowel)
    elif re.search("[^aeiouN][ryv]$", letters):  # as in rashtra, which cannot be spoken without
        letters += own_vowel
    return re.sub("N(?=[pbm])", "m", letters).replace("N", "n").capitalize()


# --- Thai, and the rest


def _thai(thai: str) -> str:
    from thaiphon import transcribe
    from thaiphon.errors import ThaiphonError

    try:
        return transcribe(thai, scheme="rtgs").replace("-", "").capitalize()
    except ThaiphonError:
        return _by_letter(thai)


def _by_letter(word: str) -> str:
    from anyascii import anyascii

    if word.startswith("ال"):  # the article of Arabic, whose a anyascii leaves out as others
        word = f"al-{word[2:]}"
    letters = anyascii(re.sub("[اأآ]", "a", word)).replace("'", "")
    return letters[:1].upper() + letters[1:]
