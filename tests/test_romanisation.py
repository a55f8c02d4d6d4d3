"""Names in Latin letters, by the published examples of each system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy.firms.romanisation import romanised
from cluster_anatomy.firms.scripts import simplified

REVISED = {
    "백마": "Baengma",
    "신문로": "Sinmunno",
    "종로": "Jongno",
    "왕십리": "Wangsimni",
    "별내": "Byeollae",
    "신라": "Silla",
    "해돋이": "Haedoji",
    "묵호": "Mukho",
    "집현전": "Jiphyeonjeon",
    "압구정": "Apgujeong",
    "낙동강": "Nakdonggang",
    "백암": "Baegam",
    "합덕": "Hapdeok",
    "월곶": "Wolgot",
    "벚꽃": "Beotkkot",
    "한밭": "Hanbat",
    "설악": "Seorak",
    "울릉": "Ulleung",
    "대관령": "Daegwallyeong",
    "독립문": "Dongnimmun",
    "속리산": "Songnisan",
    "촉석루": "Chokseongnu",
    "밀양": "Miryang",
}
"""Examples of the National Institute of Korean Language (2000), and a town."""
PLACES = [
    ("충청남도", "South Korea", "Chungcheongnam-do"),
    ("충청북도", "South Korea", "Chungcheongbuk-do"),
    ("전라북도", "South Korea", "Jeollabuk-do"),
    ("전북특별자치도", "South Korea", "Jeonbuk-do"),
    ("강원특별자치도", "South Korea", "Gangwon-do"),
    ("경기도", "", "Gyeonggi-do"),
    ("제주도", "", "Jeju-do"),
    ("서울특별시", "South Korea", "Seoul"),
    ("서울특별시 강남구", "South Korea", "Seoul Gangnam-gu"),
    ("인천광역시", "South Korea", "Incheon"),
    ("세종특별자치시", "South Korea", "Sejong"),
    ("의정부시", "South Korea", "Uijeongbu"),
    ("대구", "South Korea", "Daegu"),
    ("안동", "South Korea", "Andong"),
    ("여의도", "South Korea", "Yeouido"),
    ("중구", "South Korea", "Jung-gu"),
    ("양주군", "South Korea", "Yangju-gun"),
    ("도봉구", "South Korea", "Dobong-gu"),
    ("신창읍", "South Korea", "Sinchang-eup"),
    ("삼죽면", "South Korea", "Samjuk-myeon"),
    ("당산동", "South Korea", "Dangsan-dong"),
    ("판교", "South Korea", "Pangyo"),
    ("東京都", "Japan", "Tōkyō-to"),
    ("京都府", "Japan", "Kyōto-fu"),
    ("京都市", "Japan", "Kyōto"),
    ("大阪府", "Japan", "Ōsaka-fu"),
    ("神奈川県", "Japan", "Kanagawa-ken"),
    ("鹿児島県", "Japan", "Kagoshima-ken"),
    ("徳島県", "Japan", "Tokushima-ken"),
    ("北海道", "Japan", "Hokkaidō"),
    ("神戸市", "Japan", "Kōbe"),
    ("つくば市", "Japan", "Tsukuba"),
    ("新潟市", "Japan", "Niigata"),
    ("茨木市", "Japan", "Ibaraki"),
    ("東京都港区", "Japan", "Tōkyō-to Minato-ku"),
    ("京都府京都市左京区", "Japan", "Kyōto-fu Kyōto Sakyō-ku"),
    ("横浜市鶴見区", "Japan", "Yokohama Tsurumi-ku"),
    ("四日市市", "Japan", "Yokkaichi"),
    ("市川市", "Japan", "Ichikawa"),
    ("千代田区", "Japan", "Chiyoda-ku"),
    ("台北市", "Taiwan", "Taipei"),
    ("臺北市", "Taiwan", "Taipei"),
    ("臺中", "Taiwan", "Taichung"),
    ("高雄市", "Taiwan", "Kaohsiung"),
    ("新竹縣", "Taiwan", "Hsinchu County"),
    ("台北市大安區", "Taiwan", "Taipei Da'an District"),
    ("新竹科學園區", "Taiwan", "Hsinchu Science Park"),
    ("苏州工业园区", "China", "Suzhou Industrial Park"),
    ("广西壮族自治区", "China", "Guangxi"),
    ("西安市", "China", "Xi'an"),
    ("哈尔滨", "China", "Harbin"),
    ("江苏省苏州市", "China", "Jiangsu Suzhou"),
    ("重庆", "China", "Chongqing"),
    ("香港", "China (Hong Kong)", "Hong Kong"),
    ("मुंबई", "India", "Mumbai"),
    ("पुणे", "India", "Pune"),
    ("हैदराबाद", "India", "Hyderabad"),
    ("महाराष्ट्र", "India", "Maharashtra"),
    ("नई दिल्ली", "India", "New Delhi"),
    ("ಬೆಂಗಳೂರು", "India", "Bengaluru"),
    ("சென்னை", "India", "Chennai"),
    ("กรุงเทพมหานคร", "Thailand", "Bangkok"),
    ("เชียงใหม่", "Thailand", "Chiang Mai"),
    ("ลำปาง", "Thailand", "Lampang"),
    ("Αθήνα", "Greece", "Athens"),
    ("Θεσσαλονίκη", "Greece", "Thessaloniki"),
    ("Москва", "Russia", "Moscow"),
    ("Санкт-Петербург", "Russia", "Saint Petersburg"),
    ("Пермь", "Russia", "Perm"),
    ("Київ", "Ukraine", "Kyiv"),
    ("София", "Bulgaria", "Sofia"),
    ("תל אביב", "Israel", "Tel Aviv"),
    ("רחובות", "Israel", "Rehovot"),
    ("الرياض", "Saudi Arabia", "Riyadh"),
    ("تهران", "Iran", "Tehran"),
    ("თბილისი", "Georgia", "Tbilisi"),
    ("Երևան", "Armenia", "Yerevan"),
    ("Boston", "USA", "Boston"),
    ("Łódź", "Poland", "Łódź"),
]


@pytest.mark.parametrize("hangul", REVISED)
def test_hangul_follows_the_revised_romanization(hangul):
    assert romanised(hangul) == REVISED[hangul]


@pytest.mark.parametrize(("local", "country", "latin"), PLACES)
def test_places_are_called_as_readers_of_the_language_call_them(local, country, latin):
    assert romanised(local, country, place=True) == latin


def test_characters_are_japanese_in_japan_and_beside_kana_and_else_chinese():
    assert romanised("理研", "Japan") == "Riken"
    assert romanised("ペプチドリーム") == "Pepuchidorīmu"
    assert romanised("アンジェス") == "Anjesu"
    assert romanised("井上", "Japan") == "Inoue"
    assert romanised("藥華股份有限公司", "Taiwan") == "Yaohua Gufen Youxian Gongsi"


def test_indian_scripts_are_spelled_as_in_english():
    assert romanised("भारत संस्थान बायोटेक मुंबई") == "Bharat Sansthan Bayotek Mumbai"
    assert romanised("केंद्र") == "Kendra"
    assert romanised("ગુજરાત ਪੰਜਾਬ বাংলা") == "Gujarat Panjab Banla"
    assert romanised("తెలంగాణ ಕರ್ನಾಟಕ കേരളം தமிழ்") == "Telangana Karnataka Keralam Tamizh"


def test_thai_follows_the_royal_system():
    assert romanised("ระยอง ชลบุรี จำกัด") == "Rayong Chonburi Chamkat"


def test_latin_letters_stay_and_scripts_are_told_apart_within_a_name():
    assert romanised("Café Zürich (Süd) 3") == "Café Zürich (Süd) 3"
    assert romanised("카카오Bio 2") == "Kakao Bio 2"
    assert romanised("НПО «Вектор»") == "NPO «Vektor»"


def test_a_country_that_is_written_otherwise_does_not_hide_a_usual_name():
    assert romanised("Москва", "Russian Federation", place=True) == "Moscow"


@given(st.text(alphabet="가나다라마박홍밀양東京都市北區つくばมุंबกรुสМקالԱა -(1a", max_size=12))
def test_whatever_the_script_the_result_is_latin(text):
    latin = romanised(text, "Japan", place=True)
    assert not [char for char in latin if char.isalpha() and ord(char) > 0x24F]


def test_traditional_characters_become_simplified_ones():
    assert simplified("臺灣積體電路製造") == "台湾积体电路制造"
    assert simplified("苏州") == "苏州"
    assert simplified("Taipei") == "Taipei"
