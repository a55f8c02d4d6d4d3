"""Cells as people fill them: years of any language and calendar, and faults that stop nothing."""

import datetime
import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cluster_anatomy import own_list
from cluster_anatomy.reading import calendars, values, years

INDIA = 'title = "A list"\ncountry = "India"\n'
HEAD = "name,place,entry_year\n"


@pytest.fixture
def folder(tmp_path):
    """A function that writes a list's folder and returns it."""

    def write(firms, description=INDIA, name="firms.csv"):
        target = tmp_path / "list"
        target.mkdir(exist_ok=True)
        (target / "description.toml").write_text(description, encoding="utf-8")
        (target / name).write_bytes(firms if isinstance(firms, bytes) else firms.encode())
        return target

    return write


def said(path, severity="error"):
    """Return the lines of one severity."""
    return [str(problem) for problem in own_list.check(path) if problem.severity == severity]


def firms_of(path, *columns):
    """Return columns of the firms in the order of their names, blanks as None."""
    frame = own_list.read(path).tables["firms"][list(columns)].astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


def read(text, country=None, **given):
    """Return value, earliest and latest of a year."""
    year = years.read_year(values.clean(text), country, today=2026, **given)
    return year.value, year.low, year.high


# --- Years in many languages

IN_1998 = """
1998년|1998년 3월|1998년 3월 12일|1998년도|1998년 설립|서기 1998년|marzo de 1998|12 de marzo de 1998
12/mar/1998|fundada en 1998|año 1998|desde 1998|principios de 1998|a finales de 1998|março de 1998
fundada em 1998|início de 1998|1º marzo 1998|fondata nel 1998|metà 1998|fine 1998|1er mars 1998
janv. 1998|l'an 1998|créée en mars 1998|début 1998|mi-1998|fin 1998|1998 r.|12 marca 1998 r.
w 1998 roku|12 III 1998|XII.1998|12. března 1998|v roce 1998|12 марта 1998|март 1998 г.|1998 год
в 1998 году|в конце 1998 г.|основана в 1998 году|12 березня 1998 р.|12 maart 1998|opgericht in 1998
eind 1998|Anfang 1998|Frühjahr 1998|1998 n. Chr.|12. maaliskuuta 1998|vuonna 1998|12 Mart 1998
1998 yılında|1998. március 12.|tháng 3 năm 1998|12 Maret 1998|12 Μαρτίου 1998|שנת 1998|במרץ 1998
נוסדה ב-1998|1998م|عام 1998|12 مارس 1998|آذار 1998|मार्च 1998|1998 में स्थापित|१९९८|1998年底
1998年初|1998年春|1998年上半年|1998年3月設立|1998年第1四半期|西元1998年|ค.ศ. 1998|1998 A.D.|AD1998
early 1998|mid-1998|late 1998|end of 1998|Q3/1998|H1 1998|1H1998|3rd quarter 1998|1998[12][13]
1998[a]|1998[注 1]|1998–present|1998 onwards|Sep-1998|12MAR1998|Thu, 12 Mar 1998 00:00:00 GMT
в марте 1998 года|1998 m. kovo 12 d.|1998. gada 12. marts|1998-00-00|00/00/1998|12031998
1998-03-12T00:00:00.000+0000|1998/3/12 上午 12:00:00|民國87年|民国八十七年|民國87年3月15日|民87
民國 87/03/15|平成10年|平成十年四月一日|平10.4|1998年(平成10年)|단기 4331년|พ.ศ. 2541|12 มีนาคม 2541
มี.ค. 2541|B.E. 2541|1419هـ / 1998م
""".replace("\n", "|").strip("|")


@pytest.mark.parametrize("text", IN_1998.split("|"))
def test_a_year_is_read_in_the_languages_of_headings(text):
    assert read(text) == (1998, 1998, 1998)


OTHERS = {
    "약 1998년": (1998, 1997, 1999),
    "hacia 1998": (1998, 1997, 1999),
    "vers 1998": (1998, 1997, 1999),
    "около 1998": (1998, 1997, 1999),
    "1998年前后": (1998, 1997, 1999),
    "1998 (approx.)": (1998, 1997, 1999),
    "FY1998": (1998, 1997, 1999),
    "1998年度": (1998, 1997, 1999),
    "Winter 1998/99": (1998, 1998, 1999),
    "FY1998-99": (1998, 1998, 1999),
    "1990년대 초반": (None, 1990, 1999),
    "años 90": (None, 1990, 1999),
    "1990-е годы": (None, 1990, 1999),
    "20世纪90年代": (None, 1990, 1999),
    "昭和30年代": (None, 1955, 1964),
    "antes de 1998": (None, None, 1997),
    "przed 1998": (None, None, 1997),
    "до 1998 года": (None, None, 1998),
    "1998년 이전": (None, None, 1998),
    "après 1998": (None, 1999, None),
    "1998년 이후": (None, 1998, None),
    "1419 هـ": (1998, 1998, 1999),
    "1377 هـ.ش": (1998, 1998, 1999),
    "昭60.4": (1985, 1985, 1985),
    "昭和六十年": (1985, 1985, 1985),
    "令和元年": (2019, 2019, 2019),
    "大正10年": (1921, 1921, 1921),
    "明治40年": (1907, 1907, 1907),
    "享保2年": (1717, 1717, 1717),
    "康熙八年": (1669, 1669, 1669),
    "1784": (1784, 1784, 1784),
    "1668": (1668, 1668, 1668),
}


@pytest.mark.parametrize("text", OTHERS)
def test_doubt_bounds_and_eras_are_read(text):
    assert read(text) == OTHERS[text]


AT_HOME = [
    ("Taiwan", "0870315", 1998),
    ("台灣", "1000315", 2011),
    ("Taiwan", "87/03/15", 1998),
    ("Taiwan", "087", 1998),
    ("Taiwan", "87年", 1998),
    ("Japan", "S60.4.1", 1985),
    ("Japan", "H10/4/1", 1998),
    ("Thailand", "12/03/2541", 1998),
    ("Iran", "1377/03/12", 1998),
]


@pytest.mark.parametrize(("country", "text", "year"), AT_HOME)
def test_a_calendar_without_a_mark_is_read_only_where_it_is_in_use(country, text, year):
    assert read(text, country)[0] == year
    for elsewhere in (None, "Germany", "China"):
        with pytest.raises(years.YearError):
            read(text, elsewhere)


@pytest.mark.parametrize("country", [None, "Saudi Arabia", "Egypt", "Iran", "Pakistan"])
@pytest.mark.parametrize("text", ["1420", "1377", "1998", "1420/05/12", "1445"])
def test_the_islamic_and_the_iranian_calendar_are_not_guessed(country, text):
    if text == "1998":
        assert read(text, country) == (1998, 1998, 1998)
    elif (text, country) == ("1377", "Iran"):
        assert read(text, country) == (1998, 1998, 1999)
    else:
        with pytest.raises(years.YearError):
            read(text, country)


def test_years_of_islam_begin_and_end_as_tables_have_it():
    # 1 Muharram: 21 Nov 1979, 17 Apr 1999, 10 Jan 2008 (whose year ended on 28 Dec 2008)
    assert [calendars.islamic(year) for year in (1400, 1420, 1429)] == [
        (1979, 1980),
        (1999, 2000),
        (2008, 2008),
    ]


NO_DATES = (
    "1900-01-01|01.01.1970|1/1/1970|19700101|January 1, 1970|1900年1月1日|1970-01-01T00:00:00Z|"
    "1969-12-31 23:59:59|1899-12-30|1904-01-01|1601-01-01|0000-00-00|0001-01-01|9999-12-31|0|9999"
)


@pytest.mark.parametrize("text", NO_DATES.split("|"))
def test_a_day_that_stands_for_a_blank_is_unknown_and_said(text):
    year = years.read_year(text, today=2026)
    assert (year.value, year.low, year.high) == (None, None, None)
    assert year.remark


def test_such_a_day_is_a_year_if_the_description_says_so():
    assert read("1970-01-01", doubtful=True) == (1970, 1970, 1970)
    assert read("1970") == (1970, 1970, 1970)
    assert read("1970-02-01") == (1970, 1970, 1970)


@pytest.mark.parametrize(
    "text", ["1998.5", "1998,5", "1998.25", "1,998", "1905-06-20", "20.06.1905"]
)
def test_what_may_be_another_number_is_said(text):
    year = years.read_year(text, today=2026)
    assert year.value == year.low == year.high
    assert year.remark
    assert not years.read_year("1998.05", today=2026).remark


REFUSED = """
closed 1998|1998 (IPO)|moved 2003|1998 BC|saka 1920|2020 BS|B.S. 2055|1990 E.C.|2013 (1888)
FY98|1Q98|87年|0870315|H10.4.1|1998(昭和60年)|平成10年、平成15年移転|vor dem 1. Januar 1990
1990 и 1995|no 1998|1998 12345|taken over 1998|until early 90s|after the 1990s
""".replace("\n", "|").strip("|")


@pytest.mark.parametrize("text", REFUSED.split("|"))
def test_what_could_be_read_wrongly_is_refused(text):
    with pytest.raises(years.YearError):
        read(text)


BEFORE = {
    "{}": 0,
    "{}.0": 0,
    "{}年": 0,
    "founded {}": 0,
    "est. {}": 0,
    "gegründet {}": 0,
    "fondée en {}": 0,
    "成立于{}年": 0,
    "12.03.{}": 0,
    "{}-03-12": 0,
    "{}0312": 0,
    "March {}": 0,
    "12. März {}": 0,
    "{} Q2": 0,
    "c. {}": 1,
    "{}?": 1,
    "um {}": 1,
    "vers {}": 1,
    "约{}年": 1,
    "{}年左右": 1,
}
"""Forms that were read before this file was written, and the years on either side."""


@given(st.integers(1800, 2020), st.sampled_from(sorted(BEFORE)), st.integers(0, 3))
@settings(deadline=None)
def test_a_form_that_was_read_before_gives_the_same(year, form, about):
    wide = BEFORE[form] * about
    assert read(form.format(year), about=about) == (year, year - wide, year + wide)


@given(
    st.integers(1800, 2019), st.sampled_from(["{}-{}", "{}/{}", "{} to {}", "{}至{}", "{} bis {}"])
)
@settings(deadline=None)
def test_a_span_that_was_read_before_gives_the_same(year, form):
    assert read(form.format(year, year + 1)) == (year, year, year + 1)
    assert read(f"before {year}") == (None, None, year - 1)
    assert read(f"{year}年以前") == (None, None, year)
    assert read(f"nach {year}") == (None, year + 1, None)
    assert read(f"from {year}") == (None, year, None)


@given(
    st.integers(1, 115),
    st.sampled_from(["民國{}年", "民国{}", "中華民國{}年3月", "民國{}/03/15", "民國{}年底"]),
)
@settings(deadline=None)
def test_a_year_of_the_republic_is_one_of_ours(number, form):
    assert read(form.format(number))[0] == number + 1911


@given(st.integers(1905, 2026), st.integers(1, 12), st.integers(1, 28))
@settings(deadline=None)
def test_a_date_in_figures_is_one_year_in_any_order(year, month, day):
    for text in (f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}", f"{month}/{day}/{year}"):
        assert read(text, doubtful=True) == (year, year, year)


@given(st.text(max_size=20), st.sampled_from(["Taiwan", "Japan", "Thailand", "Iran"]))
@settings(deadline=None, max_examples=200)
def test_any_text_is_a_year_or_refused_anywhere(text, country):
    try:
        year = years.read_year(values.clean(text), country, today=2026)
    except years.YearError:
        return
    known = [part for part in (year.low, year.value, year.high) if part is not None]
    assert known or year.remark
    assert known == sorted(known)
    assert all(years.FIRST_YEAR <= part <= 2026 for part in known)


# --- Settings

SEVERAL = HEAD + (
    'A,Pune,2013 (1888)\nB,Pune,2022 (Old & Co spinoff)\nC,Pune,"2005 (X 1786, Y 1873)"\n'
    "D,Pune,soon\n"
)


def test_settings_answer_what_only_the_source_could(folder):
    errors = said(folder(SEVERAL))
    assert len(errors) == 4
    assert errors[0].endswith('or several = "first", "last" or "unknown" under [years]')
    assert errors[3].endswith('or unreadable = "unknown" under [years]')
    for setting, wanted in {
        "first": [2013, 2022, 2005, None],
        "last": [1888, 2022, 1873, None],
        "unknown": [None, None, None, None],
    }.items():
        text = f'{INDIA}[years]\nseveral = "{setting}"\nunreadable = "unknown"\n'
        path = folder(SEVERAL, text)
        assert [year for (year,) in firms_of(path, "entry_year")] == wanted
        assert len([line for line in said(path, "warning") if "entry_year" in line]) == 4
    path = folder(SEVERAL, f'{INDIA}[years]\nunreadable = "unknown"\n')
    assert firms_of(path, "entry_year") == [[None]] * 4


def test_a_day_that_stands_for_a_blank_can_be_taken_as_written(folder):
    text = f"{HEAD}A,Pune,1970-01-01\n"
    assert firms_of(folder(text), "entry_year") == [[None]]
    path = folder(text, f'{INDIA}[years]\ndoubtful = "as written"\n')
    assert firms_of(path, "entry_year") == [[1970]]


@pytest.mark.parametrize("where", ['repeated = "one firm"\n', '[firms]\nrepeated = "one firm"\n'])
def test_rows_of_one_firm_count_once_if_the_description_says_so(folder, where):
    text = (
        "name,place,entry_year,product,other_names,founder_names\nAcme,Pune,1999,,X,Ann\n"
        "ACME,pune,1998,pumps,Y,Bob\nZeta,Pune,2001,,,\nZeta,Delhi,2005,,,\n"
    )
    assert len(said(folder(text))) == 1
    path = folder(text, INDIA + where)
    assert said(path) == []
    assert firms_of(path, "name", "place", "entry_year", "product", "other_names") == [
        ["Acme", "Pune", 1998, "pumps", "X|Y"],
        ["Zeta", "Delhi", 2005, None, None],
        ["Zeta", "Pune", 2001, None, None],
    ]
    assert own_list.read(path).tables["evidence"]["founder_names"].tolist() == ["Ann"]
    warnings = "\n".join(said(path, "warning"))
    assert "value '1998, 1999': the rows of 'Acme' give several years" in warnings
    assert "row 2 is about the same firm; this one was not used" in warnings


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            '[years]\nseveral = "frist"',
            "'years.several' has the value 'frist'; did you mean 'first'?",
        ),
        ('[years]\nunreadable = "x"', "'years.unreadable' has the value 'x'; write \"error\" or"),
        ('[years]\ndoubtful = "y"', "'years.doubtful' has the value 'y'; write \"unknown\" or"),
        ("[years]\nseveral = 1", "'years.several' has the value 1; write text in quotes"),
        (
            '[firms]\nrepeated = "z"',
            "'repeated' has the value 'z'; write \"error\" or \"one firm\"",
        ),
        ("[years]\nfirst = 1400", "'years.first' is 1400; write a year from 1500 to 2100"),
    ],
)
def test_a_setting_that_is_wrong_says_what_would_be_right(folder, text, wrong):
    (line,) = said(folder(f"{HEAD}A,Pune,1998\n", INDIA + text))
    assert line.startswith(f"description.toml: {wrong}")


# --- Faults that stop nothing


def test_a_wrong_address_is_left_out_with_a_warning(folder):
    cells = {
        "HTTP://WWW.a.com": "http://WWW.a.com",
        "Https://b.org/X": "https://b.org/X",
        "http:// www.c.net": "http://www.c.net",
        "www.d.com; www.e.de:8080/f": "http://www.d.com|http://www.e.de:8080/f",
        "https://f.com and more": "https://f.com and more",
        "Inc.": None,
        "beaconphotonics": None,
        "info@g.com": None,
        "http://": None,
        "－": None,
    }
    rows = "".join(f"F{at},{cell}\n" for at, cell in enumerate(cells))
    path = folder(f"name,source_urls\n{rows}")
    assert said(path) == []
    assert [cell for (cell,) in firms_of(path, "source_urls")] == list(cells.values())
    blank = [line for line in said(path, "warning") if "is no web address" in line]
    assert [line.split("'")[3] for line in blank] == ["Inc.", "beaconphotonics", "info@g.com"]


def test_a_wrong_rank_is_left_out_and_a_wrong_coordinate_is_not(folder):
    path = folder("name,rank\nA,first\nB,0\nC,3\n")
    assert firms_of(path, "rank") == [[None], [None], [3]]
    assert len([line for line in said(path, "warning") if "it was left out" in line]) == 2
    (path / "places.csv").write_text("name,latitude,longitude\nPune,north,1\n")
    assert any("'north': is no number" in line for line in said(path))


def test_firms_are_no_totals_and_notes_are_no_firms(folder):
    rows = [
        "TOTAL BRAIN LIMITED,,",
        "Total Transport Systems Limited,,",
        "Source BioScience plc,,",
        "Notes Diagnostics Ltd,,",
        "Sum of Parts,,",
        "Alpha Ltd,Pune,1990",
        "Total,,",
        "Source: the ministry,,",
        "合计,,",
    ]
    path = folder(HEAD + "\n".join(rows))
    assert said(path) == []
    assert [name for (name,) in firms_of(path, "name")] == [
        "Alpha Ltd",
        "Notes Diagnostics Ltd",
        "Source BioScience plc",
        "Sum of Parts",
        "TOTAL BRAIN LIMITED",
        "Total Transport Systems Limited",
    ]
    lines = [line for line in said(path, "warning") if "note or a total" in line]
    assert [line.split("'")[3] for line in lines] == [
        "Sum of Parts",
        "Total",
        "Source: the ministry",
        "合计",
    ]
    path = folder("name\nTotal Brain\nSource Energy\nAlpha\nNote: as of 2020\n")
    assert len(firms_of(path, "name")) == 3


@pytest.mark.parametrize(
    "cell",
    [
        *("－", "—", "…", "N / A", "(unknown)", "[not disclosed]", "n. d.", "k.A.", "s/d", "н/д"),
        *("未詳", "不詳", "미상", "未公开", "нет данных", "brak danych", "不明", "onbekend"),
        *("bilinmiyor", "غير معروف", "לא ידוע", "ไม่ทราบ", "desconocido", "sin datos", "n.n.b."),
    ],
)
def test_not_known_is_understood_in_many_languages(folder, cell):
    path = folder(f"name,place,entry_year,closure_year\nA,{cell},{cell},{cell}\n")
    assert said(path) == []
    assert firms_of(path, "place", "entry_year", "closure_year") == [[None] * 3]


@pytest.mark.parametrize("cell", ["0", "x", "○", "SD", "NC", "KA", "Nantes", "Unknown Road"])
def test_what_is_no_blank_is_kept(cell):
    assert not values.is_missing(cell)


# --- Workbooks


def workbook(rows, since_1904=False):
    """Return an .xlsx; a pair is a value and the format of its cell."""
    book = openpyxl.Workbook()
    if since_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    for at, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            value, form = cell if isinstance(cell, tuple) else (cell, None)
            place = sheet.cell(at, column, value)
            if form:
                place.number_format = form
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("since_1904", [False, True])
def test_a_year_that_a_workbook_shows_as_a_date_is_the_year(folder, since_1904):
    rows = [
        ["name", "place", "entry_year"],
        ["A", "Pune", (1998, "dd.mm.yyyy")],
        ["B", "Pune", (1900, "yyyy-mm-dd")],
        ["C", "Pune", (2026, "mmm-yy")],
        ["D", "Pune", (1998, "h:mm")],
        ["E", "Pune", (1998, "[h]:mm")],
        ["F", "Pune", (1998.5, "yyyy-mm-dd h:mm")],
        ["G", "Pune", datetime.date(1999, 3, 1)],
        ["H", "Pune", "20.06.1905"],
        ["I", "Pune", datetime.date(1905, 7, 19)],
        ["J", "Pune", datetime.date(1909, 7, 20)],
    ]
    path = folder(workbook(rows, since_1904), name="firms.xlsx")
    assert [year for (year,) in firms_of(path, "entry_year")] == [
        *(1998, 1900, 2026, 1998, 1998, 1998, 1999, 1905, 1905, 1909)
    ]
    lines = [line for line in said(path, "warning") if "its format shows as a date" in line]
    day = "1909-06-21" if since_1904 else "1905-06-20"
    assert len(lines) == 1
    assert f"row 2, column 'entry_year', value '{day}': holds the number 1998" in lines[0]


def test_a_legend_beside_the_table_is_left_out_and_said_once(folder):
    rows = [
        ["Company", "City", "Founded"],
        ["A", "Pune", 1998, None, "Legend"],
        ["B", "Pune", 1999, None, "red", "closed"],
        [],
        [None, None, None, None, "blue", "open"],
    ]
    path = folder(workbook(rows), name="firms.xlsx")
    assert said(path) == []
    assert firms_of(path, "name", "entry_year") == [["A", 1998], ["B", 1999]]
    beside = [line for line in said(path, "warning") if "beside the table" in line]
    assert len(beside) == 1
    assert "row 2, value 'Legend': a cell beside the table and 4 more" in beside[0]
    path = folder("Company,City\nA,Pune,x\n")
    (path / "firms.xlsx").unlink()
    assert "a cell beyond the last heading" in said(path)[0]


# --- Text files


def test_a_blank_behind_a_closing_quote_is_passed_over(folder):
    text = 'name,place,note\n"A ""x"" , y" ,Pune,"q"\t\n"B, ""z"" ,",Pune,"two\nlines" \n'
    path = folder(text)
    assert firms_of(path, "name", "place", "note") == [
        ['A "x" , y', "Pune", "q"],
        ['B, "z" ,', "Pune", "two lines"],
    ]
    lines = said(folder('name,place\n"A" x,Pune\nB,Pune\n"C"d,Pune\n'))
    assert lines == [
        "firms.csv: line 2: a stray double quote (',' expected after '\"'); take it out or write it"
        " twice inside a quoted cell; so in lines 4"
    ]


def test_utf8_with_cut_characters_stays_utf8_and_its_rows_are_named(folder):
    rows = ["Company,City,Sector", "ALPHA £,London,F", "BETA,Köln,£1", "GAMMA,Leeds,£2"]
    data = "\n".join(rows).encode().replace(b"ALPHA \xc2\xa3", b"ALPHA \xc2")
    path = folder(data.replace(b"K\xc3\xb6ln", b"K\xf6ln"), INDIA.replace("India", "UK"))
    assert said(path) == []
    assert firms_of(path, "name", "place", "product") == [
        ["ALPHA", "London", "F"],
        ["BETA", None, "£1"],
        ["GAMMA", "Leeds", "£2"],
    ]
    warnings = said(path, "warning")
    assert warnings[0].startswith("firms.csv: lines 2, 3: bytes that are not UTF-8")
    assert len([line for line in warnings if "a character that was lost" in line]) == 2


@pytest.mark.parametrize(
    ("encoding", "end", "country", "name"),
    [
        ("mac_roman", "\r", "USA", "Bogotá Génétique"),
        ("mac_roman", "\r", "Brazil", "São João’s"),
        ("mac_cyrillic", "\r", "Russia", "Биокад"),
        ("mac_latin2", "\r", "Czechia", "Česká firma"),
        ("cp1252", "\n", "UK", "Café’s £"),
        ("cp1252", "\r\n", "USA", "Señor Łukasz".replace("Ł", "L")),
        ("gb18030", "\r", "China", "北京科兴生物"),
        ("cp1250", "\n", "Poland", "Łódź Żółć"),
    ],
)
def test_line_ends_and_country_speak_for_an_encoding(folder, encoding, end, country, name):
    text = f"name,place{end}{name},X{end}"
    path = folder(text.encode(encoding), INDIA.replace("India", country))
    assert firms_of(path, "name") == [[name]]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<meta charset=euc-kr><table>", "a web page or XML under another name"),
        ("\ufeff<html><body>".encode("utf-16-le"), "a web page or XML under another name"),
        (b"MIME-Version: 1.0\nX-Document-Type: Workbook", "a web page or XML under another name"),
        (b'[{"name": "A"}]', "JSON"),
    ],
)
def test_a_page_under_the_name_of_a_workbook_is_called_one(folder, data, what):
    (line,) = said(folder(data, name="firms.xls"))
    assert f"this is {what}" in line
    assert "save" in line
