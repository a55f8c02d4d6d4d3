"""Lists in the shapes in which they are found: what is edited, what is said wrongly, how long?

``python benchmarks/wild_lists.py`` makes a small list in the shape of each of some open lists and
registers (headings, order and form of the cells; the names are made here), begins a list of one's
own with it and does what `check` advises until the list can be run. With ``--run`` it is run, too.
One line per shape goes to ``benchmarks/results/wild_lists.csv``:

============  ======================================================================================
edits         edits of description.toml until nothing stands in the way of a run: one for what
              `check --write` adds, one for each setting that `check` names with a choice
errors        what only the user can mend by then
wrong         of name, place and year: columns taken or advised that are others, or not found
check, run    seconds of one `check`, and of `new` to the figures
============  ======================================================================================
"""

import argparse
import csv
import io
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reporting import RESULTS, machine, write_csv

from cluster_anatomy import own_list
from cluster_anatomy.own_list import accepted, findings
from cluster_anatomy.own_list.run import run

RESULT = RESULTS / "wild_lists.csv"
CHOICE = re.compile(r'(?P<key>\w+) = (?P<value>"\w+")[^=]* or "\w+" under \[(?P<table>\w+)\]')
"""A setting of which the user is to choose the value."""
FIRMS, MOST_EDITS = 40, 5
Cells = Callable[[int], list[object]]


@dataclass(frozen=True)
class Shape:
    """A list as it is found: country, headings, which of them are name, place and year, cells."""

    country: str
    heads: list[str]
    right: dict[str, str]
    cells: Cells
    encoding: str = "utf-8"
    delimiter: str = ","


def name(number: int) -> str:
    """Return a made name."""
    return "BDKLMPRT"[number // 8] + "aeiou"[number % 5] + "dgklmnrt"[number % 8] + "ora"


def han(number: int) -> str:
    """Return a made Chinese name."""
    return "甲乙丙丁戊己庚辛"[number % 8] + "天海山川林石金木"[number // 8 % 8]


def one(number: int, *words: str) -> str:
    """Return one word after the other."""
    return words[number % len(words)]


TAIWAN = ["公司代號", "公司名稱", "公司簡稱", "產業別", "住址", "成立日期", "上市日期", "網址"]
HOUSE = ["CompanyName", "CompanyNumber", "RegAddress.AddressLine1", "RegAddress.PostTown"]
HOUSE += ["CountryOfOrigin", "DissolutionDate", "IncorporationDate", "Mortgages.NumMortCharges"]
SHAPES = {
    "listed firms of Taiwan": Shape(
        "Taiwan",
        TAIWAN,
        {"name": "公司名稱", "place": "住址", "entry_year": "成立日期"},
        lambda n: [
            1101 + n,
            f"{han(n)}股份有限公司",
            han(n),
            "01",
            f"台北市中山北路{n + 1}號",
            19501229 + 10000 * n,
            19620209,
            f"HTTP://WWW.{name(n)}.com.tw",
        ],
    ),
    "listed firms of Korea": Shape(
        "South Korea",
        ["회사명", "종목코드", "업종", "주요제품", "상장일", "결산월", "홈페이지", "지역"],
        {"name": "회사명", "place": "지역"},
        lambda n: [
            f"{one(n, '가나', '다라', '마바')}{n}제약",
            f"{n:06}",
            "의약품",
            "백신",
            f"{1980 + n}-01-02",
            "12월",
            "http://www.example.com",
            one(n, "서울특별시", "충청남도", "경기도"),
        ],
        encoding="cp949",
    ),
    "an index of shares": Shape(
        "USA",
        ["Symbol", "Security", "GICS Sector", "Headquarters Location", "Date added", "Founded"],
        {"name": "Security", "place": "Headquarters Location", "entry_year": "Founded"},
        lambda n: [
            f"AB{n}",
            name(n),
            "Health Care",
            one(n, "Dallas, Texas", "Midland, Michigan"),
            f"{1970 + n}-03-04",
            one(n, "1983", "2013 (1888)", "1784"),
        ],
    ),
    "a map of a region": Shape(
        "USA",
        ["Company Name", "Website", "City", "Company Stage"],
        {"name": "Company Name", "place": "City"},
        lambda n: [
            name(n),
            one(n, "https://example.com", "Inc."),
            one(n, "San Jose", "Oakland"),
            "Clinical",
        ],
    ),
    "a database of start-ups": Shape(
        "USA",
        ["permalink", "name", "category_code", "status", "state_code", "city", "founded_year"],
        {"name": "name", "place": "city", "entry_year": "founded_year"},
        lambda n: [f"/company/{n}", name(n), "biotech", "operating", "CA", "Berkeley", 1985 + n],
    ),
    "shares of India": Shape(
        "India",
        ["SYMBOL", "NAME OF COMPANY", "SERIES", "DATE OF LISTING", "PAID UP VALUE"],
        {"name": "NAME OF COMPANY"},
        lambda n: [f"X{n}", f"{name(n)} Limited", "EQ", "06-OCT-2008", 10],
    ),
    "shares of Australia": Shape(
        "Australia",
        ["Company name", "ASX code", "GICS industry group"],
        {"name": "Company name"},
        lambda n: [f"{name(n).upper()} TRUST LIMITED", f"A{n}", "Biotechnology"],
    ),
    "shares of the United Kingdom": Shape(
        "UK",
        ["List Date", "Company", "Group", "Country of Incorporation", "Market"],
        {"name": "Company"},
        lambda n: ["14-Mar-95", f"{name(n)} PLC", "AIM", "United Kingdom", "AIM"],
        encoding="cp1252",
    ),
    "a register of companies": Shape(
        "United Kingdom",
        HOUSE,
        {"name": HOUSE[0], "place": HOUSE[3], "entry_year": HOUSE[6]},
        lambda n: [
            f"{name(n)} LTD",
            f"{7687209 + n:08}",
            f"{n + 1} HIGH STREET",
            one(n, "LEEDS", "TADLEY"),
            "United Kingdom",
            "",
            f"11/09/{1980 + n}",
            0,
        ],
    ),
    "open companies of Brazil": Shape(
        "Brazil",
        ["CNPJ_CIA", "DENOM_SOCIAL", "DENOM_COMERC", "DT_REG", "DT_CONST", "MUN", "UF"],
        {"name": "DENOM_SOCIAL", "place": "MUN", "entry_year": "DT_CONST"},
        lambda n: [
            f"08.773.135/{n:04}",
            f"{name(n)} S.A.",
            name(n),
            "2001-01-02",
            f"{1970 + n}-05-06",
            one(n, "SÃO PAULO", "RECIFE"),
            one(n, "SP", "PE"),
        ],
        encoding="latin-1",
        delimiter=";",
    ),
    "deals of Africa": Shape(
        "Nigeria",
        ["Startup", "Country HQ", "Date", "Amount", "Launch", "Sector"],
        {"name": "Startup", "entry_year": "Launch"},
        lambda n: [
            name(n // 2),
            one(n // 2, "Nigeria", "Kenya"),
            "Jan-2019",
            100000,
            2010 + n // 2 % 8,
            "Health",
        ],
    ),
    "firms of Germany": Shape(
        "Germany",
        ["Unternehmen", "PLZ", "Ort", "Branche", "Gründungsjahr", "Mitarbeiter"],
        {"name": "Unternehmen", "place": "Ort", "entry_year": "Gründungsjahr"},
        lambda n: [f"{name(n)} GmbH", "80331", one(n, "München", "Köln"), "Biotech", 1980 + n, n],
        delimiter=";",
    ),
    "start-ups with codes of countries": Shape(
        "",
        ["Company", "Country", "Technology", "Founded", "Website"],
        {"name": "Company", "entry_year": "Founded"},
        lambda n: [
            name(n),
            one(n, "US", "CH", "KR"),
            one(n, "RISC-V", "photonics"),
            2000 + n % 20,
            f"{name(n)}.com",
        ],
    ),
    "reviews of employers": Shape(
        "USA",
        ["company", "headquarters", "founded", "industry", "sector", "revenue"],
        {"name": "company", "place": "headquarters", "entry_year": "founded"},
        lambda n: [name(n), one(n, "Boston, MA", "Durham, NC"), 1980 + n, "Biotech", "Pharma", n],
    ),
    "a list on a page": Shape(
        "USA",
        ["Company", "Description", "Hiring page", "status (active/closes)", "company_id"],
        {"name": "Company"},
        lambda n: [name(n), "Makes things", "https://example.com", one(n, "active", "closed"), n],
    ),
    "rounds of France": Shape(
        "France",
        ["Nom", "Date de Levée", "Montant", "Ville"],
        {"name": "Nom", "place": "Ville"},
        lambda n: [name(n), "03/02/2019", "3 M€", one(n, "Paris", "Lyon")],
    ),
    "employers of Japan": Shape(
        "Japan",
        ["company_id", "会社名", "grad_year", "業種", "本社所在地", "設立"],
        {"name": "会社名", "place": "本社所在地", "entry_year": "設立"},
        lambda n: [
            n,
            f"{han(n)}株式会社",
            2024,
            "化学",
            one(n, "東京都", "大阪府"),
            f"{1950 + n}年",
        ],
    ),
    "start-ups of India": Shape(
        "India",
        ["Startup Name", "City", "State", "Industry", "Year of incorporation"],
        {"name": "Startup Name", "place": "City", "entry_year": "Year of incorporation"},
        lambda n: [
            name(n),
            one(n, "Pune", "Chennai"),
            one(n, "Maharashtra", "Tamil Nadu"),
            "Biotech",
            2000 + n % 20,
        ],
    ),
    "firms of Spain": Shape(
        "Spain",
        ["Razón social", "CIF", "Domicilio", "Localidad", "Fecha de constitución", "Web"],
        {"name": "Razón social", "place": "Localidad", "entry_year": "Fecha de constitución"},
        lambda n: [
            f"{name(n)} S.L.",
            f"B{n:08}",
            f"Calle Mayor {n}",
            one(n, "Madrid", "Vigo"),
            f"12/03/{1980 + n}",
            f"www.{name(n)}.es",
        ],
        encoding="cp1252",
        delimiter=";",
    ),
    "firms of Russia": Shape(
        "Russia",
        ["Наименование", "ИНН", "Адрес", "Город", "Дата регистрации", "Вид деятельности"],
        {"name": "Наименование", "place": "Город", "entry_year": "Дата регистрации"},
        lambda n: [
            f'ООО "{name(n)}"',
            7700000000 + n,
            f"ул. Ленина, {n}",
            one(n, "Москва", "Пермь"),
            f"12.03.{1991 + n % 30}",
            "72.11",
        ],
        encoding="cp1251",
        delimiter=";",
    ),
    "firms of China": Shape(
        "China",
        ["企业名称", "统一社会信用代码", "注册资本", "所属城市", "成立日期", "经营范围"],
        {"name": "企业名称", "place": "所属城市", "entry_year": "成立日期"},
        lambda n: [
            f"{one(n, '苏州', '上海')}{han(n)}生物科技有限公司",
            f"91320594MA{n:08}",
            "500万",
            one(n, "苏州市", "上海市"),
            f"{1990 + n % 30}-03-12",
            "生物",
        ],
        encoding="gb18030",
    ),
    "firms of Israel": Shape(
        "Israel",
        ["מספר חברה", "שם החברה", "ישוב", "שנת ייסוד", "אתר"],
        {"name": "שם החברה", "place": "ישוב", "entry_year": "שנת ייסוד"},
        lambda n: [
            510000000 + n,
            f'{name(n)} בע"מ',
            one(n, "חיפה", "רחובות"),
            1980 + n,
            f"{name(n)}.co.il",
        ],
    ),
}


def begin(shape: Shape, folder: Path) -> None:
    """Begin a list of one's own with a shape."""
    own_list.new("list", country=shape.country or None, folder=folder)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=shape.delimiter)
    writer.writerows([shape.heads, *map(shape.cells, range(FIRMS))])
    (folder / "firms.csv").write_bytes(text.getvalue().encode(shape.encoding))


def errors_of(problems: list[own_list.Problem]) -> int:
    return findings.count(one for one in problems if one.severity == "error")


def edit(folder: Path) -> tuple[int, list[accepted.Setting]]:
    """Do what `check` advises until nothing is left to do; return the edits and what was added."""
    edits, added = 0, []
    while edits < MOST_EDITS:
        problems = own_list.check(folder)
        wanted = accepted.settings(problems)
        if errors_of(problems):
            choices = [CHOICE.search(problem.right) for problem in problems]
            wanted += [accepted.Setting(**choice.groupdict()) for choice in choices if choice][:1]
        new = accepted.write(folder, wanted)
        if not new:
            break
        edits, added = edits + 1, [*added, *new]
    return edits, added


def wrongly(shape: Shape, folder: Path, added: list[accepted.Setting]) -> int:
    """Count the columns of name, place and year that are taken or advised and are others."""
    taken = {
        setting.key: setting.value.strip('"')
        for setting in added
        if setting.table == "firms.columns"
    }
    for problem in own_list.check(folder):
        found = re.fullmatch(r"was taken as (name|place|entry_year)", problem.wrong)
        if problem.file.startswith("firms") and found and problem.column:
            taken[found[1]] = problem.column
    taken |= {head: head for head in shape.heads if head in ("name", "place", "entry_year")}
    return sum(taken.get(key) != shape.right.get(key) for key in ("name", "place", "entry_year"))


def tried(label: str, shape: Shape, figures: bool) -> dict[str, object]:
    """Return the row of a shape."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "list"
        started = time.perf_counter()
        begin(shape, folder)
        first = time.perf_counter()
        own_list.check(folder)
        check = time.perf_counter() - first
        edits, added = edit(folder)
        errors = errors_of(own_list.check(folder))
        if figures and not errors:
            run(folder, tell=lambda line: None)
        seconds = time.perf_counter() - started
        return {
            "list": label,
            "country": shape.country,
            "firms": FIRMS,
            "edits": edits,
            "errors": errors,
            "wrong": wrongly(shape, folder, added),
            "check": f"{check:.1f}",
            "run": f"{seconds:.0f}" if figures and not errors else "",
        }


def main() -> int:
    """Try every shape and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", action="store_true", help="run each list to its figures")
    rows = [tried(label, shape, parser.parse_args().run) for label, shape in SHAPES.items()]
    for row in rows:
        print(*row.values(), sep="\t")
    write_csv(RESULT, rows)
    print(machine())
    return int(any(row["wrong"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
