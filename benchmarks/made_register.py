"""Made business registers with known truth: real name parts, duplicates planted by stated rules.

``python benchmarks/made_register.py 100000 FOLDER [--seed 7]`` writes

- ``register.csv``: ``company``, ``city``, ``founded``, ``former_names``, as a user would have it;
- ``truth.parquet``: ``row`` (1 is the first row below the header), ``firm`` (which rows are one
  firm) and ``variation`` (``original``, or the rules by which the row was changed, joined by
  ``+``).

The parts come from the open lists in the folder that ``CLUSTER_ANATOMY_OPEN_LISTS`` names, if it is
set, else from the names that the study itself has committed. Nothing of the open lists is kept in
the repository.

The rules (`VARIATIONS`): another legal form, words in another order, an abbreviation or short name,
one typo, a place put before the name or taken off, a new name with the old one as its former name,
and for Chinese names the romanised form. A quarter of the changed rows got two rules. A repeated
row lacks its city in 8 % and its year in 10 % of cases, and has a year that is off by one in 10 %.
"""

import argparse
import csv
import gzip
import os
import random
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pypinyin import lazy_pinyin

from cluster_anatomy import tables
from cluster_anatomy.firms import open_lists

CHUNK = 100_000
DUPLICATED, TWO_RULES = 0.25, 0.25
CHINESE = 0.3
LEGAL_EN = [
    ["Inc", "Inc.", "Incorporated"],
    ["Corp", "Corp.", "Corporation"],
    ["Ltd", "Ltd.", "Limited"],
    ["LLC", "L.L.C."],
    ["Co., Ltd.", "Co Ltd", "Company Limited"],
    ["GmbH"],
    ["AG"],
    ["SA", "S.A."],
    ["PLC", "plc"],
]
LEGAL_ZH = ["有限公司", "股份有限公司", "有限责任公司"]
INDUSTRY_ZH = {
    "生物技术": "Biotechnology",
    "制药": "Pharmaceutical",
    "科技": "Technology",
    "医药": "Pharma",
    "实业": "Industrial",
    "电子": "Electronics",
    "材料": "Materials",
    "投资": "Investment",
    "能源": "Energy",
    "药业": "Pharmaceutical",
    "软件": "Software",
    "环保": "Environmental",
    "机械": "Machinery",
    "化工": "Chemical",
    "食品": "Foods",
}
SHORT_EN = {
    "pharmaceuticals": "Pharm",
    "pharmaceutical": "Pharm",
    "technologies": "Tech",
    "technology": "Tech",
    "international": "Intl",
    "systems": "Sys",
    "biotechnology": "Biotech",
    "therapeutics": "Ther",
    "group": "Grp",
    "industries": "Inds",
    "laboratories": "Labs",
    "services": "Svcs",
    "financial": "Finl",
    "holdings": "Hldgs",
    "electronics": "Elec",
    "communications": "Comm",
    "solutions": "Soln",
    "networks": "Net",
    "medical": "Med",
    "energy": "Engy",
    "software": "Softw",
    "sciences": "Sci",
}
FORMS = re.compile(
    r"(?i)\b(inc(orporated)?|corp(oration)?|co|company|ltd|limited|llc|lp|plc|sa|ag|nv|gmbh|de|the"
    r"|of|and)\b|/.*$|[^A-Za-z0-9 ]"
)
SHORT_NAMES = "names/cn_short_full_names.csv"
HAN = re.compile(r"[\u4e00-\u9fff]+")


def _open_lists() -> tuple[list[str], list[str]]:
    """Return English and Chinese names of the open lists, or of the study if they are not there."""
    folder = os.environ.get(open_lists.VARIABLE)
    if not folder or not (Path(folder) / SHORT_NAMES).is_file():
        evidence = tables.read_all("evidence")
        return [*evidence["name_en"].dropna()], [*evidence["name_zh"].dropna()]

    def column(file: str, name: str) -> list[str]:
        frame = pd.read_csv(Path(folder) / file, dtype=str, encoding_errors="ignore")
        return [*frame[name].dropna()]

    english = column("crunchbase_2013/crunchbase-companies.csv", "name")
    english += column("financedatabase_2022/health_firms_2022.csv", "name")
    filers = Path(folder) / "edgar_listed/listed_filer_names.csv.gz"
    with gzip.open(filers, "rt", encoding="utf-8") as file:
        english += [row["name"].title() for row in csv.DictReader(file)]
    return english, column(SHORT_NAMES, "证券简称")


@cache
def parts() -> dict[str, list]:
    """Return the parts of names: stems and descriptors in English, stems in Chinese, and places."""
    english, chinese = _open_lists()
    words = [FORMS.sub(" ", name).split() for name in english]
    stems = Counter(
        name[0].capitalize()
        for name in words
        if name and len(name[0]) > 3 and not name[0].isdigit()
    )
    tails = Counter(name[-1].capitalize() for name in words if len(name) > 1 and len(name[-1]) > 3)
    common = [
        word for word, n in sorted(tails.items(), key=lambda item: (-item[1], item[0])) if n > 1
    ][:150]
    drop = re.compile("|".join([*INDUSTRY_ZH, "股份", "集团", "公司", "有限", "生物"]))
    zh = Counter()
    for name in chinese:
        for run in HAN.findall(drop.sub("", name)):
            if len(run) >= 2:
                zh[run[-2:]] += 1
    places = tables.read("data/raw/places/places.csv")
    chinese_places = places[(places["country"] == "China") & places["name_zh"].notna()]
    chinese_places = chinese_places[~chinese_places["name"].str.contains("-")]
    american = places[places["country"] == "USA"]
    return {
        "stems": sorted(set(stems) - set(common)),
        "tails": common or ["Biotech", "Pharma"],
        "zh": sorted(zh),
        "places_zh": sorted(zip(chinese_places["name"], chinese_places["name_zh"], strict=True)),
        "places_en": sorted(american["name"]),
    }


def _firm(chance: random.Random) -> dict:
    """Return a made firm as the parts of its name."""
    p = parts()
    year = chance.randint(1975, 2024)
    if chance.random() < CHINESE:
        place, place_zh = chance.choice(p["places_zh"])
        stem = chance.choice(p["zh"]) + (chance.choice(p["zh"]) if chance.random() < 0.6 else "")
        return {
            "zh": True,
            "place": place,
            "place_zh": place_zh,
            "stem": stem,
            "industry": chance.choice([*INDUSTRY_ZH]),
            "legal": chance.choice(LEGAL_ZH),
            "prefix": chance.random() < 0.8,
            "year": year,
        }
    stem = [chance.choice(p["stems"])]
    if chance.random() < 0.7:
        stem.append(chance.choice(p["stems"]))
    return {
        "zh": False,
        "place": chance.choice(p["places_en"]),
        "stem": stem,
        "industry": chance.choice(p["tails"]),
        "legal": chance.choice(chance.choice(LEGAL_EN)),
        "prefix": False,
        "year": year,
        "turned": False,
    }


def _text(firm: dict) -> str:
    """Return the name of a firm as it is printed."""
    if "print" in firm:
        return firm["print"]
    if firm["zh"]:
        return (
            (firm["place_zh"] if firm["prefix"] else "")
            + firm["stem"]
            + firm["industry"]
            + firm["legal"]
        )
    words = [*firm["stem"], firm["industry"]]
    if firm.get("turned"):
        words = [*words[1:], words[0]]
    return " ".join(filter(None, [firm["place"] if firm["prefix"] else "", *words, firm["legal"]]))


def _legal_form(firm: dict, chance: random.Random) -> None:
    if firm["zh"]:
        firm["legal"] = chance.choice([form for form in [*LEGAL_ZH, ""] if form != firm["legal"]])
    else:
        family = next((forms for forms in LEGAL_EN if firm["legal"] in forms), LEGAL_EN[0])
        firm["legal"] = chance.choice([form for form in [*family, ""] if form != firm["legal"]])


def _word_order(firm: dict, chance: random.Random) -> None:
    if firm["zh"]:  # the place moves behind the stem, in brackets
        firm["print"] = f"{firm['stem']}({firm['place_zh']}){firm['industry']}{firm['legal']}"
    else:
        firm["turned"] = True


def _abbreviation(firm: dict, chance: random.Random) -> None:
    if firm["zh"]:
        firm |= {"prefix": False, "legal": "", "industry": firm["industry"][:2]}
    else:
        short = SHORT_EN.get(firm["industry"].lower())
        firm["industry"] = short or firm["industry"][:4]


def _typo(firm: dict, chance: random.Random) -> None:
    if firm["zh"]:
        stem, at = firm["stem"], chance.randrange(len(firm["stem"]))
        firm["stem"] = stem[:at] + chance.choice(chance.choice(parts()["zh"])) + stem[at + 1 :]
        return
    which = chance.randrange(len(firm["stem"]))
    word, at = firm["stem"][which], chance.randrange(1, len(firm["stem"][which]) - 1)
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    firm["stem"] = [*firm["stem"]]
    firm["stem"][which] = chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def _place_prefix(firm: dict, chance: random.Random) -> None:
    firm["prefix"] = not firm["prefix"]


def _former_name(firm: dict, chance: random.Random) -> None:
    firm["former"] = _text(firm)
    new = _firm(chance)
    while new["zh"] != firm["zh"]:
        new = _firm(chance)
    firm |= {key: new[key] for key in ("stem", "industry", "legal")}
    firm.pop("print", None)


def _romanised(firm: dict, chance: random.Random) -> None:
    if not firm["zh"]:
        return _legal_form(firm, chance)
    stem = "".join(lazy_pinyin(firm["stem"])).capitalize()
    words = [firm["place"] if firm["prefix"] else "", stem, INDUSTRY_ZH.get(firm["industry"], "")]
    firm["print"] = " ".join(filter(None, [*words, "Co., Ltd."]))


VARIATIONS = {
    "legal_form": _legal_form,
    "word_order": _word_order,
    "abbreviation": _abbreviation,
    "typo": _typo,
    "place_prefix": _place_prefix,
    "former_name": _former_name,
    "romanised": _romanised,
}


def _rows(firm: dict, number: int, chance: random.Random) -> list[tuple]:
    """Return the rows of one firm: as it is, and of every fourth up to three that were changed."""
    rows = [(_text(firm), firm["place"], str(firm["year"]), "", number, "original")]
    for _ in range(chance.choice([1, 1, 2, 3]) if chance.random() < DUPLICATED else 0):
        other = dict(firm)
        rules = chance.sample([*VARIATIONS], 2 if chance.random() < TWO_RULES else 1)
        # Last comes what prints what the others have changed.
        rules.sort(key=lambda rule: rule == "romanised")
        for rule in rules:
            VARIATIONS[rule](other, chance)
        place = "" if chance.random() < 0.08 else firm["place"]
        year = firm["year"] + (chance.choice([-1, 1]) if chance.random() < 0.1 else 0)
        year = "" if chance.random() < 0.1 else str(year)
        rows.append((_text(other), place, year, other.get("former", ""), number, "+".join(rules)))
    return rows


def make(size: int, folder: Path, seed: int = 7, missing_places: float = 0.0) -> tuple[Path, Path]:
    """Write a register of `size` rows and its truth; the same seed gives the same bytes.

    Of `missing_places` of the rows the place is left out; all else stays as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    register, truth = folder / "register.csv", folder / "truth.parquet"
    schema = pa.schema([("row", pa.int64()), ("firm", pa.int64()), ("variation", pa.string())])
    number, written = 0, 0
    with (
        open(register, "w", encoding="utf-8", newline="") as file,
        pq.ParquetWriter(truth, schema) as writer,
    ):
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(["company", "city", "founded", "former_names"])
        chunk = 0
        while written < size:
            chance, rows = random.Random(f"{seed}/{chunk}"), []
            while len(rows) < min(CHUNK, size - written):
                rows += _rows(_firm(chance), number, chance)
                number += 1
            rows = rows[: size - written]
            chance.shuffle(rows)
            blank = random.Random(f"{seed}/{chunk}/places")
            sheet.writerows(
                [row[0], "" if blank.random() < missing_places else row[1], *row[2:4]]
                for row in rows
            )
            lines = range(written + 1, written + len(rows) + 1)
            columns = [list(lines), [row[4] for row in rows], [row[5] for row in rows]]
            writer.write_table(pa.table(columns, schema=schema))
            written += len(rows)
            chunk += 1
    return register, truth


def source() -> str:
    """Say from where the parts of names come, and how many there are."""
    folder = os.environ.get(open_lists.VARIABLE)
    where = "the open lists" if folder and Path(folder).is_dir() else "the study's own names"
    p = parts()
    return (
        f"{where}: {len(p['stems'])} stems, {len(p['tails'])} descriptors, {len(p['zh'])} Chinese"
        " stems"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", type=int)
    parser.add_argument("into", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    print(source())
    print(*make(arguments.size, arguments.into, arguments.seed))
