"""Names are taken apart: what is left is compared, and where they say they are."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.places import Place
from cluster_anatomy.firms.scripts import ascii_fold, fold, pinyin, sound

WORDS = """
有限公司 zh legal_form
股份有限公司 zh legal_form
集团 zh legal_form
生物制品 zh industry_word
生物 zh industry_word
药业 zh industry_word
科技 zh industry_word
研究所 zh kept
生物疫苗 zh kept
ltd en legal_form
co en legal_form
biotech en industry_word
pharmaceutical en industry_word
of en industry_word
"""
PLACES = [
    ("Beijing", "北京", "Beijing", "China", "Beijing"),
    ("Taizhou (Jiangsu)", "泰州", "Jiangsu", "China", "Taizhou (Jiangsu)"),
    ("Taizhou (Zhejiang)", "台州", "Zhejiang", "China", "Taizhou (Zhejiang)"),
    ("Kunshan", "昆山", "Jiangsu", "China", "Suzhou"),
    ("San Diego", None, "CA", "USA", "San Diego"),
    ("Basel", None, None, "Switzerland", "Basel"),
]


@pytest.fixture(scope="module")
def rules():
    """Rules on a handful of words and places."""
    words = pd.DataFrame(
        [line.split() for line in WORDS.split("\n") if line], columns=["word", "script", "kind"]
    )
    provinces = pd.DataFrame({"province": ["Zhejiang", "Jiangsu"], "name_zh": ["浙江", "江苏"]})
    places = pd.DataFrame(PLACES, columns=["name", "name_zh", "admin", "country", "metro"]).assign(
        aliases=pd.NA
    )
    return NameRules(words, provinces, places)


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("北京科兴生物制品有限公司", "科兴"),
        ("北京科兴", "科兴"),
        ("浙江天元生物药业股份有限公司", "天元"),
        ("浙江省天元生物药业", "天元"),
        ("科兴(大连)疫苗科技有限公司", "科兴疫苗"),
        ("科兴（大连）疫苗科技有限公司", "科兴疫苗"),
        ("北京生物制品研究所", "研究所"),
        ("华兰生物疫苗有限公司", "华兰生物疫苗"),
        ("北京生物", "生物"),
        ("Beijing Kexing Biotech Co., Ltd.", "kexing"),
        ("KEXING Biotech (Shuanglu)", "kexing"),
        ("Kexing of San Diego", "kexing"),
        ("Biotech Pharmaceutical", "biotech pharmaceutical"),
    ],
)
def test_core_drops_place_legal_form_and_industry_but_never_everything(rules, name, core):
    assert rules.core(name) == core


def test_legal_name_keeps_place_and_trade(rules):
    assert rules.legal("北京科兴生物制品股份有限公司") == "北京科兴生物制品"
    assert rules.legal("北京 科兴(集团)生物制品…") == "北京科兴生物制品"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("北京科兴", Place("Beijing", "Beijing")),
        ("浙江天元", Place(None, "Zhejiang")),
        ("台州海正", Place("Taizhou (Zhejiang)", "Zhejiang")),
        ("科兴北京", Place()),
        ("Kunshan Kexing", Place("Suzhou", "Jiangsu")),
        ("Zhejiang Tianyuan", Place(None, "Zhejiang")),
        ("Taizhou Kexing", Place()),
        ("Basel Kexing", Place("Basel", None)),
        ("Tianyuan", Place()),
    ],
)
def test_place_is_read_from_the_name_unless_it_could_be_two(rules, name, place):
    assert rules.place(name) == place


def test_places_fit_or_not_or_it_is_not_known():
    jiangsu, zhejiang = (
        Place("Taizhou (Jiangsu)", "Jiangsu"),
        Place("Taizhou (Zhejiang)", "Zhejiang"),
    )
    assert jiangsu.fits(jiangsu) is True
    assert jiangsu.fits(zhejiang) is False
    assert jiangsu.fits(Place(None, "Zhejiang")) is False
    assert jiangsu.fits(Place(None, "Jiangsu")) is None
    assert jiangsu.fits(Place()) is None


def test_two_huaxins_meet_in_pinyin_only(name_rules):
    shanghai, nanjing = name_rules.core("上海华新"), name_rules.core("南京华欣")
    assert pinyin(shanghai) == pinyin(nanjing) == "huaxin"
    assert shanghai != nanjing
    assert name_rules.place("上海华新").fits(name_rules.place("南京华欣")) is False


def test_fold():
    assert ascii_fold("Xi'an Società") == "xian societa"
    assert fold("Müller ŁÓDŹ Ørsted Straße") == "muller lodz orsted strasse"
    assert fold("삼성") == "삼성"


@given(
    one=st.lists(
        st.sampled_from(["ltd", "co", "kexing", "beijing", "biotech", "3s", "gan"]), max_size=5
    )
)
def test_english_core_of_words_that_drop_out_is_idempotent(rules, one):
    core = rules.core(" ".join(one))
    if core and set(core.split()) - {"ltd", "co", "biotech"}:
        assert rules.core(core) == core


def test_core_of_real_names_is_idempotent_and_not_empty(name_rules, step01):
    """A core can open with a place or trade word only where nothing else would be left."""
    names = [name for names in step01.rows["names"] for name in names]
    cores = {name_rules.core(name) for name in names}
    assert "" not in cores
    again = {core for core in cores if name_rules.core(core) != core}
    assert not again


@pytest.mark.parametrize(
    ("name", "words", "legal"),
    [
        ("Müller Pharma GmbH & Co. KG", "muller pharmaceutical", "gmbhcokg"),
        ("Novo Nordisk A/S", "novo nordisk", "as"),
        ("Società Chimica S.p.A.", "societa chimica", "spa"),
        ("L'Oréal S.A.", "loreal", "sa"),
        ("Sun Pharmaceutical Industries Pvt. Ltd.", "sun pharmaceutical industry", "pvtltd"),
        ('טבע תעשיות פרמצבטיות בע"מ', "טבע תעשיות פרמצבטיות", "ltd"),
        ("ООО Биокад", "биокад", "ooo"),
        ("株式会社島津製作所", "岛津制作所", "株式会社"),
        ("臺灣銀行股份有限公司", "台湾银行", "股份有限公司"),
        ("タカヨシホールディングス", "タカヨシホールディングス", ""),
        ("Bayer AG NA O.N.", "bayer", "ag"),
        ("MARSHALLS PLC LS -,25", "marshall", "plc"),
        ("Husqvarna AB Class B", "husqvarna", "ab"),
        ("BARCLAYS PLC ORD 25P", "barclay", "plc"),
        ("Vale S.A. ADR", "vale", "sa"),
        ("PT Kalbe Farma Tbk", "kalbe farma", "pttbk"),
        ("Charoen Pokphand Foods Public Company Limited", "charoen pokphand food", "pcl"),
        ("Ooredoo Q.P.S.C.", "ooredoo", "qpsc"),
        ("Ericsson AB publ", "ericsson", "ab"),
        ("Общество с ограниченной ответственностью Биокад", "биокад", "ooo"),
        ("Ελληνικά Πετρέλαια Α.Ε.", "ελληνικα πετρελαια", "ae"),
        ("شركة الراجحي", "الراجحي", "شركة"),
        ("บริษัท ปตท. จำกัด (มหาชน)", "ปตท", ""),
        ("Asian Hotels (West) Limited", "asian hotel west", "ltd"),
        ("삼성바이오로직스 주식회사", "삼성바이오로직스", ""),
        ("OMNICELL INC /CA/", "omnicell", "inc"),
        ("LILLY ELI & CO", "lilly eli", "co"),
        ("Amgen Intl. Labs", "amgen international laboratory", ""),
        ("Churchill Capital Corp II", "churchill capital 2", ""),
        ("Bank of New York Mellon (The)", "bank new york mellon", ""),
        ("A B Volvo", "volvo", "ab"),
        ("Lü Biotech", "lu biotechnology", ""),
        ("*ST全新", "全新", ""),
        ("北京科兴生物制品有限公司", "北京科兴生物制品", "有限公司"),
        ("Inc.", "inc", ""),
    ],
)
def test_a_name_is_cleaned_into_words_and_legal_form(name_rules, name, words, legal):
    assert name_rules.clean(name)[:2] == (words.split(), legal)


@given(
    st.lists(
        st.sampled_from(["Kexing", "Bio", "&", "and", "Labs", "GmbH", "(China)", "2", "of"]),
        max_size=5,
    )
)
def test_cleaning_does_not_see_case_commas_or_blanks(name_rules, parts):
    name = " ".join(parts)
    assert (
        name_rules.clean(name)[0] == name_rules.clean(f"  {name.upper().replace(' ', '  ')}. ")[0]
    )


def test_a_romanised_name_has_english_places_and_trade(name_rules):
    assert name_rules.romanise("北京科兴生物制品有限公司") == "Beijing kexing biological product"
    assert name_rules.clean(name_rules.romanise("浙江天元药业"))[0] == [
        "zhejiang",
        "tianyuan",
        "pharmaceutical",
    ]


def test_words_of_places_are_known_as_words_of_names_are_read(name_rules):
    """``Angeles`` without its s is still a word of Los Angeles."""
    for place in ("Los Angeles", "Indianapolis", "Morris Plains"):
        assert set(name_rules.clean(place)[0]) <= name_rules.place_words


@pytest.mark.parametrize(
    ("name", "country", "latin"),
    [
        ("Газпром нефть", "", "gazprom neft"),
        ("第一三共株式会社", "Japan", "daiichi sankyo"),
        ("셀트리온", "", "selteurion"),
        ("浙江天元藥業", "", "zhejiang tianyuan pharmaceutical"),
    ],
)
def test_a_name_in_another_script_is_written_in_latin_letters(name_rules, name, country, latin):
    assert name_rules.clean(name_rules.romanise(name, country))[0] == latin.split()


@pytest.mark.parametrize(
    ("one", "other"), [("biocad", "biokad"), ("pharma", "farma"), ("wella", "vela")]
)
def test_spellings_of_one_sound_meet(one, other):
    assert sound(one) == sound(other)


def test_every_legal_form_comes_off(raw, name_rules):
    """The table is folded as names are, so that each of its forms is found behind a name."""
    forms = raw.legal_forms[
        ~raw.legal_forms["form"].str.contains("[\u0e00-\u0e7f\u3400-\u9fff\uac00-\ud7af]")
    ]
    left = [
        form
        for form in forms["form"]
        if name_rules.clean(f"Zyxo Zyxa {form}")[0] != ["zyxo", "zyxa"]
    ]
    assert not left
