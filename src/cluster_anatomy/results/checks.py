"""The small language of checks, in which claims are put to the test.

A check names a result of the register, or a table, conditions on its rows (`select`) and what to
read there (`measure`), and compares that with what a claim leads one to expect (`holds`). What may
speak for or against a claim:

- A fact is never its own witness: rows whose only source is the paper do not count.
- A share says as much about who is in it as about the world. Where firms or ties are in a frame
  because the paper named them, its shares are no witness for the paper (`claim_frames`); where they
  were sought for what is asked, they can only be described.
- An estimate is judged by its interval, never by its point.
- What a search found is a lower bound: that no more was found says nothing.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypedDict, cast

import numpy as np
import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.results import conditions
from cluster_anatomy.results.numbers import Field, Result, Shown, lookup
from cluster_anatomy.tables import contract
from cluster_anatomy.tables.contract import nearest

ADDRESSES = ("source_urls", "source_url")
SECOND_HAND = r"second-hand|stated in the paper$"
SHOWN_ROWS = 8
ON_INTERVALS = ("above", "below", "above_zero", "below_zero", "within_interval")
"""Operators that look at the interval of a result."""
NOTHING = str(math.nan)
"""What is expected where a result is missing, as it may be with other parameters."""
MATTERS = 0.1
"""Least difference that would matter, where a check names no other (its ``tolerance``)."""
SEARCHED = (
    "entries",
    "evidence",
    "ties",
    "data/processed/serial.csv",
    "data/processed/ties.csv",
    "data/raw/evidence/persons.csv",
)
"""Tables that a search filled: a count of their rows is a lower bound."""


class Check(TypedDict):
    """A row of the contract ``claim_checks``, as far as it is evaluated."""

    claim_id: str
    check: int
    table: str
    where: str
    read: str
    operator: str
    expected: str | None
    tolerance: float
    independent: str
    decidable: str | None


class ClaimError(ValueError):
    """A check or a reading cannot be evaluated; the message names the claim."""


def read_table(name: str) -> pd.DataFrame:
    """Read a table that checks may name, each row with the ``file`` and ``line`` it stands on.

    Parameters
    ----------
    name : str
        Path of a table, name of a contract (all its files one below the other), or ``entries``
        (an entry stands where the register of firms has its sources).
    """
    if name == "entries":
        register = read_table("data/processed/firms.csv")[["firm_id", "file", "line"]]
        return tables.read("data/processed/entries.csv").merge(register, validate="1:1")
    if name.endswith(".csv"):
        frame = tables.read(name)
        return frame.assign(file=name, line=np.arange(2, len(frame) + 2))
    key = contract.contracts()[name].file_column
    parts = []
    for file in tables.files_of(name):
        part = read_table(file)
        if key and key not in part:
            part.insert(0, key, file.rpartition("/")[2].removesuffix(".csv"))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def select(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the rows for which all conditions hold.

    Parameters
    ----------
    frame : DataFrame
        Any table.
    where : str
        Conditions between ``;``: ``column=value``, ``column!=value``, ``column~regular expression``
        (looked for anywhere), ``column>=number``, ``column<=number``. A blank cell fulfils only
        ``!=``.

    Raises
    ------
    KeyError
        If the table has no such column.
    ClaimError
        If a condition cannot be read.
    """
    keep = pd.Series(True, index=frame.index)
    for condition in filter(None, map(str.strip, where.split(";"))):
        parts = re.match(r"(\w+)(!=|>=|<=|=|~)(.*)", condition, re.DOTALL)
        if parts is None:
            raise ClaimError(f"'{condition}' is no condition")
        column, operator, value = parts.groups()
        cells = frame[column]
        if operator in (">=", "<="):
            numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
            keep &= numbers >= float(value) if operator == ">=" else numbers <= float(value)
            continue
        text = cells.map(_text, na_action="ignore")
        if operator == "~":
            hits = [bool(re.search(value, cell)) for cell in text.fillna("")]
            keep &= pd.Series(hits, index=text.index) & text.notna()
        else:
            same = text.eq(value).fillna(False)
            keep &= same if operator == "=" else ~same
    return frame[keep.fillna(False).astype(bool)]


def measure(rows: pd.DataFrame, read: str) -> float | str:
    """Read one value from selected rows.

    Parameters
    ----------
    rows : DataFrame
        From `select`.
    read : str
        ``rows``, ``distinct COLUMN``, ``top COLUMN`` (rows with its most frequent value), ``sum
        COLUMN``, ``min COLUMN``, ``max COLUMN``, or a column, which then must stand in exactly one
        row.

    Raises
    ------
    ClaimError
        If a column is read from no row or from several.
    """
    if read == "rows":
        return float(len(rows))
    how, _, column = read.rpartition(" ")
    cells = rows[column].dropna()
    if how == "distinct":
        return float(cells.nunique())
    if how == "top":
        return float(cells.value_counts().max()) if len(cells) else 0.0
    if not how and len(rows) != 1:
        raise ClaimError(f"column '{column}' must be read from one row, but {len(rows)} rows fit")
    if not len(cells):
        raise ClaimError(f"nothing to read in column '{column}'")
    if how:
        return float(getattr(pd.to_numeric(cells), how)())
    value = cells.iloc[0]
    return float(value) if pd.api.types.is_number(value) else str(value)


def holds(operator: str, value: float | str, expected: str, tolerance: float = np.nan) -> bool:
    """Say whether a check is passed.

    Parameters
    ----------
    operator : str
        ``equals``, ``near``, ``at_least``, ``at_most``, ``greater``, ``less`` compare numbers
        (``equals`` text too); ``contains`` looks for a part of a list between ``|``; ``matches``
        for a regular expression.
    value : float or str
        From `measure`.
    expected : str
        What is expected.
    tolerance : float
        Greatest absolute difference of ``near``.
    """
    if operator == "contains":
        return expected in [part.strip() for part in str(value).split("|")]
    if operator == "matches":
        return bool(re.search(expected, str(value)))
    if operator == "equals" and isinstance(value, str):
        return value == expected
    number, limit = float(value), float(expected)
    return {
        "equals": bool(np.isclose(number, limit)),
        "near": abs(number - limit) <= tolerance + 1e-9,
        "at_least": number >= limit,
        "at_most": number <= limit,
        "greater": number > limit,
        "less": number < limit,
    }[operator]


def outcome_for_interval(
    operator: str, result: Mapping[str, Field], expected: str | None, least: float = MATTERS
) -> str:
    """Say what the 95 % interval of a result decides.

    Parameters
    ----------
    operator : str
        ``above`` and ``below`` the expected value, ``above_zero`` and ``below_zero``: passed if the
        whole interval lies there; failed if it leaves no room there for a difference of ``least``;
        undecidable otherwise, or if there is no interval. ``within_interval``: passed if it holds
        the expected value, failed otherwise.
    result : mapping
        With ``low`` and ``high``.
    expected : str or None
        The value; zero for operators that say so.
    least : float
        Least difference that would matter.

    Returns
    -------
    str
        ``passed``, ``failed`` or ``undecidable``.
    """
    low, high, value = _limit(result["low"]), _limit(result["high"]), float(expected or 0)
    if np.isnan([low, high]).any():
        return "undecidable"
    if operator == "within_interval":
        return "passed" if low <= value <= high else "failed"
    if operator.startswith("below"):
        low, high, value = -high, -low, -value
    if low > value:
        return "passed"
    return "failed" if high < value + least else "undecidable"


def rests_on_absence(check: Check, found: float | str, expected: str) -> bool:
    """Say whether the outcome of a check rests on rows that a search did not find.

    Parameters
    ----------
    check : Check
        A row of ``claim_checks``.
    found : float or str
        From `measure`.
    expected : str
        What is expected.
    """
    counts = check["read"] == "rows" or check["read"].startswith(("distinct ", "top "))
    if check["table"] not in SEARCHED or not counts:
        return False
    operator, passed = check["operator"], holds(check["operator"], found, expected)
    if operator in ("at_least", "greater"):
        return not passed
    return passed and (operator in ("at_most", "less") or float(found) == 0)


def _limit(value: Field) -> float:
    return float("nan") if value is None or pd.isna(value) else float(value)


def is_independent(rows: pd.DataFrame) -> bool:
    """Say whether every row names a source other than the paper, if rows name sources at all."""
    column = next((name for name in ADDRESSES if name in rows), None)
    if column is None:
        return True
    return bool((~rows[column].fillna("").str.fullmatch(r"seed")).all())


@dataclass(frozen=True)
class Reading:
    """What a check read, and where."""

    value: float | str
    shown: str
    result: Result = field(default_factory=dict)
    result_id: str | None = None
    places: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    chosen_by: str | None = None


def evaluate(
    checks: pd.DataFrame,
    claims: pd.DataFrame,
    register: pd.DataFrame,
    frames: pd.DataFrame,
    read: Callable[[str], pd.DataFrame] = read_table,
) -> pd.DataFrame:
    """Evaluate every check.

    Parameters
    ----------
    checks : DataFrame
        Contract ``claim_checks``.
    claims : DataFrame
        Contract ``claims``; its ``value`` is expected where a check names nothing else.
    register : DataFrame
        Results of the other steps.
    frames : DataFrame
        Contract ``claim_frames``: who chose what is in each frame.
    read : callable
        Returns a table by name, such as `read_table`.

    Returns
    -------
    DataFrame
        The checks with ``found`` (as read), ``shown`` (as text), ``wanted``, ``outcome`` (passed,
        failed, undecidable or counted), ``result_id``, ``chosen_by`` (for a result, who chose what
        is in its frame), ``places`` and ``urls`` (lists).

    Raises
    ------
    ClaimError
        If a check names a result that does not exist or has no value (with other parameters than
        the study's own it is undecidable then), reads what is not there, compares two point
        estimates, or claims to be independent of the paper while its rows name no other source or
        its frame holds what the paper picked. The message names claim and check.
    """
    value_of = claims.set_index("claim_id")["value"]
    chosen = frames.set_index("frame")["chosen_by"].to_dict()
    shown, read = lookup(register), cache(read)
    earlier: dict[tuple[str, int], float | str] = {}
    outcomes: list[dict[str, object]] = []
    for row in checks.sort_values(["claim_id", "check"]).to_dict("records"):
        check = cast(Check, row)
        claim_id, number = check["claim_id"], int(check["check"])
        try:
            in_register = check["table"] == "results"
            reading = _of_result(check, shown, chosen) if in_register else _of_table(check, read)
            expected = _expected(check, value_of.get(claim_id), shown, earlier)
            outcome = _outcome(check, reading, expected, shown)
        except (ClaimError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ClaimError(f"{claim_id}, check {check['check']}: {_words(error)}") from error
        earlier[claim_id, number] = reading.value
        about = {
            "found": reading.value,
            "shown": reading.shown,
            "wanted": expected,
            "outcome": outcome,
            "result_id": reading.result_id,
            "places": reading.places,
            "urls": reading.urls,
            "chosen_by": reading.chosen_by,
        }
        outcomes.append(row | about)
    return pd.DataFrame(outcomes)


def _of_result(check: Check, shown: Mapping[str, Shown], chosen: Mapping[str, str]) -> Reading:
    """Read a result of the register, if its frame may speak."""
    result_id = check["where"]
    result = dict(shown[result_id].items()) if result_id in shown else {}
    value = result.get(check["read"])
    if value is None or pd.isna(value):
        if not paths.strict():
            return Reading(math.nan, "undefined", result_id=result_id)
        if result_id in shown:
            raise ClaimError(f"result '{result_id}' has no {check['read']}")
        raise ClaimError(f"there is no result '{result_id}'{nearest(result_id, shown)}")
    text = shown[result_id][check["read"]]
    if check["independent"] == "yes" and re.search(SECOND_HAND, str(result["frame"])):
        raise ClaimError(
            f"it is marked independent, but result '{result_id}' is the paper's own number"
        )
    by = who_chose(str(result["frame"]), chosen)
    if check["independent"] == "yes" and check["operator"] != "counted":
        if by == "paper":
            raise ClaimError(
                f"it is marked independent, but what is in the frame of '{result_id}'"
                f" ({result['frame']}) was picked by the paper"
            )
        if by == "question":
            raise ClaimError(
                f"what is in the frame of '{result_id}' ({result['frame']}) was sought for what is"
                " asked: it may be counted, not judged"
            )
    return Reading(value, text, result, result_id, chosen_by=by)


RANKS = ("rule", "search", "question", "paper")
"""Who may have chosen what is in a frame, from the best witness to none."""


def who_chose(frame: str, chosen: Mapping[str, str]) -> str:
    """Return who chose what is in the frame of a result.

    Parameters
    ----------
    frame : str
        As the register has it; of ``a vs b`` the part that is the worse witness decides, and a last
        year (``…, up to 2010``) makes no difference.
    chosen : mapping
        Frame -> ``rule``, ``search``, ``question`` or ``paper`` (contract ``claim_frames``).

    Raises
    ------
    ClaimError
        If nobody has said it of the frame.
    """
    parts = [re.sub(r",? up to \d{4}$", "", part) for part in frame.split(" vs ")]
    if unsaid := [part for part in parts if part not in chosen]:
        raise ClaimError(f"who chose what is in '{unsaid[0]}'? claim_frames.csv does not say")
    return max((chosen[part] for part in parts), key=RANKS.index)


def _of_table(check: Check, read: Callable[[str], pd.DataFrame]) -> Reading:
    """Read rows of a table."""
    rows = select(read(check["table"]), check["where"])
    value = measure(rows, check["read"])
    if check["independent"] == "yes" and not is_independent(rows):
        raise ClaimError(
            "it is marked independent, but rows that it reads name only the paper as their source"
        )
    places, urls = _provenance(rows)
    return Reading(value, _text(value), places=places, urls=urls)


def _outcome(
    check: Check, reading: Reading, expected: str | None, shown: Mapping[str, Shown]
) -> str:
    """Compare what was read with what is expected, if the data could have told."""
    operator = check["operator"]
    if operator == "counted":
        return "counted"
    if pd.isna(reading.value) or expected == NOTHING:
        return "undecidable"
    condition = check.get("decidable")
    if isinstance(condition, str) and not conditions.holds(condition, shown):
        return "undecidable"
    if operator in ON_INTERVALS:
        least = MATTERS if pd.isna(check["tolerance"]) else check["tolerance"]
        return outcome_for_interval(operator, reading.result, expected, least)
    if rests_on_absence(check, reading.value, str(expected)):
        return "undecidable"
    passed = holds(operator, reading.value, str(expected), check["tolerance"])
    return "passed" if passed else "failed"


def _expected(
    check: Check,
    value: str | None,
    shown: Mapping[str, Shown],
    earlier: Mapping[tuple[str, int], float | str],
) -> str | None:
    """What a check expects: its own text, another check, a result, or the value of its claim."""
    if check["operator"] in ("counted", "above_zero", "below_zero"):
        return None
    if pd.isna(check["expected"]):
        if pd.isna(value):
            raise ClaimError("nothing is expected, and the claim has no value of its own")
        return str(value)
    reference = re.fullmatch(r"\{(\w+)(?:\.(\w+))?\}", str(check["expected"]))
    if not reference:
        return str(check["expected"])
    name, part = reference.groups()
    if check["table"] == "results" and check["operator"] != "within_interval":
        raise ClaimError(
            "two point estimates are not compared: take the interval of their difference"
            " (above_zero, below_zero)"
        )
    number: Field = None
    if name.isdigit():
        number = earlier[check["claim_id"], int(name)]
    elif name in shown:
        number = dict(shown[name].items())[part or "value"]
    elif paths.strict():
        raise ClaimError(f"there is no result '{name}'{nearest(name, shown)}")
    if number is None and paths.strict():
        raise ClaimError(f"'{name}' has no {part or 'value'}")
    return NOTHING if number is None else str(float(number))


def _provenance(rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Where the rows stand and the addresses behind them; of many rows, only the files."""
    if not len(rows):
        return [], []
    if len(rows) > SHOWN_ROWS:
        return sorted(set(rows["file"])), []
    places = [f"{file}:{line}" for file, line in zip(rows["file"], rows["line"], strict=True)]
    column = next((name for name in ADDRESSES if name in rows), None)
    cells = rows[column].dropna() if column else []
    parts = [part.strip() for cell in cells for part in cell.split("|")]
    return places, [part for part in parts if re.match("https?://", part)]


def _text(value: float | str) -> str:
    """Write a value as a reader expects it: whole numbers without a point."""
    if isinstance(value, str):
        return value
    number = float(value)
    return f"{number:,.0f}".replace(",", "") if number.is_integer() else f"{number:.10g}"


def _words(error: Exception) -> str:
    """Return what an error says, without the quotes of a KeyError."""
    return f"no column or name {error}" if isinstance(error, KeyError) else str(error)
