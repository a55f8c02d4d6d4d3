"""What `check` advises: by headings and cells, once for each kind, and never wrongly."""

import csv
import io

import pandas as pd
import pytest

from cluster_anatomy import own_list
from cluster_anatomy.__main__ import main
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.own_list import accepted, findings, twins
from cluster_anatomy.reading import advice, headings
from cluster_anatomy.reading.advice import like
from cluster_anatomy.reading.headings import columns
from cluster_anatomy.reading.problems import Problem

TOWNS = ["Leeds", "Bath", "York", "Hull"]
LETTERS = "BDFGKLMNRSTZ"


def firm(number):
    """Return a made name that no other number has."""
    first, second = LETTERS[number % 12], LETTERS[number // 12 % 12].lower()
    return f"{first}o{second}a{first.lower()}u{second} Biotech Ltd"


@pytest.fixture
def a_list(tmp_path):
    """A function that writes a list of some rows and returns its folder."""

    def write(heads, row, rows=40, country="UK", description=""):
        text = io.StringIO()
        csv.writer(text).writerows([heads, *(row(number) for number in range(rows))])
        lines = f'title = "A list"\ncountry = "{country}"\n{description}'
        (tmp_path / "description.toml").write_text(lines, encoding="utf-8")
        (tmp_path / "firms.csv").write_text(text.getvalue(), encoding="utf-8")
        return tmp_path

    return write


def said(folder):
    """Return what is said of columns as a whole."""
    return [str(problem) for problem in own_list.check(folder) if problem.row is None]


def advised(folder):
    """Return the settings that are advised, such as ``place = "City"``."""
    parts = [line.partition("description.toml: ")[2] for line in said(folder)]
    return [part for part in parts if part]


# --- Headings that are known


@pytest.mark.parametrize(
    ("name", "place", "year"),
    [
        ("Security", "Headquarters Location", "Founded"),
        ("CompanyName", "RegAddress.PostTown", "IncorporationDate"),
        ("Startup", "HQ City", "Launch"),
        ("公司名稱", "住址", "核准設立日期"),
        ("公司名稱", "公司所在地", "成立日期"),
        ("会社名", "本社所在地", "設立"),
        ("회사명", "소재지", "설립일자"),
        ("Firmenname", "Firmensitz", "Gründungsjahr"),
        ("Raison sociale", "Siège social", "Date de création"),
        ("Razón social", "Localidad", "Fecha de constitución"),
        ("Razão social", "Município", "Data de fundação"),
        ("Ragione sociale", "Comune", "Anno di costituzione"),
        ("Bedrijfsnaam", "Vestigingsplaats", "Oprichtingsdatum"),
        ("Nazwa firmy", "Siedziba", "Rok założenia"),
        ("Název firmy", "Sídlo", "Rok založení"),
        ("Название компании", "Населенный пункт", "Год основания"),
        ("Назва", "Місто", "Рік заснування"),
        ("Företag", "Ort", "Grundat"),
        ("Virksomhed", "Kommune", "Stiftet"),
        ("Yritys", "Kotipaikka", "Perustamisvuosi"),
        ("Cégnév", "Székhely", "Alapítás éve"),
        ("Şirket", "Şehir", "Kuruluş yılı"),
        ("Επωνυμία", "Έδρα", "Έτος ίδρυσης"),
        ("שם החברה", "ישוב", "שנת ייסוד"),
        ("اسم الشركة", "المدينة", "تاريخ التأسيس"),
        ("कंपनी का नाम", "शहर", "स्थापना वर्ष"),
        ("ชื่อบริษัท", "เมือง", "ปีที่ก่อตั้ง"),
        ("Tên công ty", "Trụ sở", "Năm thành lập"),
        ("Nama perusahaan", "Kota", "Tahun berdiri"),
    ],
)
def test_the_usual_headings_of_open_lists_are_known(a_list, name, place, year):
    folder = a_list([name, place, year], lambda n: [firm(n), TOWNS[n % 4], 1960 + n])
    own = own_list.read(folder)
    assert own.given["firms"] == {"name", "place", "entry_year"}
    assert own.tables["firms"]["entry_year"].tolist() == list(
        own.tables["firms"]["entry_year_as_given"].astype(int)
    )


@pytest.mark.parametrize(
    ("head", "column"),
    [
        ("업종", "product"),
        ("홈페이지", "source_urls"),
        ("Sitio web", "source_urls"),
        ("Дата ликвидации", "closure_year"),
        ("PREVIOUSNAME_1.COMPANYNAME", "former_names"),
        ("annee de creation", "entry_year"),
        ("Gruendungsjahr", "entry_year"),
        ("ANO FUNDACION", "entry_year"),
    ],
)
def test_a_heading_is_known_without_case_and_accents(head, column):
    known = {headings.key(heading) for heading in headings.words("firms", column)}
    assert headings.key(head) in known


def test_no_heading_means_two_columns_of_which_the_first_would_always_win():
    seen = {}
    for column in columns("firms"):
        for heading in headings.headings()["firms"].get(column, []):
            seen.setdefault(headings.key(heading), []).append(column)
    assert all(len(set(names)) == len(names) for names in seen.values())
    assert not {headings.key(name) for name in columns("firms")} & {""}


# --- Cells decide what a heading means


def test_cells_tell_a_site_in_a_town_from_one_on_the_web(a_list):
    folder = a_list(["Company", "Site"], lambda n: [firm(n), f"www.firm{n}.com"])
    assert own_list.read(folder).given["firms"] == {"name", "source_urls"}
    folder = a_list(["Company", "Site"], lambda n: [firm(n), TOWNS[n % 4]])
    assert own_list.read(folder).given["firms"] == {"name", "place"}


def test_a_source_is_a_web_address(a_list):
    folder = a_list(["Company", "Source"], lambda n: [firm(n), "https://example.org/a"])
    assert own_list.read(folder).given["firms"] == {"name", "source_urls"}
    folder = a_list(["Company", "Source"], lambda n: [firm(n), "Annual report"])
    assert own_list.read(folder).given["firms"] == {"name"}


def test_a_column_without_any_year_or_letter_is_not_what_its_heading_says(a_list):
    folder = a_list(["Company", "City", "Founded"], lambda n: [firm(n), 4000 + n, "yes"])
    assert own_list.read(folder).given["firms"] == {"name"}
    assert "firms.csv, column 'Founded': was not taken as entry_year, as it holds no year" in str(
        said(folder)
    )


def test_streets_are_no_towns_but_addresses_that_begin_with_the_town_are_read(a_list):
    heads = ["Company", "Address"]
    folder = a_list(heads, lambda n: [firm(n), f"{n + 1} High Street, Leeds"])
    assert own_list.read(folder).given["firms"] == {"name"}
    assert sum("holds addresses" in line for line in said(folder)) == 1
    folder = a_list(["公司名稱", "住址"], lambda n: [firm(n), f"台北市中山北路{n + 1}號"])
    assert "firms.csv, column '住址': was taken as place" in said(folder)


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (("Location", "Europe"), ("City", "Leeds"), "place"),
        (("Incorporated", "2004"), ("Founded", "1998"), "entry_year"),
        (("核准設立日期", "2004"), ("設立日期", "1998"), "entry_year"),
    ],
)
def test_of_two_headings_the_one_that_means_it_first_is_taken(a_list, first, second, taken):
    folder = a_list(["Company", first[0], second[0]], lambda n: [firm(n), first[1], second[1]])
    own = own_list.read(folder)
    assert set(own.tables["firms"][taken].astype(str)) == {second[1]}
    assert f"column '{first[0]}': was not used: '{second[0]}' was taken as" in str(said(folder))


def test_a_town_goes_before_an_address_whatever_their_order(a_list):
    folder = a_list(
        ["Firma", "Domicilio social", "Localidad"],
        lambda n: [firm(n), f"Calle Mayor {n}", TOWNS[n % 4]],
    )
    assert set(own_list.read(folder).tables["firms"]["place"]) == set(TOWNS)


def test_provinces_are_places_where_there_are_no_towns(a_list):
    provinces = ["เชียงใหม่", "ภูเก็ต"]
    folder = a_list(["ชื่อบริษัท", "จังหวัด"], lambda n: [firm(n), provinces[n % 2]], country="Thailand")
    assert set(own_list.read(folder).tables["firms"]["place"]) == set(provinces)
    assert any("there is no column of towns" in line for line in said(folder))


def test_two_headings_of_a_column_that_may_be_missing_stop_nothing(a_list):
    folder = a_list(["Company", "industry", "sector"], lambda n: [firm(n), "drugs", "health"])
    assert set(own_list.read(folder).tables["firms"]["product"]) == {"drugs"}


# --- Advice


@pytest.mark.parametrize(
    ("head", "cell"),
    [
        ("上市日期", lambda n: 19620101 + n),
        ("Listing date", lambda n: f"2001-02-{n % 27 + 1:02}"),
        ("Date de Levée", lambda n: "03/02/2019"),
        ("Date of funding", lambda n: "2019-03-04"),
        ("Fecha de fusión", lambda n: "2019-03-04"),
        ("Date added", lambda n: f"{1970 + n}-03-04"),
        ("Date", lambda n: "Jan-2019"),
        ("grad_year", lambda n: 2024),
        ("Börsengang", lambda n: 1990 + n),
        ("상장일", lambda n: f"{1980 + n}-01-02"),
        ("上場年月日", lambda n: f"{1980 + n}/01/02"),
        ("Data da oferta", lambda n: 2010),
        ("Год выхода на биржу", lambda n: 2010),
        ("Product launch date", lambda n: 2010),
        ("Mortgages.NumMortCharges", lambda n: 0),
        ("company_id", lambda n: 1000 + n),
        ("公司代號", lambda n: 1101 + n),
        ("종목코드", lambda n: f"{5930 + n:06}"),
        ("Symbol", lambda n: f"AB{LETTERS[n % 12]}{n}"),
        ("status (active/closes)", lambda n: ("active", "closed")[n % 2]),
        ("Statut", lambda n: ("actif", "fermé")[n % 2]),
        ("CountryOfOrigin", lambda n: "United Kingdom"),
        ("Country of origin", lambda n: "France"),
        ("Technology", lambda n: ("antibodies", "vaccines")[n % 2]),
        ("Telefon", lambda n: f"089 {1000 + n}"),
        ("Employees", lambda n: 10 + n),
        ("CEO", lambda n: f"A. {firm(n)[:6]}"),
        ("Umsatz", lambda n: 1000 * n),
        ("資本額", lambda n: 77511817420 + n),
    ],
)
def test_no_column_is_advised_for_what_it_is_not(a_list, head, cell):
    folder = a_list(["Company", head], lambda n: [firm(n), cell(n)])
    assert advised(folder) == []
    assert own_list.read(folder).given["firms"] == {"name"}


@pytest.mark.parametrize(
    ("head", "cell", "right"),
    [
        (
            "Company headquarters city",
            lambda n: TOWNS[n % 4],
            'place = "Company headquarters city"',
        ),
        ("Foundd", lambda n: 1960 + n, 'entry_year = "Foundd"'),
        ("Year company founded", lambda n: 1960 + n, 'entry_year = "Year company founded"'),
        ("公司总部所在地", lambda n: ("苏州", "无锡")[n % 2], 'place = "公司总部所在地"'),
        ("회사 설립년도", lambda n: 1990 + n, 'entry_year = "회사 설립년도"'),
        ('The "Founded" year', lambda n: 1960 + n, 'entry_year = "The \\"Founded\\" year"'),
    ],
)
def test_a_column_is_advised_if_heading_and_cells_say_so(a_list, head, cell, right):
    assert advised(a_list(["Company", head], lambda n: [firm(n), cell(n)])) == [right]
    assert advised(a_list(["Company", head], lambda n: [firm(n), "n.a. 5"])) == []


def test_names_of_firms_are_known_by_their_legal_forms(a_list):
    heads = ["Ticker", "Bezug", "City"]
    folder = a_list(heads, lambda n: [f"AB{n}", firm(n), TOWNS[n % 4]])
    assert advised(folder) == ['name = "Bezug"']
    folder = a_list(heads, lambda n: [f"AB{n}", firm(n % 3), TOWNS[n % 4]])
    assert advised(folder) == []
    assert any("there are: 'Ticker', 'Bezug'" in line for line in said(folder))


def test_a_place_that_never_repeats_is_not_advised(a_list):
    heads = ["Company", "Company headquarters city"]
    assert advised(a_list(heads, lambda n: [firm(n), firm(n)])) == []


@pytest.mark.parametrize(
    ("head", "known", "expected"),
    [
        ("PostTown", "Town", False),
        ("Town of the firm", "Town", True),
        ("Funded", "Founded", False),
        ("Estabished", "Established", True),
        ("公司城市", "城市", True),
        ("出生城市", "城市", False),
        ("Year", "City", False),
    ],
)
def test_a_heading_is_like_another_but_for_words_that_add_nothing(head, known, expected):
    assert like(head, [known]) is expected


def test_columns_that_are_not_used_take_one_line(a_list):
    heads = ["Company", *(f"Kennzahl {number}" for number in range(33))]
    lines = said(a_list(heads, lambda n: [firm(n), *range(33)]))
    unused = [line for line in lines if "Kennzahl" in line]
    assert len(unused) == 1
    assert "33 columns are not known and were not used: 'Kennzahl 0', " in unused[0]
    assert unused[0].endswith("and 3 more")


def test_what_a_cell_shows_of_its_kind():
    place, year = columns("firms")["place"], columns("firms")["entry_year"]
    assert advice.may_be(place, ["x"] * 4)
    assert not advice.may_be(year, ["never"] * 5)
    assert advice.may_be(year, ["never"] * 5 + ["98"])
    assert not advice.may_be(place, ["12", "13", "14", "15", "www.a.com"])


# --- One line for each kind


def shown(folder, capsys, *options):
    """Return the lines that the command prints, and its exit code."""
    code = main(["check", str(folder), *options])
    return capsys.readouterr().out.splitlines(), code


def test_problems_of_one_kind_take_one_line_with_three_examples(a_list, capsys):
    folder = a_list(["name", "entry_year"], lambda n: [firm(n), f"19x{n}"])
    lines, code = shown(folder, capsys)
    (line,) = [line for line in lines if line.startswith("error: ")]
    assert code == 1
    assert line.startswith("error: firms.csv, row 2, column 'entry_year', value '19x0': is no year")
    assert line.endswith("(40 like this: also row 3 '19x1', row 4 '19x2')")
    assert "40 errors and 1 warning. Mend the errors first." in lines[-2]
    assert lines[-1].endswith('what is advised: [years] unreadable = "unknown"')


def test_every_problem_stands_in_a_table_that_a_spreadsheet_may_open(a_list, capsys, monkeypatch):
    area = a_list(["x"], lambda n: []) / "area"
    area.mkdir()
    monkeypatch.setattr(findings, "work_area", lambda folder: area)
    folder = a_list(["name", "entry_year"], lambda n: [firm(n), "=1+1"])
    before = {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    lines, _ = shown(folder, capsys)
    assert lines[-2].endswith(f"Every line: {area / findings.FILE}")
    with open(area / findings.FILE, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(own_list.check(folder)) == 42
    assert {row["value"] for row in rows if row["severity"] == "error"} == {"'=1+1"}
    assert {file: file.read_bytes() for file in before} == before


def test_what_matters_most_comes_first(a_list, capsys):
    heads = ["Company", "Kennzahl", "Founded"]
    lines, _ = shown(a_list(heads, lambda n: [firm(n), n, f"c. {1950 + n}"]), capsys)
    assert lines[0].startswith("warning: firms.csv, column 'place': there is no such column")
    assert "taken as 1950, between 1949 and 1951 (40 like this" in lines[1]
    assert "'Kennzahl': is not a column that is known" in lines[2]
    ends = ["entry_year_low", "closure_year"]
    headed = ["Company", "Founded", *(f"Mode {n}" for n in range(3)), *ends]
    folder = a_list(headed, lambda n: [firm(n), "19xx", "", "", "", "first", "soon"])
    lines, _ = shown(folder, capsys)
    assert lines[0] == "What matters most:"
    assert all(line.startswith("error: ") for line in lines[1:4])
    assert lines[4:6] == ["", "Then:"]


def test_headings_that_were_taken_are_one_kind():
    taken = [
        Problem("firms.csv", f"was taken as {column}", column=head, severity="note")
        for head, column in (("Stadt", "place"), ("Jahr", "entry_year"), ("Firma", "name"))
    ]
    assert findings.lines(taken) == [
        "note: firms.csv, column 'Stadt': was taken as place (3 like this: also 'Jahr', 'Firma')"
    ]


def test_names_in_a_message_make_no_kind_of_their_own():
    doubts = [
        Problem("firms.csv", f"was taken as {town} in {state}", row=row, column="City")
        for row, town, state in ((2, "Boston", "MA"), (3, "St. Louis", "MO"))
    ]
    doubts += [Problem("firms.csv", "was taken as a region of its own", row=4, column="City")]
    assert [len(kind) for kind in findings.kinds(doubts)] == [2, 1]


# --- Advice that is accepted


COMMENTED = """\
# my list
title = "A list"   # its title
country = "UK"

[firms]
file = "firms"

[firms.columns]
# what I know
name = "Company"
"""


def test_check_writes_what_it_advises_and_keeps_the_rest(a_list, capsys):
    heads = ["Company", "Company headquarters city", "Foundd"]
    folder = a_list(heads, lambda n: [firm(n), TOWNS[n % 4], 1960 + n])
    (folder / "description.toml").write_text(COMMENTED, encoding="utf-8")
    lines, _ = shown(folder, capsys)
    assert lines[-1] == (
        f"`check {folder} --write` adds to description.toml what is advised: [firms.columns] place"
        ' = "Company headquarters city"; [firms.columns] entry_year = "Foundd"'
    )
    lines, code = shown(folder, capsys, "--write")
    assert code == 0
    assert lines[:2] == [
        'added to description.toml: [firms.columns] place = "Company headquarters city"',
        'added to description.toml: [firms.columns] entry_year = "Foundd"',
    ]
    text = (folder / "description.toml").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if accepted.REMARK not in line] == (
        COMMENTED.splitlines()
    )
    assert own_list.read(folder).given["firms"] == {"name", "place", "entry_year"}
    lines, _ = shown(folder, capsys, "--write")
    assert lines[0] == "nothing is advised that description.toml does not say"
    assert (folder / "description.toml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('title = "x"', 'title = "x"\n\n[firms.columns]\nplace = "City"  {}\n'),
        ('title = "x"\r\n', 'title = "x"\r\n\r\n[firms.columns]\r\nplace = "City"  {}\r\n'),
        (
            "[ firms . columns ] # mine\nname = 'x'\n",
            "[ firms . columns ] # mine\nplace = \"City\"  {}\nname = 'x'\n",
        ),
        ('title = """\n[firms.columns]\n"""\n', None),
        ('firms.columns.name = "x"\n', None),
        ('[firms]\ncolumns = { name = "x" }\n', None),
        ('[firms.columns]\nplace = "Town"\n', ""),
        ('firms = "x"\n', ""),
    ],
)
def test_a_description_is_added_to_or_left_as_it_is(tmp_path, before, after):
    file = tmp_path / "description.toml"
    file.write_bytes(b"\xef\xbb\xbf" + before.encode())
    file.chmod(0o640)
    setting = accepted.Setting("firms.columns", "place", '"City"')
    if after is None:
        with pytest.raises(PipelineError, match=r"add by hand:\n\[firms.columns\] place = "):
            accepted.write(tmp_path, [setting])
    else:
        assert accepted.write(tmp_path, [setting]) == ([setting] if after else [])
    expected = after.format(accepted.REMARK) if after else before
    assert file.read_bytes() == b"\xef\xbb\xbf" + expected.encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["description.toml"]


def test_nothing_is_written_through_a_link(tmp_path):
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text('title = "x"\n', encoding="utf-8")
    folder = tmp_path / "list"
    folder.mkdir()
    (folder / "description.toml").symlink_to("../elsewhere.toml")
    setting = accepted.Setting("firms.columns", "place", '"City"')
    with pytest.raises(PipelineError, match="is a link; nothing was written"):
        accepted.write(folder, [setting])
    (folder / "description.toml").unlink()
    (folder / "description.toml").hardlink_to(elsewhere)
    with pytest.raises(PipelineError, match="is a link; nothing was written"):
        accepted.write(folder, [setting])
    assert elsewhere.read_text(encoding="utf-8") == 'title = "x"\n'


@pytest.mark.parametrize(
    ("remedy", "found"),
    [
        ('write under [ties.columns] in description.toml: year = "When"', ['year = "When"']),
        ('if it is one write repeated = "one firm" under [firms]', ['repeated = "one firm"']),
        ('or several = "first", "last" or "unknown" under [years]', []),
        ('write [years] several = "last"', ['several = "last"']),
        ('write [years] several = "first" or "last"', []),
        ('write [years] several = "first", "last" or "unknown"', []),
        ('write under [firms.columns]: place = "A \\"b\\" c"; or', ['place = "A \\"b\\" c"']),
        ('name a column that holds the town: [firms.columns] place = "...", or add one', []),
        ("mend it, or [years] in description.toml", []),
        ("", []),
    ],
)
def test_a_setting_is_what_a_remedy_says_unless_it_leaves_a_choice(remedy, found):
    settings = accepted.settings([Problem("x", "y", remedy)])
    assert [f"{setting.key} = {setting.value}" for setting in settings] == found


# --- Twins


def pairs_of(names, places):
    """Return the pairs of names that look alike, of firms at some places."""
    firms = pd.DataFrame({"name": names, "place": places, "country": "India"}, dtype=object)
    blank = dict.fromkeys(["name_local", "other_names", "former_names", "admin"], pd.NA)
    found = twins.twins(firms.assign(**blank))
    return sorted(zip(found["first_name"], found["second_name"], strict=True))


def test_twins_are_what_the_linkage_model_takes_for_one_firm():
    names = ["Acme Limited", "Acme Ltd", "GRP Limited", "Brightcom Group Limited", "Müller GmbH"]
    names += ["Mueller GmbH", "Unity Trust Limited", "Ethical Trust Limited", "深圳科兴", "科兴"]
    true = [("Acme Limited", "Acme Ltd"), ("Müller GmbH", "Mueller GmbH"), ("深圳科兴", "科兴")]
    assert pairs_of(names, "Pune") == true
    assert pairs_of(names[:2], ["Pune", "Mumbai"]) == []
    assert pairs_of(["Acme Limited", "ACME LIMITED"], "Pune") == []
    assert pairs_of(["Acme Limited"], "Pune") == []


def test_the_likeliest_twins_are_said_and_the_others_counted(a_list, monkeypatch):
    monkeypatch.setattr(twins, "MOST_TWINS", 3)
    forms = ("Limited", "Ltd")
    rows = [f"{firm(n // 2)[:7]} {forms[n % 2]}" for n in range(12)]
    folder = a_list(["name", "place"], lambda n: [rows[n], "Leeds"], rows=12)
    lines = [str(problem) for problem in own_list.check(folder) if problem.severity == "warning"]
    assert sum("(twins: " in line for line in lines) == 3
    assert any("3 more pairs of names look alike" in line for line in lines)
