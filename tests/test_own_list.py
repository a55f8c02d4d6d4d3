"""A list of one's own: what is understood, what is refused and with which words."""

import datetime
import io
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_anatomy import own_list
from cluster_anatomy.__main__ import main
from cluster_anatomy.own_list import begin
from cluster_anatomy.own_list.typed_cells import FILLED
from cluster_anatomy.reading import values, years
from cluster_anatomy.reading.encodings import plausibility
from cluster_anatomy.tables import contract
from cluster_anatomy.tables.checks import failed_check
from cluster_anatomy.tables.contract import TableError, contracts

CHINA = 'title = "A list"\ncountry = "China"\n'
INDIA = 'title = "A list"\ncountry = "India"\n'


@pytest.fixture
def folder(tmp_path):
    """A function that writes a list's folder and returns it."""

    def write(files, description=INDIA):
        target = tmp_path / "list"
        target.mkdir(exist_ok=True)
        (target / "description.toml").write_text(description, encoding="utf-8")
        for name, content in files.items():
            (target / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    return write


def said(folder, severity="error"):
    """Return the lines of one severity."""
    return [str(problem) for problem in own_list.check(folder) if problem.severity == severity]


def workbook(rows, merged=(), errors=(), sheets=()):
    """Return an .xlsx with the rows in a last sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    for title in sheets:
        sheet.title = title
        sheet.append(["Read me first"])
        sheet = book.create_sheet()
    sheet.title = "Firms"
    for row in rows:
        sheet.append(row)
    for cell in errors:
        sheet[cell].data_type = "e"
    for span in merged:
        sheet.merge_cells(span)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# --- A messy list


def test_a_messy_list_in_gbk_is_read_and_each_doubt_is_said(folder):
    text = (
        "生物技术企业名录;;;\n\n"
        "企业名称;所在地;成立时间;简介\n"
        "北京科兴生物制品有限公司;北京;c. 1998;\n"
        "北京科兴生物制品股份有限公司;北京市;1996/97;\n"
        "深圳海王;深圳;１９９０年代;\n"
        "华大基因;深圳;1999年9月9日;\n"
    )
    path = folder({"firms.csv": text.encode("gbk")}, CHINA)
    own = own_list.read(path)
    firms = own.tables["firms"].set_index("name")
    assert firms.loc[
        "北京科兴生物制品有限公司", ["entry_year", "entry_year_low", "entry_year_high"]
    ].tolist() == [
        1998,
        1997,
        1999,
    ]
    assert firms.loc[
        "北京科兴生物制品股份有限公司", ["entry_year", "entry_year_high"]
    ].tolist() == [
        1996,
        1997,
    ]
    assert firms.loc["深圳海王", "entry_year_low"] == 1990
    assert firms.loc[["深圳海王"], "entry_year"].isna().all()
    assert firms.loc["华大基因", "entry_year"] == 1999
    assert set(firms["place"]) == {"Beijing", "Shenzhen"}
    assert own.given["firms"] == {"name", "place", "entry_year"}
    assert said(path, "warning") == [
        "firms.csv, column '简介': is not a column that is known; it was not used",
        (
            "firms.csv, row 4, column '成立时间', value 'c. 1998': taken as 1998, between 1997 and"
            " 1999"
        ),
        (
            "firms.csv, row 5, column '成立时间', value '1996/97': taken as 1996, between 1996 and"
            " 1997"
        ),
        (
            "firms.csv, row 5, column '企业名称', value '北京科兴生物制品股份有限公司': looks like"
            " '北京科兴生物制品有限公司' in row 4 (twins: 100 of 100), but they"
            " count as two firms; if they are one, take a row out and keep its name in other_names"
        ),
        (
            "firms.csv, row 6, column '成立时间', value '１９９０年代': taken as some year from"
            " 1990 to 1999; the year itself stays blank"
        ),
    ]
    notes = "\n".join(said(path, "note"))
    assert "read as gb18030, which reads '生物技术企业名录" in notes
    assert "row 3: holds the headings; the rows above it were left out" in notes
    assert "column '所在地': was taken as place" in notes


def test_a_workbook_with_merged_cells_dates_and_formulas(folder):
    rows = [
        ["Firmen in Bayern"],
        ["Firma", "Ort", "Gründungsjahr"],
        ["Alpha GmbH", "München", datetime.datetime(1998, 3, 12)],
        ["Beta AG", None, 1999.0],
        ["Gamma KG", "Köln", "=1990+8"],
        ["Delta SE", "Köln", "#REF!"],
        ["=1+1", "Köln", "2001"],
    ]
    file = workbook(rows, merged=["A1:C1", "B3:B4"], errors=["C6"], sheets=["Notes"])
    path = folder({"firms.xlsx": file}, 'title = "A list"\ncountry = "Deutschland"\n')
    assert said(path) == [
        (
            "firms.xlsx, row 5, column 'Gründungsjahr', value '=1990+8': a formula that was never"
            " calculated; open the file in a spreadsheet and save it, or write the value"
        ),
        "firms.xlsx, row 6, column 'Gründungsjahr': shows the error #REF!; write the value",
        (
            "firms.xlsx, row 7, column 'Firma', value '=1+1': a formula that was never calculated;"
            " open the file in a spreadsheet and save it, or write the value"
        ),
    ]
    assert said(path, "warning") == [
        (
            "firms.xlsx: sheet 'Firms' was taken, whose headings fit best (others: 'Notes'); name"
            " another one as `sheet` in description.toml"
        ),
        (
            "firms.xlsx, row 3, column 'Ort', value 'München': merged with the cells below it; its"
            " value was taken for rows 3 to 4; undo the merging if that is not meant"
        ),
    ]
    rows[4:] = []
    firms = own_list.read(folder({"firms.xlsx": workbook(rows, merged=["B3:B4"])})).tables["firms"]
    assert firms[["name", "place", "entry_year"]].to_numpy().tolist() == [
        ["Alpha GmbH", "München", 1998],
        ["Beta AG", "München", 1999],
    ]


def test_an_opendocument_sheet(folder):
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = [["Company", "City"], ["Acme", "Pune"]]
    cells = "".join(
        f"<table:table-row>{''.join(map(cell.format, row))}</table:table-row>" for row in rows
    )
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text")
    )
    content = (
        f'<office:document-content {spaces} office:version="1.2"><office:body><office:spreadsheet>'
        "<table:table"
        f' table:name="One">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<x/>")
    firms = own_list.read(folder({"firms.ods": file.getvalue()})).tables["firms"]
    assert firms[["name", "place"]].to_numpy().tolist() == [["Acme", "Pune"]]


# --- Encodings and delimiters

TEXTS = {
    "gb18030": (
        "China",
        "企业名称,所在地\n北京科兴生物制品有限公司,北京\n",
        "北京科兴生物制品有限公司",
    ),
    "big5": ("Taiwan", "公司名稱,所在地\n台灣生物科技公司,台北\n", "台灣生物科技公司"),
    "shift_jis": ("Japan", "会社名,所在地\n武田薬品工業株式会社,大阪\n", "武田薬品工業株式会社"),
    "euc_jp": ("Japan", "会社名,所在地\n武田薬品工業株式会社,大阪\n", "武田薬品工業株式会社"),
    "euc_kr": ("Korea", "회사명,도시\n셀트리온,인천\n", "셀트리온"),
    "cp1252": ("Germany", "Firma,Ort\nMüller’s Bio,Köln\n", "Müller’s Bio"),
    "mac_roman": ("France", "Société,Ville\nGénétique,Orléans\n", "Génétique"),
    "cp1250": ("Czechia", "Název,Město\nČeská firma,Plzeň\n", "Česká firma"),
    "cp1251": ("Russia", "Название,Город\nБиокад,Москва\n", "Биокад"),
    "cp1255": ("Israel", "שם,עיר\nטבע,חיפה\n", "טבע"),
    "utf-8": ("India", "Company,City\nभारत बायोटेक,पुणे\n", "भारत बायोटेक"),
    "utf-8-sig": ("India", "Company,City\nभारत,पुणे\n", "भारत"),
    "utf-16": ("Israel", "שם,עיר\nטבע,חיפה\n", "טבע"),
    "utf-16-le": ("USA", "Company,City\nAcme Biotech,Boston\n", "Acme Biotech"),
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_common_encoding_is_found(folder, encoding):
    country, text, name = TEXTS[encoding]
    path = folder(
        {"firms.csv": text.encode(encoding)}, f'title = "A list"\ncountry = "{country}"\n'
    )
    assert own_list.read(path).tables["firms"]["name"].tolist() == [name]


def test_an_uncertain_encoding_is_said_with_a_sample(folder):
    path = folder({"firms.csv": "Company,City\nPlzeň,Brno\n".encode("cp1250")})
    (warning,) = said(path, "warning")[:1]
    assert (
        warning
        == "firms.csv: the encoding is not certain; cp1252 was taken, which reads 'Plzeò'; if that"
        " looks wrong, give `encoding` in description.toml or save the file as UTF-8"
    )
    path = folder({}, INDIA + '[firms]\nencoding = "cp1250"\n')
    assert own_list.read(path).tables["firms"]["name"].tolist() == ["Plzeň"]


def test_frequent_characters_tell_encodings_apart():
    data = "科兴生物".encode("gbk")
    assert plausibility(data.decode("gb18030"), "gb18030") == 1
    assert plausibility(data.decode("cp1252"), "cp1252") < 0.7


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_delimiter_is_found(folder, delimiter):
    rows = [
        ["Company", "City", "Remarks"],
        ['"Acme; one, two|three"', "Pune", ""],
        [],
        ["Zeta", "Pune", "x"],
    ]
    text = "\n".join(delimiter.join(row) for row in rows)
    firms = own_list.read(folder({"firms.csv": text})).tables["firms"]
    assert firms["name"].tolist() == ["Acme; one, two|three", "Zeta"]


def test_excels_line_on_the_delimiter_counts_as_a_row(folder):
    path = folder({"firms.csv": "sep=;\nCompany;Founded\nAcme;20x8\n"})
    assert [line[:19] for line in said(path)] == ["firms.csv, row 3, c"]


# --- Years

YEARS = {
    "1998": (1998, 1998, 1998),
    "1998.0": (1998, 1998, 1998),
    "１９９８": (1998, 1998, 1998),
    "c. 1998": (1998, 1997, 1999),
    "ca.1998": (1998, 1997, 1999),
    "1998?": (1998, 1997, 1999),
    "约1998年": (1998, 1997, 1999),
    "founded 1998": (1998, 1998, 1998),
    "成立于1998年3月": (1998, 1998, 1998),
    "12.03.1998": (1998, 1998, 1998),
    "3/12/98": (1998, 1998, 1998),
    "Mar-98": (1998, 1998, 1998),
    "12. März 1998": (1998, 1998, 1998),
    "1998-03-12 00:00:00": (1998, 1998, 1998),
    "19980312": (1998, 1998, 1998),
    "1996/97": (1996, 1996, 1997),
    "1996-1997": (1996, 1996, 1997),
    "1999/00": (1999, 1999, 2000),
    "1996–1999": (None, 1996, 1999),
    "before 1990": (None, None, 1989),
    "1990年以前": (None, None, 1990),
    "nach 1990": (None, 1991, None),
    "1990s": (None, 1990, 1999),
    "mid-1990s": (None, 1990, 1999),
    "90年代": (None, 1990, 1999),
    "民国87年": (1998, 1998, 1998),
    "民國元年": (1912, 1912, 1912),
    "昭和60年": (1985, 1985, 1985),
    "平成10年3月": (1998, 1998, 1998),
    "B.E. 2541": (1998, 1998, 1998),
    "٢٠٠١": (2001, 2001, 2001),
    "一九九八年": (1998, 1998, 1998),
    "1998¹": (1998, 1998, 1998),
    "FOUNDED: 1998": (1998, 1998, 1998),
}


@pytest.mark.parametrize("text", YEARS)
def test_a_year_is_understood(text):
    year = years.read_year(text, today=2026)
    assert (year.value, year.low, year.high) == YEARS[text]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "2543",
            "the year 2543 is in the future; if it is of the Buddhist era write 2000, or B.E. 2543",
        ),
        ("5758", "the year 5758 is in the future; if it is of the Hebrew calendar write 1998"),
        (
            "1377",
            (
                "the year 1377 is before 1500; if it is of the Iranian calendar write 1998, if it"
                " is of the Islamic calendar write 1957"
            ),
        ),
        (
            "35866",
            "a number that is no year; as a spreadsheet's day number it is 1998-03-12: write 1998",
        ),
        ("98", "a year of two digits; write all four, such as 1998"),
        (
            "01/02/03",
            (
                "a date in which the year may be the first or the last part; write the year with"
                " four digits"
            ),
        ),
        ("1066", "the year 1066 is before 1500; write the year in which the firm began"),
        (
            "2091",
            (
                "the year 2091 is in the future; write the year in which the firm began, or leave"
                " it blank"
            ),
        ),
        (
            "1998 (moved 2003)",
            (
                "more than one year (1998, 2003); keep the year of entry, or write 1996-1997 for a"
                " span"
            ),
        ),
        ("1998-1996", "the second year comes before the first; write 1996-1997, or one year"),
        (
            "S60",
            (
                "a year of a Japanese reign by its letter; write the year as 1998, or the era in"
                " characters"
            ),
        ),
        (
            "soon",
            (
                "is no year; write four digits, such as 1998, or 1996-1997, c. 1998, before 1990,"
                " 1990s"
            ),
        ),
    ],
)
def test_what_is_no_year_is_refused_with_its_cure(text, wrong):
    with pytest.raises(years.YearError) as error:
        years.read_year(text, today=2026)
    assert str(error.value) == wrong


def test_a_clock_that_is_wrong_does_not_make_a_good_year_the_future(monkeypatch):
    class Past(datetime.date):
        @classmethod
        def today(cls):
            return cls(1999, 12, 31)

    monkeypatch.setattr(years.datetime, "date", Past)
    assert years.read_year("circa 2019").value == 2019
    assert years.this_year() == years.WRITTEN


def test_a_thai_year_is_converted_in_thailand():
    assert years.read_year("2541", "Thailand", today=2026).value == 1998


@given(
    st.integers(years.FIRST_YEAR, 2020),
    st.sampled_from(["{}", " {} ", "c. {}", "{}?", "founded {}", "{}年", "01.02.{}"]),
)
@settings(deadline=None)
def test_every_form_gives_its_year(year, form):
    found = years.read_year(values.clean(form.format(year)), today=2026)
    assert found.value == year
    assert found.low <= year <= found.high


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_year_or_refused(text):
    try:
        year = years.read_year(values.clean(text), today=2026)
    except years.YearError:
        return
    known = [part for part in (year.low, year.value, year.high) if part is not None]
    assert known or year.remark
    assert known == sorted(known)
    assert all(years.FIRST_YEAR <= part <= 2026 for part in known)


def test_years_that_cannot_be_are_named(folder):
    text = (
        "name,place,entry_year,entry_year_low,entry_year_high,closure_year\n"
        "A,Pune,1998,,,1990\nB,Pune,,2001,1999,\nC,Pune,1998,1999,2000,\nD,Pune,1950,,,unknown\n"
    )
    path = folder({"firms.csv": text}, INDIA + "[years]\nfirst = 1980\nlast = 2010\n")
    assert said(path) == [
        (
            "firms.csv, row 2, column 'closure_year', value '1990': comes before the entry in 1998;"
            " mend one of the two, or leave it blank"
        ),
        (
            "firms.csv, row 3, column 'entry_year_low', value '2001': comes after the latest year,"
            " 1999; exchange them"
        ),
        (
            "firms.csv, row 4, column 'entry_year', value '1998': is not between the earliest and"
            " the latest year (1999 to 2000); mend one of the three"
        ),
    ]
    assert [line[:67] for line in said(path, "warning")] == [
        "firms.csv, row 5, column 'entry_year', value '1950': is outside the"
    ]


# --- Headings


def test_headings_in_other_words_are_taken_and_said(folder):
    text = "Raison sociale;Ville;Année de création;Remarques\nGénétique SA;Lyon;1998;\n"
    path = folder({"firms.csv": text})
    assert own_list.read(path).given["firms"] == {"name", "place", "entry_year"}
    assert "firms.csv, column 'Année de création': was taken as entry_year" in said(path, "note")


def test_two_scripts_of_a_name_are_two_columns(folder):
    firms = own_list.read(
        folder({"firms.csv": "企业名称,Company,城市\n科兴,Sinovac,北京\n"}, CHINA)
    ).tables["firms"]
    assert firms[["name", "name_local", "place"]].to_numpy().tolist() == [
        ["Sinovac", "科兴", "Beijing"]
    ]


def test_headings_that_clash_or_lack(folder):
    path = folder(
        {
            "firms.csv": "Company,Firm,City\nA,B,C\n",
            "ties.csv": "Sourc,target_name,tie_type\nA,B,founded\n",
        }
    )
    assert said(path) == [
        (
            "firms.csv, column 'Firm': this and 'Company' both seem to be the column of name; say"
            ' which under [firms.columns] in description.toml: name = "Company"'
        ),
        (
            "ties.csv, column 'source_name': the column is missing; did you mean 'Sourc'? write"
            ' under [ties.columns] in description.toml: source_name = "Sourc"'
        ),
    ]
    path = folder(
        {"ties.csv": ""}, INDIA + '[firms.columns]\nname = "Firm"\nplace = "Cty"\nnmae = "x"\n'
    )
    assert said(path) == [
        (
            "description.toml: [firms.columns] names a column 'nmae' that there is not; did you"
            " mean 'name'?"
        ),
        (
            "firms.csv, column 'Cty': no column has this heading, which description.toml names as"
            " place; did you mean 'City'?"
        ),
        "ties.csv: the file is empty; its first row must name the columns",
    ]


def test_a_table_without_known_headings(folder):
    (line,) = said(folder({"firms.csv": "Acme,London,1998\nZeta,Paris,1999\n"}))
    assert line.startswith(
        "firms.csv, row 1, value 'Acme | London | 1998': no heading is known in the first 30 rows"
    )


def test_columns_of_evidence_may_stand_beside_the_firms(folder):
    text = (
        "name,place,founder_prior_orgs,founder_prior_org_types\nA,Pune,IISc|Old"
        " Pharma,university|firm same industry\nB,Pune,,\n"
    )
    own = own_list.read(folder({"firms.csv": text}))
    assert own.tables["evidence"][["name", "founder_prior_org_types"]].to_numpy().tolist() == [
        ["A", "university|firm_same_industry"]
    ]
    assert own.given["evidence"] == {"name", "founder_prior_orgs", "founder_prior_org_types"}


# --- Places, names, references


def test_places_are_found_suggested_or_left_alone(folder):
    firms = (
        "name,place\nA,Bangalore\nB,Bengaluru \nC,Bangalor\nD,Mysore\nE,bangalore"
        " (Whitefield)\nF,\n"
    )
    places = "name,other_names,region\nBangalore,Bengaluru,Greater Bangalore\n"
    path = folder({"firms.csv": firms, "places.csv": places})
    assert said(path) == [
        "firms.csv, row 4, column 'place', value 'Bangalor': is not a place of places.csv; did you"
        " mean 'Bangalore'? Else add a row for it there"
    ]
    assert any(
        "value 'Mysore': is not a place of places.csv; it was taken as a region" in line
        for line in said(path, "warning")
    )
    own = own_list.read(folder({"firms.csv": firms.replace("C,Bangalor\n", "")}))
    assert own.tables["firms"]["place"].fillna("").tolist() == [
        "Bangalore",
        "Bangalore",
        "Mysore",
        "Bangalore",
        "",
    ]
    assert own.tables["places"].set_index("name")["region"].to_dict() == {
        "Bangalore": "Greater Bangalore",
        "Mysore": "Mysore",
    }


def test_without_places_like_spellings_are_one_and_like_names_are_said(folder):
    path = folder(
        {"firms.csv": "name,place\nA,Tel-Aviv\nB,Tel Aviv\nC,Tel Aviv\nD,Herzliya\nE,Herzlia\n"}
    )
    assert own_list.read(path).tables["firms"]["place"].tolist() == ["Tel Aviv"] * 3 + [
        "Herzliya",
        "Herzlia",
    ]
    warnings = said(path, "warning")
    assert (
        "firms.csv, row 2, column 'place': 'Tel Aviv', 'Tel-Aviv' were taken as one place, 'Tel"
        " Aviv'" in warnings
    )
    assert any(
        "value 'Herzlia': looks like 'Herzliya' in row 5, but they count as two regions" in line
        for line in warnings
    )


def test_a_place_may_carry_its_province_and_country(folder):
    text = (
        'name,place\nA,"Pune, Maharashtra, India"\nB,Pune\nC,"Aurangabad,'
        ' Maharashtra"\nD,"Aurangabad, Bihar"\n'
    )
    own = own_list.read(folder({"firms.csv": text}))
    assert own.tables["firms"][["place", "admin"]].to_numpy().tolist() == [
        ["Pune", "Maharashtra"],
        ["Pune", "Maharashtra"],
        ["Aurangabad", "Maharashtra"],
        ["Aurangabad", "Bihar"],
    ]
    assert set(own.tables["places"]["region"]) == {
        "Pune",
        "Aurangabad (Maharashtra)",
        "Aurangabad (Bihar)",
    }


def test_a_name_of_two_places_needs_its_province(folder):
    path = folder(
        {
            "firms.csv": (
                "name,place,admin\nA,Taizhou,Zhejiang\nB,Taizhou,\nC,台州,\nD,Taizhou,江苏省\n"
            )
        },
        CHINA,
    )
    assert said(path) == [
        "firms.csv, row 3, column 'place', value 'Taizhou': may be 'Taizhou (Jiangsu)' (Jiangsu) or"
        " 'Taizhou (Zhejiang)' (Zhejiang); write the province or state in a column `admin`"
    ]
    path = folder(
        {
            "firms.csv": (
                "name,place,admin\nA,Taizhou,Zhejiang\nC,台州,\nD,Taizhou,江苏省\nE,Suzhou,Anhui\n"
            )
        },
        CHINA,
    )
    assert own_list.read(path).tables["firms"][["place", "admin"]].to_numpy().tolist() == [
        ["Taizhou (Zhejiang)", "Zhejiang"],
        ["Taizhou (Zhejiang)", "Zhejiang"],
        ["Taizhou (Jiangsu)", "Jiangsu"],
        ["Suzhou", "Anhui"],
    ]
    places = own_list.read(path).tables["places"].set_index(["name", "admin"])["region"]
    assert places["Suzhou", "Anhui"] == "Suzhou (Anhui)"


def test_a_state_may_be_written_out(folder):
    american = 'title = "A list"\ncountry = "USA"\n'
    for text in (
        'name,place\nA,"Boston, MA"\nB,Boston\n',
        "name,place,admin\nA,Boston,Massachusetts\n",
    ):
        path = folder({"firms.csv": text}, american)
        assert said(path, "warning")[1:] == []
        assert set(own_list.read(path).tables["places"]["region"]) == {"Boston"}


def test_a_firm_named_twice_and_rows_that_are_no_firm(folder):
    path = folder(
        {
            "firms.csv": (
                "name,place,entry_year\nAcme,Pune,1998\nACME ,pune,1999\nSource:"
                " ministry,,\n,Pune,\n"
            )
        }
    )
    assert said(path) == [
        (
            "firms.csv, row 3, column 'name', value 'ACME': row 2 has the same name at the same"
            " place (Pune); keep one of them or tell them apart in a bracket; if they are one firm"
            ' write repeated = "one firm" under [firms]'
        ),
        (
            "firms.csv, row 5, column 'name', value 'Pune': the row has other cells, but this one"
            " is blank; fill it or take the row out"
        ),
    ]
    assert (
        "firms.csv, row 4, column 'name', value 'Source: ministry': looks like a note or a total;"
        " the row was left out; if it is a firm, give it a place or a year"
    ) in said(path, "warning")


def test_a_total_and_a_source_in_the_column_of_numbers_are_no_firms(folder):
    path = folder(
        {"firms.csv": 'Lp.,Nazwa,Miasto\n1,Acme,Brzeg\nRazem,1 firma,\n"Źródło: własne",,\n'}
    )
    assert said(path) == []
    assert list(own_list.read(path).tables["firms"]["name"]) == ["Acme"]
    assert sum("the row was left out" in line for line in said(path, "warning")) == 2


def test_twins_are_found_in_any_script_and_only_at_one_place(folder):
    names = [
        "Müller Biotech GmbH",
        "Mueller Biotech",
        "S.A. Zeta",
        "Zeta Pharma SA",
        "武田薬品工業株式会社",
        "株式会社武田薬品工業",
        "Alpha Biotech",
        "Gamma Biotech",
        "深圳科兴",
        "深圳科兴生物工程有限公司",
    ]
    path = folder({"firms.csv": "name,place\n" + "".join(f"{name},Pune\n" for name in names)})
    pairs = [
        line.partition(" (twins: ")[0].rpartition("value ")[2]
        for line in said(path, "warning")
        if "twins" in line
    ]
    assert pairs == [
        "'Mueller Biotech': looks like 'Müller Biotech GmbH' in row 2",
        "'株式会社武田薬品工業': looks like '武田薬品工業株式会社' in row 6",
        "'深圳科兴生物工程有限公司': looks like '深圳科兴' in row 10",
    ]
    path = folder(
        {
            "firms.csv": (
                "name,place\n" + "".join(f"{name},Town {row}\n" for row, name in enumerate(names))
            )
        }
    )
    assert not any("twins" in line for line in said(path, "warning"))


def test_evidence_and_ties_are_checked_against_the_firms(folder):
    evidence = (
        "name,founder_prior_orgs,founder_prior_org_types,ownership_at_entry,source_urls\nAmber"
        " Bio,IISc|X,univrsity,Private,an interview\nZeta,IISc|X,university,joint"
        " venture,https://x.org\nZETA,,,,\n"
    )
    ties = (
        "source_name,target_name,tie_type,year\nAmber,X,licenced"
        " from,98\nAmber,Y,founded,1998\nAmber,Y,founded,1998\n"
    )
    firms = "name,place\nAmber Biotech,Pune\nZeta,Pune\n"
    lines = said(folder({"firms.csv": firms, "evidence.csv": evidence, "ties.csv": ties}))
    wanted = [
        (
            "evidence.csv, row 2, column 'founder_prior_org_types', value 'univrsity': is not an"
            " allowed word; did you mean 'university'? allowed: "
        ),
        (
            "evidence.csv, row 2, column 'name', value 'Amber Bio': is not a firm of the list; did"
            " you mean 'Amber Biotech'?"
        ),
        (
            "evidence.csv, row 3, column 'founder_prior_org_types', value 'university': its number"
            " of parts is 1, that of founder_prior_orgs is 2; give them in the same order with |"
            " between, an unknown one blank: a||c"
        ),
        (
            "evidence.csv, row 4, column 'name', value 'ZETA': row 3 is about the same firm; put"
            " both into one row, parts with | between them"
        ),
        (
            "ties.csv, row 2, column 'tie_type', value 'licenced from': is not an allowed word; did"
            " you mean 'licensed_from'? allowed: "
        ),
        (
            "ties.csv, row 2, column 'year', value '98': a year of two digits; write all four, such"
            ' as 1998; or unreadable = "unknown" under [years]'
        ),
        (
            "ties.csv, row 4, column 'source_name', value 'Amber': row 3 is the same tie; keep one"
            " of them"
        ),
    ]
    assert sorted(line.partition("allowed: ")[0] for line in lines) == sorted(
        line.partition("allowed: ")[0] for line in wanted
    )


@pytest.mark.parametrize(
    "cell", ["A|B (x; y)", "A; B (x; y)", "A\nB (x; y)", "A|\nB (x; y)", " A ； B (x; y)"]
)
def test_parts_of_a_cell_may_be_parted_otherwise(folder, cell):
    firms = own_list.read(folder({"firms.csv": f'name,other_names\nZeta,"{cell}"\n'})).tables[
        "firms"
    ]
    assert firms["other_names"].tolist() == ["A|B (x; y)"]


def test_the_description_names_row_and_delimiter_of_the_headings(folder):
    said_so = (
        INDIA + '[firms]\nheader_row = 3\ndelimiter = "_"\n[firms.columns]\nname = "Wer"\nplace ='
        ' ["Where", "Wo"]\n'
    )
    text = "Company_City\n\nWer_Wo_Company\nAcme_Pune_x\n"
    path = folder({"firms.csv": text}, said_so)
    assert own_list.read(path).tables["firms"][["name", "place"]].to_numpy().tolist() == [
        ["Acme", "Pune"]
    ]
    assert "firms.csv, column 'Company': was not used: 'Wer' is the column of name" in said(
        path, "warning"
    )
    (line,) = said(folder({}, said_so.replace("3", "2")))
    assert (
        line
        == "firms.csv, row 2: is blank, though description.toml names it as `header_row`; give the"
        " row of the headings"
    )


def test_a_column_that_only_its_heading_fits_is_left_out(folder):
    text = "Company,Source,Website,Mode\nA,Annual report,www.a.com,x\nB,,b.org/about,start-up\n"
    path = folder({"firms.csv": text})
    assert said(path) == [
        "firms.csv, row 2, column 'Mode', value 'x': is not an allowed word; allowed: start_up,"
        " spin_off, subsidiary, relocation, backbone, unknown"
    ]
    assert any(
        line.startswith(
            "firms.csv, column 'Source': was not taken as source, as it holds no allowed word"
            " (academia,"
        )
        for line in said(path, "warning")
    )
    own = own_list.read(folder({"firms.csv": text.replace(",x", ",")}))
    assert own.tables["firms"]["source_urls"].tolist() == ["http://www.a.com", "http://b.org/about"]
    assert own.given["firms"] == {"name", "mode", "source_urls"}


def test_odd_cells_are_text_and_nothing_else(folder):
    text = (
        'name,place,note\n"=CMD(""x"")",Pune,<script>\n\u200fטבע\u202e,Pune,@SUM(A1)\nTail\u00a0'
        " Co\x07,Pune," + "x" * 40_000 + "\n"
    )
    firms = own_list.read(folder({"firms.csv": text})).tables["firms"]
    assert set(firms["name"]) == {'=CMD("x")', "טבע", "Tail Co"}
    assert set(firms["note"]) == {"<script>", "@SUM(A1)", "x" * 40_000}


# --- Files and descriptions


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "the file is empty; its first row must name the columns"),
        (b"%PDF-1.4", "this is a PDF, not a table; save the table as CSV or Excel (.xlsx)"),
        (
            bytes(range(256)) * 20,
            "holds bytes that are no text; save the table as CSV or Excel (.xlsx)",
        ),
        (
            b"<html><table>",
            (
                "this is a web page or XML under another name; open it in a spreadsheet and save it"
                " as CSV or .xlsx"
            ),
        ),
        (
            b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "the workbook has a password; open it and save a copy without one",
        ),
        (
            b"PK\x03\x04junk",
            (
                "cannot be read as a workbook (Cannot detect file format); open it in a spreadsheet"
                " and save it as .xlsx or CSV"
            ),
        ),
        (
            b'name,place\n"A,x\n',
            (
                "line 2: a stray double quote (unexpected end of data); take it out or write it"
                " twice inside a quoted cell"
            ),
        ),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_line(folder, data, wrong):
    assert said(folder({"firms.csv": data})) == [f"firms.csv: {wrong}"]


def test_a_workbook_is_read_whatever_its_name(folder):
    own = own_list.read(folder({"firms.csv": workbook([["Company"], ["Acme"]])}))
    assert own.tables["firms"]["name"].tolist() == ["Acme"]
    assert "firms.csv: is a workbook, not text; it was read as one" in own.warnings


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "title = India",
            "is not TOML: Invalid value (at line 1, column 9); write lines such as: title = ",
        ),
        ('titel = "x"\n' + INDIA, "unknown key 'titel'; did you mean 'title'?"),
        (
            'beside = ["Chile"]\n' + INDIA,
            "'beside' holds 'Chile'; the study has \"China\" and \"USA\"; [] is neither",
        ),
        (
            INDIA + "[years]\nfirst = 2010\nlast = 1990\n",
            "'years.first' 2010 comes after 'years.last' 1990; exchange them",
        ),
        (
            INDIA + '[years]\nfirst = "1990"\n',
            "'years.first' has the value '1990'; write a whole number",
        ),
        (
            INDIA + '[frame]\ncarries_shares = "perhaps"\n',
            "'frame.carries_shares' has the value 'perhaps'; write \"yes\"",
        ),
        (
            INDIA + '[firms]\nfile = "frms.csv"\n',
            "the file of firms, 'frms.csv', is not in the folder; did you mean 'firms.csv'?",
        ),
        (INDIA + '[firms]\nfile = "../firms.csv"\n', "'../firms.csv' leads out of its folder"),
    ],
)
def test_a_description_that_is_wrong_says_what_would_be_right(folder, text, wrong):
    (line,) = said(folder({"firms.csv": "name\nA\n"}, text))
    assert line.startswith(f"description.toml: {wrong}")


def test_two_files_of_one_name_are_not_chosen_between(folder):
    (line,) = said(folder({"firms.csv": "name\nA\n", "firms.xlsx": workbook([["name"], ["A"]])}))
    assert (
        line == "description.toml: 'firms.csv' and 'firms.xlsx' are both there; say which: file ="
        ' "firms.csv" under [firms]'
    )


def test_every_fault_of_every_file_is_said_at_once(folder):
    rows = "".join(f"Firm {number},Pune,20x{number}\n" for number in range(50))
    with pytest.raises(TableError) as error:
        own_list.read(folder({"firms.csv": "name,place,entry_year\n" + rows, "ties.csv": b""}))
    assert len(error.value.problems) == 51


def test_the_order_of_rows_does_not_matter(folder):
    rows = ["A,Pune,1998\n", "B,Poona,c. 1990\n", "C,Delhi,\n"]
    first = own_list.read(folder({"firms.csv": "name,place,entry_year\n" + "".join(rows)})).tables
    other = own_list.read(
        folder({"firms.csv": "name,place,entry_year\n" + "".join(rows[::-1])})
    ).tables
    assert all(first[name].equals(other[name]) for name in ("firms", "evidence", "ties"))


# --- Any cell


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.lists(st.text(max_size=12), min_size=5, max_size=5), max_size=5),
    st.sampled_from(["firms", "evidence", "ties", "places"]),
)
def test_any_cells_are_read_by_the_contract_or_refused_with_a_cure(folder, rows, table):
    labels = {
        "firms": "name place entry_year mode source_urls",
        "evidence": "name founder_prior_orgs founder_prior_org_types confidence source_urls",
        "ties": "source_name target_name tie_type year source_urls",
        "places": "name other_names region latitude longitude",
    }[table].split()
    lines = [labels, *rows]
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in lines)
    files = {
        "firms.csv": "name,place\nAcme,Pune\n",
        "evidence.csv": "name\n",
        "ties.csv": ",".join(labels),
        "places.csv": "name\n",
    }
    files["ties.csv"] = "source_name,target_name,tie_type\n"
    path = folder(files | {f"{table}.csv": text.encode("utf-8", "replace")})
    problems = own_list.check(path)
    errors = [problem for problem in problems if problem.severity == "error"]
    for problem in errors:
        assert problem.file
        assert problem.wrong
        assert problem.right or "; " in problem.wrong
        assert "\n" not in str(problem)
    if not errors:
        for name, frame in own_list.read(path).tables.items():
            columns = contracts()[f"own_{name}"].columns
            assert {*frame.columns} == {column.name for column in columns}
            for column in columns:
                failed = [failed_check(column, value) for value in frame[column.name]]
                assert not any(failed), (name, column.name, failed)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200))
def test_any_bytes_give_no_traceback(folder, data):
    problems = own_list.check(folder({"firms.csv": b"name,place\n" + data, "ties.csv": data}))
    assert all(problem.wrong for problem in problems)


# --- New lists, ready descriptions, the command line


def test_a_new_folder_is_accepted_once_it_holds_a_firm(tmp_path):
    path = own_list.new(str(tmp_path / "india"), country="India")
    assert sorted(file.name for file in path.iterdir()) == [
        "README.md",
        "description.toml",
        "evidence.csv",
        "firms.csv",
        "places.csv",
        "ties.csv",
    ]
    assert said(path) == ["firms.csv: holds no firm yet; write one firm per row below the headings"]
    with (path / "firms.csv").open("a", encoding="utf-8") as file:
        file.write("Bharat Biotech,,,,Hyderabad,,,1996\r\n")
    own = own_list.read(path)
    assert own.tables["firms"][["name", "place", "country"]].to_numpy().tolist() == [
        ["Bharat Biotech", "Hyderabad", "India"]
    ]
    assert [len(own.tables[name]) for name in ("evidence", "ties")] == [0, 0]


def test_the_readme_of_a_new_folder_tells_every_column():
    text = begin.readme()
    for table in ("firms", "evidence", "ties", "places"):
        for column in contracts()[f"own_{table}"].columns:
            assert f"| `{column.name}` |" in text or column.name in FILLED


def test_new_overwrites_nothing(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="is there already; nothing was written"):
        own_list.new(str(tmp_path / "mine"))
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["thesis.txt"]


@pytest.mark.parametrize("name", ["bioplan_2008", "miit_2009"])
def test_a_licensed_list_only_needs_to_be_dropped_in(tmp_path, name):
    labels = [column.name for column in contracts()["closed_lists"].columns]
    path = own_list.new(str(tmp_path / name), like=name)
    assert "is not in the folder" in said(path)[0]
    rows = [
        labels,
        [1, "Shenzhen Kexing Biotech", "深圳科兴", "Shenzhen", "interferon", ""],
        [2, "Amoytop", None, "Xiamen", None, None],
    ]
    (path / f"{name}.xlsx").write_bytes(workbook(rows))
    firms = own_list.read(path).tables["firms"]
    assert firms[["name", "name_local", "place", "rank", "country"]].fillna(
        ""
    ).to_numpy().tolist() == [
        ["Amoytop", "", "Xiamen", 2, "China"],
        ["Shenzhen Kexing Biotech", "深圳科兴", "Shenzhen", 1, "China"],
    ]


def test_a_list_can_be_copied_as_an_example(tmp_path, folder):
    source = folder({"firms.csv": "name\nA\n"})
    (source / "results").mkdir()
    copy = own_list.new(str(tmp_path / "copy"), like=str(source))
    assert sorted(file.name for file in copy.iterdir()) == [
        "README.md",
        "description.toml",
        "firms.csv",
    ]


def test_the_command_line_checks_and_refuses(tmp_path, folder, capsys):
    path = folder({"firms.csv": "name,entry_year\nA,20x1\n"})
    before = {file: file.read_bytes() for file in path.rglob("*")}
    assert main(["check", str(path)]) == 1
    output = capsys.readouterr().out
    assert (
        "error: firms.csv, row 2, column 'entry_year', value '20x1': is no year; write four digits"
        in output
    )
    assert "1 error and 1 warning. Mend the errors first." in output
    assert main(["run", str(path)]) == 1
    assert "was not run; nothing was changed" in capsys.readouterr().out
    assert {file: file.read_bytes() for file in path.rglob("*")} == before
    folder({"firms.csv": "name,entry_year\nA,2001\n"})
    assert main(["check", str(path)]) == 0
    assert main(["new", str(path)]) == 2
    assert "nothing was written" in capsys.readouterr().err


def test_a_word_that_is_neither_step_nor_list_gets_the_nearest(capsys):
    assert main(["run", "05_chna_usa"]) == 2
    output = capsys.readouterr().err
    assert "There is no list '05_chna_usa' in own_lists/ (lists: " in output
    assert "and no step '05_chna_usa' (steps: " in output
    assert "Did you mean '06_china_usa'" in output
    assert main(["run", "06_china_usa", "--beside", "China"]) == 2
    assert main(["check", "isreal"]) == 2
    assert "There is no list 'isreal' in own_lists/" in capsys.readouterr().err
    assert main(["new", "06_china_usa"]) == 2


# --- The contracts


def test_words_are_those_of_the_study():
    def allowed(table):
        return {
            column.name: column.allowed
            for column in contract.contracts()[table].columns
            if column.allowed
        }

    for own, study in (
        ("own_firms", "origins"),
        ("own_evidence", "evidence"),
        ("own_ties", "ties"),
    ):
        mine = allowed(own)
        assert mine
        assert mine == {name: allowed(study)[name] for name in mine}
    assert [column.name for column in contracts()["own_ties"].columns] == [
        column.name for column in contracts()["ties"].columns
    ]
    evidence = {column.name: column for column in contracts()["evidence"].columns}
    for column in contracts()["own_evidence"].columns[1:]:
        assert (column.type, column.blank_parts) == (
            evidence[column.name].type,
            evidence[column.name].blank_parts,
        )
