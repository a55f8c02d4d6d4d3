"""Which names of a register are one firm: equal names, sisters and scripts, and calibration."""

import csv
from math import log2

import duckdb
import numpy as np
import pandas as pd
import pytest

from cluster_anatomy import registers
from cluster_anatomy.firms import linkage
from cluster_anatomy.registers import calibration, weights

NAMED = [
    ("Zyxo Quarq Inc", "Boston"),
    ("Quarq Zyxo Corp", "Boston"),
    ("Zyxo", None),
    ("Zyxo 2 Mining", "Basel"),
    ("Zyzo Quarq Inc", "Boston"),
    ("华沃天成生物技术有限公司", "上海"),
    ("华沃天成", "上海"),
    ("Huawo Tiancheng Biotechnology", None),
]


def test_the_engine_weighs_names_as_splink_does():
    """The SQL of the stage `link` puts every two names on the levels on which splink puts them."""
    names, places = zip(*NAMED, strict=True)
    records = pd.DataFrame({"record_id": map(str, range(len(names))), "name": names})
    features = linkage.prepare(records.assign(place=places))
    model = linkage.load_model()
    sides = ", ".join(
        f"one.{name} AS {name}_l, other.{name} AS {name}_r" for name in linkage.COLUMNS
    )
    added = ", ".join(
        weights.bits_of_level(
            f"({weights.level_in_sql(comparison)})",
            {at: weights.bits(level) for at, level in enumerate(comparison["levels"])},
        )
        + f" AS {comparison['name']}"
        for comparison in model.comparisons
    )
    sql = f"""
        SELECT name_id_l, name_id_r, {added} FROM (
            SELECT *, {linkage.sql_levels("{shared}")} AS shared FROM (
                SELECT {sides} FROM features AS one, features AS other
                WHERE one.name_id < other.name_id))
    """
    with duckdb.connect() as connection:
        connection.register("features", features.drop(columns="keys"))
        ours = connection.execute(sql).df().set_index(["name_id_l", "name_id_r"])
    alike = features.assign(keys=[["one key"]] * len(features))
    scored = linkage.pairs(alike, threshold=0.0, each_name=True)
    assert len(scored) > 20
    of_name = {
        (row.record_id, row.name, row.kind): row.name_id for row in features.itertuples(index=False)
    }
    for row in scored.itertuples(index=False):
        left = of_name[row.left, row.left_name, row.left_kind]
        right = of_name[row.right, row.right_name, row.right_kind]
        found = ours.loc[tuple(sorted((left, right)))]
        for comparison in model.comparisons:
            name = comparison["name"]
            assert found[name] == pytest.approx(getattr(row, name), abs=1e-3), (row, name)


def linked(tmp_path, header, rows):
    """Firms of the rows of a register, as numbers in the order of the rows."""
    file = tmp_path / "r.csv"
    with open(file, "w", encoding="utf-8", newline="") as sheet:
        csv.writer(sheet).writerows([header, *rows])
    quiet = {"memory": 2 * 2**30, "tell": lambda line: None}
    registers.run_register([file], tmp_path / "out", **quiet)
    firm = pd.read_parquet(tmp_path / "out" / "records.parquet").sort_values("row")["firm_id"]
    return [*pd.factorize(firm)[0]]


def test_spellings_of_one_name_are_one_firm_however_many_there_are(tmp_path):
    forms = ["Inc", "INC.", "Incorporated", "Corp", "Corporation", "Ltd", "Limited", "LLC", "plc"]
    rows = [
        [name] for form in forms for name in (f"Zyxo Quarq {form}", f"ZYXO QUARQ, {form}", "Zyxo")
    ]
    firms = linked(tmp_path, ["name"], rows)
    assert len({firm for firm, [name] in zip(firms, rows, strict=True) if name != "Zyxo"}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Siemens AG", "Siemens Healthineers AG"),
        ("日本電気株式会社", "日本電気硝子株式会社"),
        ("Tübingen Biotech GmbH", "Tübingen Diagnostics GmbH"),
        ("Standard Bank", "Standard Life"),
        ("North Star", "South Star"),
        ("Thai Rayon Public Company Limited", "Thai Wacoal Public Company Limited"),
        ("Zyxo Fund 1", "Zyxo Fund 2"),
        ("Doosan Corporation", "Soosan Corporation"),
        # other words of the trade beside the same rare one, or one that is spelt otherwise
        ("Zyxothi Capital Services Limited", "Zyxothi Finance Limited"),
        ("Banco Zyxantil do Brasil S.A.", "Banco Zyxantil de Investimentos S.A."),
        ("Quarqu Construction Co., Ltd.", "Quarqo Engineering & Construction Inc."),
        ("Zyx Dong Pharmaceutical Co., Ltd.", "Zyx Nong Corporation"),
        ("Zyxi-Food International Ltd.", "Zyxy-Food Investments Ltd"),
        # part of a place's name
        ("South Quarqish Bank", "Quarqish Bank"),
        ("Zyxam City Cement", "Zyxam Cement"),
        ("Quarqura Research Institute", "Quarqura"),
        ("Zyxpel DC REIT", "Zyxpel REIT"),
        # a place that is not the record's own
        ("Zyxoland Hong Kong Holdings", "Zyxoland Holdings"),
        ("Zyxo Boston GmbH", "Zyxo GmbH"),
        # a short name differs in two letters
        ("UK Oil & Gas PLC", "JKX Oil & Gas plc"),
    ],
)
def test_groups_sisters_and_neighbours_are_not_one_firm(tmp_path, one, other):
    rows = [[one, "Tübingen"], [other, "Tübingen"], ["Quarq", "Basel"], ["Vole", "Oslo"]]
    assert linked(tmp_path, ["name", "city"], rows)[:2] == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller Logistik GmbH", "Mueller Logistik GmbH"),
        ("臺灣銀行", "台湾银行"),
        ("ООО «Биокад»", "BIOCAD"),
        ("Газпром нефть", "Gazprom Neft"),
        ("第一三共株式会社", "Daiichi Sankyo Co., Ltd."),
        ("Kerry Ingredients DAC", "Kerry Ingredients Designated Activity Company"),
        ("AlterG", "Alter-G"),
    ],
)
def test_spellings_and_scripts_of_one_firm_meet(tmp_path, one, other):
    rows = [[one, "Town"], [other, "Town"], ["Quarq", "Basel"], ["Vole", "Oslo"]]
    assert linked(tmp_path, ["name", "city"], rows)[:2] == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Zyxo Corporation", "Yokohama", "Japan"], ["Zyxo Co., Ltd.", "Tokyo", "Japan"]),
        (["Quarq GmbH", "Köln", "Germany"], ["Quarq AG", "Berlin", "Germany"]),
        (["Zyxo Ltda", "Recife", "Brazil"], ["Zyxo S.A.", "Manaus", "Brazil"]),
        # common words in another order
        (["First Bank", "Hamilton", "USA"], ["Bank First Corporation", "Manitowoc", "USA"]),
    ],
)
def test_names_that_tell_little_are_two_firms_in_two_places(tmp_path, one, other):
    rows = [one, other, ["Mole", "Basel", "Switzerland"], ["Vole", "Oslo", "Norway"]]
    assert linked(tmp_path, ["name", "city", "country"], rows)[:2] == [0, 1]


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ("Zyxo Quarq Ulm GmbH", "Zyxo Quarq GmbH", "Ulm"),
        ("Henan Zyxoqing Pharmaceutical", "Zyxoqing Pharmaceutical", "Xinxiang"),
    ],
)
def test_the_place_of_the_record_in_its_name_does_not_part_firms(tmp_path, one, other, place):
    rows = [[one, place], [other, place], ["Vole", "Oslo"]]
    assert linked(tmp_path, ["name", "city"], rows)[:2] == [0, 0]


def test_other_numbers_and_other_domains_part_firms(tmp_path):
    header = ["name", "city", "Company number", "website"]
    rows = [
        ["Zyxo Quarq Ltd", "Leeds", "17", ""],
        ["Zyxo Quarq Ltd", "Leeds", "18", ""],
        ["Mole Vole Ltd", "York", "", "https://www.mole.com/uk"],
        ["Mole Vole Biotech Ltd", "York", "", "mole-biotech.com"],
    ]
    assert linked(tmp_path, header, rows) == [0, 1, 2, 3]


def test_words_that_are_common_in_the_register_tell_little(tmp_path):
    """Hundreds of firms are called after a coast that no table knows."""
    rows = [[f"Quillia {chr(97 + n % 26) * 3}{n // 26}x Works", "Oslo"] for n in range(400)]
    firms = linked(tmp_path, ["name", "city"], rows)
    assert len(set(firms)) == len(rows)


# --- Calibration


def test_the_share_of_matches_on_a_level_is_found_from_what_witnesses_say():
    """A thousand pairs of which a quarter are matches; witnesses agree in 80 and in 5 per cent."""
    m, u, share, n = 0.8, 0.05, 0.25, 1000
    agree = n * (share * m + (1 - share) * u)
    evidence = [log2(m / u), log2((1 - m) / (1 - u))]
    cells = pd.DataFrame({"level": [0, 0], "evidence": evidence, "n": [agree, n - agree]})
    start, free = np.array([log2(share / (1 - share))]), np.array([False])
    assert calibration.fit(cells, start, free, 9.0)[0] == pytest.approx(start[0], abs=0.01)
    from_afar = calibration.fit(cells, start - 6, free, 9.0)[0]
    assert from_afar == pytest.approx(start[0], abs=0.3)
    assert calibration.fit(cells, start - 6, np.array([True]), 9.0)[0] == start[0] - 6
    assert calibration.fit(cells, start - 6, free, start[0] - 3)[0] == start[0] - 3
    assert calibration.believed(cells, start, 200)
    assert not calibration.believed(cells, start + 20, 200)


def test_what_was_said_is_held_against_what_the_years_say():
    said, agrees = np.array([0.95, 0.95]), np.array([True, False])
    [(low, high, pairs, seen)] = calibration.borne_out(said, agrees, np.array([78.0, 22]), 0.8, 0.0)
    assert (low, high, pairs) == (0.9, 0.99, 100)
    assert seen == pytest.approx(0.78 / 0.8)
