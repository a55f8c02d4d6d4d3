"""Where a text says that a firm is: country, state or province, and place, in all three doors."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy import own_list, tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.own_list import case, layout
from cluster_anatomy.own_list import geonames as made_by_geonames
from cluster_anatomy.own_list.prepare import described
from cluster_anatomy.reading import countries, places
from cluster_anatomy.registers import batches


def region(text, area="", country="USA"):
    """Return the region that the gazetteer gives, or none."""
    known = places.gazetteer(paths.root())
    for reading in places.read_place(text, area, country).readings:
        found, sure = known.find(reading)
        if sure:
            return known.table["region"].iloc[found[0]]
        if found:
            return "several"
    return None


@pytest.fixture
def written(tmp_path):
    """A function that writes a list of firms and returns its folder."""

    def write(text, country):
        (tmp_path / "description.toml").write_text(f'title = "A list"\ncountry = "{country}"\n')
        (tmp_path / "firms.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def said(folder, severity="warning"):
    return [str(one) for one in own_list.check(folder) if one.severity == severity]


# --- Countries, states and provinces


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("GB", "UK"),
        ("Scotland", "UK"),
        ("WALES", "UK"),
        ("DEU", "Germany"),
        ("Allemagne", "Germany"),
        ("KR", "South Korea"),
        ("Korea, Republic of", "South Korea"),
        ("대한민국", "South Korea"),
        ("CH", "Switzerland"),
        ("Schweiz", "Switzerland"),
        ("KY 開曼群島", "Cayman Islands"),
        ("开曼群岛", "Cayman Islands"),
        ("TW 台灣", "Taiwan"),
        ("the Netherlands", "Netherlands"),
        ("United States of America (the)", "USA"),
        ("P.R. China", "China"),
        ("中華人民共和國", "China"),
        ("Hong Kong SAR", "China (Hong Kong)"),
        ("Österreich", "Austria"),
        ("भारत", "India"),
        ("Россия", "Russia"),
        ("Türkiye", "Turkey"),
        ("Brasil", "Brazil"),
        ("Cote d'Ivoire", "Ivory Coast"),
    ],
)
def test_a_country_is_known_by_its_names_and_codes(text, country):
    assert countries.known_country(text) == country


@pytest.mark.parametrize("text", ["－", "", "Atlantis", "IE Berlin", "Boston"])
def test_a_text_that_is_no_country_is_none(text):
    assert countries.known_country(text) is None


@pytest.mark.parametrize(
    ("country", "text", "area"),
    [
        ("USA", "Mass.", "MA"),
        ("USA", "Calif.", "CA"),
        ("USA", "virginia", "VA"),
        ("USA", "N.C.", "NC"),
        ("USA", "State of Maine", "ME"),
        ("China", "江苏省", "Jiangsu"),
        ("China", "廣東省", "Guangdong"),
        ("China", "内蒙古自治区", "Inner Mongolia"),
        ("China", "Jiangsu Province", "Jiangsu"),
    ],
)
def test_a_state_is_known_by_name_abbreviation_and_code(country, text, area):
    assert countries.area_name(country, text) == area


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        ("Canada", "Ont.", "ON"),
        ("Australia", "N.S.W.", "New South Wales"),
        ("Germany", "Bavaria", "BY"),
        ("Austria", "Wien", "Vienna"),
        ("Switzerland", "Genf", "Geneva"),
        ("Brazil", "SP", "Sao Paulo"),
        ("Mexico", "CDMX", "D.F."),
        ("India", "MH", "Maharashtra"),
        ("Japan", "東京都", "Tokyo"),
        ("South Korea", "서울특별시", "Seoul"),
        ("UK", "SCT", "Scotland"),
        ("Spain", "Cataluña", "Catalonia"),
        ("Italy", "Lombardia", "Lombardy"),
        ("France", "IDF", "Ile-de-France"),
    ],
)
def test_two_spellings_of_a_state_are_one(country, one, other):
    area = countries.area_name(country, one)
    assert area is not None
    assert area == countries.area_name(country, other)


def test_no_name_means_two_countries():
    table = tables.read("data/raw/places/countries.csv")
    names = pd.concat([table[["code", name]].set_axis(["code", "name"], axis=1) for name in table])
    names = names.dropna().assign(name=names["name"].str.split("|")).explode("name")
    names["key"] = names["name"].map(countries.name_key)
    assert names.groupby("key")["code"].nunique().max() == 1


# --- Places


@pytest.mark.parametrize(
    ("text", "area", "here"),
    [
        ("Richmond, VA", "", "Richmond (Virginia)"),
        ("Richmond", "Virginia", "Richmond (Virginia)"),
        ("Richmond", "Calif.", "San Francisco Bay Area"),
        ("Columbus, GA", "", "Columbus (Georgia)"),
        ("Columbus, Ohio; Detroit, Michigan", "", "Columbus"),
        ("Portland, ME", "", "Portland (Maine)"),
        ("Pasadena, TX", "", "Houston"),
        ("Madison, NJ", "", "New York"),
        ("Cambridge, MA 02139", "", "Boston"),
        ("Cambridge, Mass.", "", "Boston"),
        ("Boston MA", "", "Boston"),
        ("Boston, Massachusetts, USA", "", "Boston"),
        ("100 Main Street, Cambridge, MA 02142", "", "Boston"),
        ("Research Triangle Park, N.C.", "", "Raleigh-Durham"),
        ("San Jose", "", "San Francisco Bay Area"),
        ("Oakland", "", "San Francisco Bay Area"),
        ("Redwood City", "CA", "San Francisco Bay Area"),
        ("San Mateo", "CA", "San Francisco Bay Area"),
        ("Brooklyn", "", "New York"),
        ("New York City", "", "New York"),
        ("Stamford, Connecticut", "", "New York"),
        ("Ft. Lauderdale, FL", "", "Miami"),
        ("Saint Louis", "", "St. Louis"),
        ("Dublin, Ireland", "", "Dublin"),
        ("Toronto, Ontario", "", "Toronto"),
        ("Cambridge, MD", "", None),
        ("Cambridge, UK", "", None),
        ("Cambridge, England", "", None),
        ("Boston, Massachusets", "", None),
        ("San Diego, Baja California, Mexico", "", None),
        ("London, Ontario", "", None),
        ("Richmond", "", "several"),
        ("Springfield", "", "several"),
        ("Toronto", "", "several"),
    ],
)
def test_an_american_place_is_that_of_its_state(text, area, here):
    assert region(text, area) == here


@pytest.mark.parametrize(
    ("text", "here"),
    [
        ("北京市海淀区", "Beijing"),
        ("江苏省苏州市", "Suzhou"),
        ("江苏省苏州市昆山市", "Suzhou"),
        ("江蘇省蘇州市", "Suzhou"),
        ("广东省深圳市南山区", "Shenzhen"),
        ("廣東省廣州市天河區", "Guangzhou"),
        ("湖北武汉", "Wuhan"),
        ("中国上海", "Shanghai"),
        ("上海浦东", "Shanghai"),
        ("苏州工业园区", "Suzhou"),
        ("天津市滨海新区", "Tianjin"),
        ("吉林省长春市", "Changchun"),
        ("吉林", "Jilin City"),
        ("泰州医药高新区", "Taizhou (Jiangsu)"),
        ("浙江省台州市", "Taizhou (Zhejiang)"),
        ("安徽省宿州市", "Suzhou (Anhui)"),
        ("江西省赣州市章贡区", "Ganzhou"),
        ("张江", "Shanghai"),
        ("中关村", "Beijing"),
        ("江阴市", "Wuxi"),
        ("Haidian District, Beijing", "Beijing"),
        ("Beijing (Haidian)", "Beijing"),
        ("Pudong, Shanghai", "Shanghai"),
        ("Shanghai Pudong", "Shanghai"),
        ("Zhangjiang Hi-Tech Park, Shanghai", "Shanghai"),
        ("Zhongguancun, Beijing", "Beijing"),
        ("Wuxi New District", "Wuxi"),
        ("Tianjin TEDA", "Tianjin"),
        ("Shenzhen City", "Shenzhen"),
        ("Suzhou, Jiangsu Province", "Suzhou"),
        ("Suzhou, Anhui", "Suzhou (Anhui)"),
        ("Beijing, P.R. China", "Beijing"),
        ("Peking", "Beijing"),
        ("Hong Kong", "Hong Kong"),
        ("鼓楼区", None),
        ("朝阳区", None),
    ],
)
def test_a_chinese_place_is_read_from_the_left(text, here):
    assert region(text, country="China") == here


@pytest.mark.parametrize("country", ["UK", "Canada", "Australia", "Philippines", "Germany"])
@pytest.mark.parametrize("name", ["Cambridge", "Richmond", "Durham", "San Jose", "Suzhou"])
def test_a_city_of_another_country_is_never_taken(name, country):
    assert region(name, country=country) is None


def test_the_regions_of_the_study_hold_its_own_places():
    study = tables.read("data/raw/places/places.csv").dropna(subset="admin")
    study = study[study["country"].isin(["USA", "China"])]
    assert len(study) > 200
    for place in study.itertuples():
        assert region(place.name, place.admin, place.country) == place.metro, place.name


def test_the_regions_hold_nearly_all_firms_that_crunchbase_counts_there():
    counts = pd.read_csv(paths.root() / "benchmarks/results/known_regions.csv")
    counts = counts.set_index("crunchbase_region")
    parts = ["in_our_region", "in_another_region", "no_region"]
    assert (counts["firms"] == counts[parts].sum(axis=1)).all()
    share = counts["in_our_region"] / counts["firms"]
    assert (share[["SF Bay", "New York"]] >= 0.95).all()


def test_a_town_alone_keeps_what_its_bracket_says():
    assert places.read_place("Frankfurt (Oder)", "", "Germany").alone.name == "Frankfurt (Oder)"
    assert places.read_place("Gangnam-gu, Seoul", "", "South Korea").alone.name == "Seoul"


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40), st.text(max_size=10), st.sampled_from(["", "USA", "China", "Japan"]))
def test_any_text_can_be_read(text, area, country):
    assert places.read_place(text, area, country).readings


# --- Own lists


def test_two_cities_of_one_name_are_two_regions_in_check_and_run(written):
    text = "name,place,country,entry_year\n" + "".join(
        f"{firm},{place},{country},1990\n"
        for firm, place, country in [
            ("A", "Cambridge", "UK"),
            ("B", "Cambridge", "USA"),
            ("C", "London", "England"),
            ("D", "London", "Canada"),
        ]
    )
    own = own_list.read(written(text, "UK"))
    study = tables.read(layout.PLACES)
    firms = case.derived(own.tables, described(own, None), case.rules(), study).firms
    firms = firms.set_index("name_en")
    assert firms["region"].to_dict() == {
        "A": "Cambridge",
        "B": "Boston",
        "C": "London",
        "D": "London (Canada)",
    }
    assert firms["place_id"].nunique() == 4
    assert firms["latitude"].notna().to_dict() == {"A": False, "B": True, "C": True, "D": False}


def test_a_place_in_another_country_takes_the_firm_there(written):
    folder = written('name,place\nA,"Cambridge, UK"\nB,Boston\n', "USA")
    own = own_list.read(folder)
    assert own.tables["firms"].set_index("name")["country"].to_dict() == {"A": "UK", "B": "USA"}
    assert any(
        "1 place is in another country: 'Cambridge, UK' in UK" in one for one in said(folder)
    )


def test_a_town_without_a_state_is_said_once(written):
    rows = "".join(f"{letter} Bio,Richmond\n" for letter in "ABC")
    folder = written(f"name,place\n{rows}D Bio,Springfield\n", "USA")
    lines = [one for one in said(folder) if "may be one of several towns" in one]
    assert len(lines) == 1
    assert "Richmond (3;" in lines[0]
    assert "write the state" in lines[0]
    assert set(own_list.read(folder).tables["places"]["region"]) == {"Richmond", "Springfield"}


def test_street_addresses_are_said_once_with_the_remedy(written):
    rows = "".join(f"F{n},台北市中山北路{n}段{n}號\n" for n in range(1, 6))
    lines = [one for one in said(written(f"name,place\n{rows}", "Taiwan")) if "street" in one]
    assert len(lines) == 1
    assert "5 of 5 places look like street addresses" in lines[0]
    assert "[firms.columns] place" in lines[0]


def test_texts_that_are_no_country_are_said_and_firms_counted_by_country(written):
    text = "name,place,country\nA,X,－\nB,X,KY 開曼群島\nC,X,Atlantis\nD,X,\n"
    folder = written(text, "Taiwan")
    assert any("no country is known by the name 'Atlantis' (1)" in one for one in said(folder))
    notes = said(folder, "note")
    assert any("Taiwan 2, Cayman Islands 1, Atlantis 1" in one for one in notes)


def test_one_note_sums_the_regions_up(written):
    rows = "".join(f"F{n},Zenda\n" for n in range(3))
    notes = said(written(f"name,place\n{rows}G,Boston\nH,Strelsau\n", "USA"), "note")
    assert any(
        "1 of 5 firms lie in known regions; the largest other places, each a region of its own:"
        " Zenda 3, Strelsau 1; put them together in a places file" in one
        for one in notes
    )


def test_no_absurd_hint_is_given(written):
    names = ["Pleasanton", "Orlando", "Wilmington", "Zenda"]
    folder = written("name,place\n" + "".join(f"F {n},{n}\n" for n in names), "USA")
    assert not [one for one in said(folder) if "did you mean" in one or "look like known" in one]


def geonames(tmp_path):
    """Write a file of four German towns as GeoNames has them."""
    towns = [
        ("München", "Munich,Monaco di Baviera", 48.137, 11.575, "02", 1_260_000),
        ("Garching", "", 48.249, 11.651, "02", 17_000),
        ("Köln", "Cologne", 50.933, 6.95, "07", 963_000),
        ("Zwerg", "", 48.2, 11.6, "02", 900),
    ]
    lines = []
    for name, others, latitude, longitude, area, people in towns:
        cells = [""] * 19
        cells[1], cells[3], cells[4], cells[5] = name, others, str(latitude), str(longitude)
        cells[8], cells[10], cells[14] = "DE", area, str(people)
        lines.append("\t".join(cells))
    path = tmp_path / "cities.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "areas.txt").write_text(
        "DE.02\tBavaria\tx\t1\nDE.07\tNRW\tx\t2\n", encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("more", "regions"),
    [
        (["--within", "30"], {"München": "München", "Garching": "München", "Köln": "Köln"}),
        (["--within", "5"], {"München": "München", "Garching": "Garching", "Köln": "Köln"}),
        (["--areas"], {"München": "Bavaria", "Garching": "Bavaria", "Köln": "NRW"}),
    ],
)
def test_geonames_makes_a_places_file_that_a_list_can_use(written, tmp_path, capsys, more, regions):
    folder = written("name,place\nA,Munich\nB,Garching\nC,Cologne\n", "Germany")
    file = geonames(tmp_path)
    more = [*more, str(tmp_path / "areas.txt")] if more == ["--areas"] else more
    made_by_geonames.main([str(file), "--country", "DEU", *more])
    (folder / "places.csv").write_text(capsys.readouterr().out, encoding="utf-8")
    own = own_list.read(folder)
    assert own.tables["firms"]["place"].tolist() == ["München", "Garching", "Köln"]
    assert own.tables["places"].set_index("name")["region"].to_dict() == regions
    assert own.tables["places"]["latitude"].notna().all()


# --- Registers


def test_a_register_looks_a_place_up_in_its_country_and_state():
    rows = [
        ("Cambridge", "UK", "Cambridge"),
        ("Richmond", "Canada", "Richmond"),
        ("San Francisco", "Philippines", "San Francisco"),
        ("Richmond, Virginia", "USA", "Richmond (Virginia)"),
        ("Suzhou, Anhui", "China", "Suzhou (Anhui)"),
        ("江苏省苏州市", "China", "Suzhou"),
        ("苏州", "China", "Suzhou"),
        ("北京市海淀区", "China", "Beijing"),
        ("Boston", None, "Boston"),
        ("Atlantis", None, "Atlantis"),
    ]
    table = pa.table({"place": [row[0] for row in rows], "country": [row[1] for row in rows]})
    assert batches.place(table)["region"].to_pylist() == [row[2] for row in rows]


# --- Japan, Korea and Taiwan


@pytest.mark.parametrize(
    ("text", "country", "area", "name"),
    [
        ("台北市中山北路2段113號", "Taiwan", "Taipei", "台北市"),
        ("臺北市信義區", "Taiwan", "Taipei", "台北市"),
        ("300新竹市東區", "Taiwan", "Hsinchu", "新竹市"),
        ("嘉義縣民雄鄉", "Taiwan", "Chiayi", "嘉義縣"),
        ("東京都港区芝浦3-4-1", "Japan", "Tokyo", "東京都"),
        ("東京都府中市", "Japan", "Tokyo", "府中市"),
        ("神奈川県川崎市川崎区殿町3-25", "Japan", "Kanagawa", "川崎市"),
        ("三重県四日市市", "Japan", "Mie", "四日市市"),
        ("福島県郡山市", "Japan", "Fukushima", "郡山市"),
        ("大阪市北区", "Japan", "Osaka", "大阪市"),
        ("札幌市中央区北1条", "Japan", "", "札幌市"),
        ("京都市", "Japan", "", "京都市"),
        ("東京都", "Japan", "", "東京都"),
        ("서울시 강서구", "South Korea", "Seoul-teukbyeolsi", "서울특별시"),
        ("대전 유성구", "South Korea", "Daejeon-gwangyeoksi", "대전광역시"),
        ("경기 용인시", "South Korea", "Gyeonggi-do", "용인시"),
        ("경남 창원시", "South Korea", "Gyeongsangnam-do", "창원시"),
        ("경기도 광주시", "South Korea", "Gyeonggi-do", "광주시"),
        ("광주 북구", "South Korea", "Gwangju-gwangyeoksi", "광주광역시"),
        ("광주시", "South Korea", "", "광주시"),
        ("충청남도", "South Korea", "", "충청남도"),
        ("Seoul", "South Korea", "", "Seoul"),
    ],
)
def test_the_larger_place_comes_first_in_japan_korea_and_taiwan(text, country, area, name):
    assert places.read_place(text, "", country).alone == places.Reading(country, area, name)


def test_addresses_of_one_town_are_one_region(written):
    folder = written(
        "name,place\nA,台北市中正區襄陽路23號\nB,臺北市南港區園區街3號\nC,新竹縣湖口鄉\n", "Taiwan"
    )
    assert set(own_list.read(folder).tables["places"]["region"]) == {"台北市", "新竹縣"}
    assert any("2 of 3 places look like street addresses; the town" in one for one in said(folder))


def test_a_county_is_no_part_of_its_state():
    alone = places.read_place("Miami-Dade County, Florida[3]", "", "USA").alone
    assert alone == places.Reading("USA", "FL", "Miami-Dade County")


def test_two_names_of_a_town_in_another_alphabet_are_one_place(written):
    folder = written("name,place\nA,תל אביב\nB,תל אביב-יפו\nC,תל אביב\nD,חיפה\n", "Israel")
    assert set(own_list.read(folder).tables["places"]["region"]) == {"תל אביב", "חיפה"}
    assert any("were taken as one place" in one for one in said(folder))


def test_a_place_of_the_list_goes_before_that_of_the_study(written):
    folder = written("name,place\nA,London\nB,Leeds\n", "UK")
    assert clusters(folder) == {"A": "London", "B": "Leeds"}
    (folder / "places.csv").write_text("name,cluster\nLondon,The Thames\nLeeds,\n")
    assert clusters(folder) == {"A": "The Thames", "B": "Leeds"}


def clusters(folder):
    """Return the cluster of each firm of a list."""
    own = own_list.read(folder)
    study = tables.read(layout.PLACES)
    firms = case.derived(own.tables, described(own, []), case.rules(), study).firms
    return dict(zip(firms["name_en"], firms["cluster"], strict=True))
