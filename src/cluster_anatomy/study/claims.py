"""Step 09: every claim of the paper put to the test.

No verdict is typed. `data/raw/claims/claim_checks.csv` says for each claim where to look, what to
read there and what the claim leads one to expect; the checks are evaluated here and the verdict
follows from a rule:

- **definition**: the claim defines, distinguishes or reports (`claim_readings`), so that nothing could
  contradict it;
- **not_testable**: no check rests on anything but the paper itself;
- **contradicted**: every independent check fails;
- **supported**: every independent check passes and together they cover the whole claim;
- **partly**: anything in between.

A statistical claim has (at least) two checks: its interval excludes the opposite, and the sign is
kept in most specifications of step 07. A number is never its own witness: rows whose only source is
the paper do not count.
"""

import calendar
import re
import string
import tomllib
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from cluster_anatomy import results, tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.results.numbers import COLUMNS, FOLDER, Shown
from cluster_anatomy.tables import contract
from cluster_anatomy.tables.contract import nearest

VERDICTS = ["supported", "partly", "contradicted", "not_testable", "definition"]
ADDRESSES = ("source_urls", "source_url")
SECOND_HAND = r"second-hand|stated in the paper$"
SHOWN_ROWS = 8
STALE = "Written for another outcome of check"
"""How a reason begins whose words suppose what the checks no longer say (under other conventions,
say).
"""
NUMERALS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


class ClaimError(ValueError):
    """A check or a reading cannot be evaluated; the message names the claim."""


def register_of(notebooks: Iterable[str]) -> pd.DataFrame:
    """Read the parts of the register that these notebooks wrote (not the one of step 09 itself).

    Raises
    ------
    ClaimError
        If two of them give a result one id.
    """
    parts = [tables.read(f"{FOLDER}/{notebook}.csv") for notebook in notebooks]
    register = pd.concat([pd.DataFrame(columns=COLUMNS), *parts], ignore_index=True)
    if register["id"].duplicated().any():
        raise ClaimError(
            f"one id, two results: {sorted(register.loc[register['id'].duplicated(), 'id'])}"
        )
    return register


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
    """
    keep = pd.Series(True, index=frame.index)
    for condition in filter(None, map(str.strip, where.split(";"))):
        column, operator, value = re.match(
            r"(\w+)(!=|>=|<=|=|~)(.*)", condition, re.DOTALL
        ).groups()
        cells = frame[column]
        if operator in (">=", "<="):
            numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
            keep &= numbers >= float(value) if operator == ">=" else numbers <= float(value)
            continue
        text = cells.map(_text, na_action="ignore")
        if operator == "~":
            keep &= text.map(lambda cell, p=value: bool(re.search(p, cell)), na_action="ignore").eq(
                True
            )
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


def holds(
    operator: str, found: float | str, expected: str | None, tolerance: float = np.nan
) -> bool:
    """Say whether a check is passed.

    Parameters
    ----------
    operator : str
        ``equals``, ``near``, ``at_least``, ``at_most``, ``greater``, ``less`` compare numbers
        (``equals`` text too); ``contains`` looks for a part of a list between ``|``; ``matches``
        for a regular expression.
    found : float or str
        From `measure`.
    expected : str
        What is expected.
    tolerance : float
        Greatest absolute difference of ``near``.
    """
    if operator == "contains":
        return expected in [part.strip() for part in str(found).split("|")]
    if operator == "matches":
        return bool(re.search(expected, str(found)))
    if operator == "equals" and isinstance(found, str):
        return found == expected
    number, wanted = float(found), float(expected)
    return {
        "equals": bool(np.isclose(number, wanted)),
        "near": abs(number - wanted) <= tolerance + 1e-9,
        "at_least": number >= wanted,
        "at_most": number <= wanted,
        "greater": number > wanted,
        "less": number < wanted,
    }[operator]


def holds_for_interval(operator: str, result: dict, expected: str | None) -> bool:
    """Say whether the 95 % interval of a result passes a check; an undefined interval never does.

    ``above_zero`` and ``below_zero``: it lies on one side; ``within_interval``: it holds the
    expected value.
    """
    low, high = (
        float("nan") if pd.isna(result[end]) else float(result[end]) for end in ("low", "high")
    )
    if operator == "above_zero":
        return low > 0
    if operator == "below_zero":
        return high < 0
    return low <= float(expected) <= high


def is_independent(rows: pd.DataFrame) -> bool:
    """Say whether every row names a source other than the paper (rows without an address column
    pass).
    """
    column = next((name for name in ADDRESSES if name in rows), None)
    if column is None:
        return True
    return bool((~rows[column].fillna("").str.fullmatch(r"seed")).all())


def evaluate(
    checks: pd.DataFrame,
    claims: pd.DataFrame,
    register: pd.DataFrame,
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
    read : callable
        Returns a table by name, such as `read_table`.

    Returns
    -------
    DataFrame
        The checks with ``found`` (as read), ``shown`` (as text), ``wanted``, ``outcome`` (passed,
        failed or counted), ``result_id``, ``places`` and ``urls`` (lists).

    Raises
    ------
    ClaimError
        If a check names a result that does not exist, reads what is not there, or claims to be
        independent of the paper while its rows name no other source. The message names claim and
        check.
    """
    own = claims.set_index("claim_id")["value"]
    found = results.lookup(register)
    opened: dict[str, pd.DataFrame] = {}
    rows = []
    earlier: dict[tuple[str, int], dict] = {}
    for check in checks.sort_values(["claim_id", "check"]).to_dict("records"):
        try:
            outcome = _evaluate_one(check, own, found, opened, read, earlier)
        except (ClaimError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ClaimError(
                f"{check['claim_id']}, check {check['check']}: {_words(error)}"
            ) from error
        rows.append(outcome)
        earlier[check["claim_id"], int(check["check"])] = outcome
    return pd.DataFrame(rows)


def _evaluate_one(check, own, found, opened, read, earlier) -> dict:
    """Evaluate one check against the register or a table."""
    result_id, places, urls = None, [], []
    result: dict = {}
    if check["table"] == "results":
        result_id = check["where"]
        if result_id not in found:
            raise ClaimError(f"there is no result '{result_id}'{nearest(result_id, found)}")
        result = dict(found[result_id])
        value = result[check["read"]]
        shown = found[result_id][check["read"]]
        if pd.isna(value):
            raise ClaimError(f"result '{result_id}' has no {check['read']}")
        if check["independent"] == "yes" and re.search(SECOND_HAND, str(result["frame"])):
            raise ClaimError(
                f"it is marked independent, but result '{result_id}' is the paper's own number"
            )
    else:
        name = check["table"]
        opened.setdefault(name, None)
        if opened[name] is None:
            opened[name] = read(name)
        part = select(opened[name], check["where"])
        value = measure(part, check["read"])
        shown = _text(value)
        if check["independent"] == "yes" and not is_independent(part):
            raise ClaimError(
                "it is marked independent, but rows that it reads name only the paper as their"
                " source"
            )
        places, urls = _provenance(part)
    wanted = _expected(check, own, found, earlier)
    if check["operator"] == "counted":
        outcome = "counted"
    elif check["operator"] in ("above_zero", "below_zero", "within_interval"):
        outcome = "passed" if holds_for_interval(check["operator"], result, wanted) else "failed"
    else:
        passed = holds(check["operator"], value, wanted, check["tolerance"])
        outcome = "passed" if passed else "failed"
    return check | {
        "found": value,
        "shown": shown,
        "wanted": wanted,
        "outcome": outcome,
        "result_id": result_id,
        "places": places,
        "urls": urls,
    }


def _expected(check, own, found, earlier) -> str | None:
    """Return what a check expects: its own text, another check, a result, or the value of the
    claim.
    """
    if check["operator"] in ("counted", "above_zero", "below_zero"):
        return None
    expected = check["expected"]
    if pd.isna(expected):
        expected = own[check["claim_id"]]
        if pd.isna(expected):
            raise ClaimError("nothing is expected, and the claim has no value of its own")
        return str(expected)
    field = re.fullmatch(r"\{(\w+)(?:\.(\w+))?\}(/2)?", str(expected))
    if not field:
        return str(expected)
    if field[1].isdigit():
        value = earlier[check["claim_id"], int(field[1])]["found"]
    elif field[1] in found:
        value = dict(found[field[1]])[field[2] or "value"]
    else:
        raise ClaimError(f"there is no result '{field[1]}'{nearest(field[1], found)}")
    return str(float(value) / 2 if field[3] else value)


def _provenance(rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return where the rows stand and the addresses behind them (the files alone where there are
    many).
    """
    if not len(rows):
        return [], []
    if len(rows) > SHOWN_ROWS:
        return sorted(set(rows["file"])), []
    places = [f"{file}:{line}" for file, line in zip(rows["file"], rows["line"], strict=True)]
    column = next((name for name in ADDRESSES if name in rows), None)
    cells = rows[column].dropna() if column else []
    found = [part.strip() for cell in cells for part in cell.split("|")]
    return places, [part for part in found if re.match("https?://", part)]


def verdict(outcomes: pd.DataFrame, defines: bool, covered: str | None) -> str:
    """Return the verdict that follows from the checks of one claim.

    Parameters
    ----------
    outcomes : DataFrame
        ``outcome`` and ``independent`` of its checks (no rows: none).
    defines : bool
        Whether the claim defines or reports.
    covered : {"whole", "part", None}
        How much of the claim the independent checks cover.
    """
    if defines:
        return "definition"
    counting = outcomes[(outcomes["independent"] == "yes") & (outcomes["outcome"] != "counted")]
    if not len(counting):
        return "not_testable"
    passed = counting["outcome"] == "passed"
    if not passed.any():
        return "contradicted"
    return "supported" if passed.all() and covered == "whole" else "partly"


class Reason(string.Formatter):
    """Fill ``{1}`` with what check 1 found and ``{id}``, ``{id.low}`` from the register."""

    def __init__(self, outcomes: pd.DataFrame, register: dict[str, Shown]):
        shown = outcomes["shown"].str.replace("|", ", ")
        self.checks = dict(zip(outcomes["check"].astype(int), shown, strict=True))
        self.register = register
        self.used: list[str] = []

    def get_value(self, key, args, kwargs):
        """Return a check by its number, a result by its id."""
        if isinstance(key, int):
            if key not in self.checks:
                raise ClaimError(f"the reason names check {key}, which does not exist")
            return self.checks[key]
        if key not in self.register:
            raise ClaimError(
                f"the reason names result '{key}', which does not"
                f" exist{nearest(key, self.register)}"
            )
        self.used.append(key)
        return self.register[key]


def judge(
    claims: pd.DataFrame, readings: pd.DataFrame, outcomes: pd.DataFrame, register: pd.DataFrame
) -> pd.DataFrame:
    """Give every claim its verdict, its reason and what it rests on.

    Parameters
    ----------
    claims : DataFrame
        Contract ``claims``.
    readings : DataFrame
        Contract ``claim_readings``, one row per claim.
    outcomes : DataFrame
        From `evaluate`.
    register : DataFrame
        Results of the other steps.

    Returns
    -------
    DataFrame
        Contract ``claim_verdicts``.

    Raises
    ------
    ClaimError
        If a claim has no reading; if one that defines has checks that count; if one that is checked
        does not say how much of it the checks cover; if one that nobody can test does not say what
        is missing; or if checks are said to cover a claim of which a part rests on the paper alone.
    """
    if unread := sorted(set(claims["claim_id"]) ^ set(readings["claim_id"])):
        raise ClaimError(f"claims and readings do not match: {unread}")
    found = results.lookup(register)
    read = readings.set_index("claim_id").astype(object)
    read = read.where(read.notna(), None)
    rows = []
    for claim in claims.to_dict("records"):
        reading, own = (
            read.loc[claim["claim_id"]],
            outcomes[outcomes["claim_id"] == claim["claim_id"]],
        )
        reached = verdict(own, reading["defines"] == "yes", reading["covered"])
        _consistent(claim["claim_id"], reading, own, reached)
        formatter = Reason(own, found)
        try:
            reason = formatter.format(reading["reason"])
        except ClaimError as error:
            raise ClaimError(f"{claim['claim_id']}: {error}") from error
        if changed := _changed(own, reading["written_for"]):
            reason = f"{STALE} {changed}. {reason}"
        counting = own[(own["independent"] == "yes") & (own["outcome"] != "counted")]
        ids = [*own["result_id"].dropna(), *formatter.used]
        rows.append(
            {
                "claim_id": claim["claim_id"],
                "section": claim["section"],
                "kind": claim["kind"],
                "statement": claim["statement_in_own_words"],
                "verdict": reached,
                "result_ids": _joined(ids),
                "sources": _joined(place for places in own["places"] for place in places),
                "addresses": _joined(url for urls in own["urls"] for url in urls),
                "reason": reason,
                "missing": reading["missing"],
                "checks_passed": int((counting["outcome"] == "passed").sum()),
                "checks_failed": int((counting["outcome"] == "failed").sum()),
                "checks_paper_only": int((own["independent"] == "no").sum()),
            }
        )
    return pd.DataFrame(rows)


def _consistent(claim_id: str, reading: pd.Series, outcomes: pd.DataFrame, reached: str) -> None:
    """Raise where a reading and its checks do not go together."""
    counting = (outcomes["independent"] == "yes") & (outcomes["outcome"] != "counted")
    problem = None
    if reached == "definition" and counting.any():
        problem = "it is read as a definition, yet has checks that count"
    elif counting.any() and reading["covered"] is None:
        problem = "it does not say how much of it the checks cover"
    elif reached == "not_testable" and reading["missing"] is None:
        problem = "nobody can test it, and what is missing is not said"
    elif reading["covered"] == "whole" and (outcomes["independent"] == "no").any():
        problem = "a part of it rests on the paper alone, so the checks do not cover the whole"
    if problem:
        raise ClaimError(f"{claim_id}: {problem}")


def _changed(outcomes: pd.DataFrame, written_for: str | None) -> str:
    """Return the numbers of the checks that come out otherwise than the words of the reason
    suppose.
    """
    now = outcomes.sort_values("check")["outcome"].str[0]
    wanted = (written_for or "").ljust(len(now), "?")
    return ", ".join(
        str(number)
        for number, letter, outcome in zip(outcomes["check"], wanted, now, strict=True)
        if letter != outcome
    )


def summary(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Count verdicts by section (footnotes together) and kind.

    Returns
    -------
    DataFrame
        Contract ``claims_summary``.
    """
    section = verdicts["section"].str.replace(r"^fn \d+$", "fn", regex=True)
    counts = pd.crosstab([section, verdicts["kind"]], verdicts["verdict"]).reindex(
        columns=VERDICTS, fill_value=0
    )
    counts.insert(0, "claims", counts.sum(axis=1))
    return counts.reset_index().rename_axis(columns=None)


def spans(text: str) -> dict[str, tuple[int, int]]:
    """Return where each section of a text begins and ends.

    A heading is a line that begins with ``1`` or ``2.1``, two blanks or more and a word;
    ``abstract`` is the line Abstract. Chapters end where the next heading begins.
    """
    marks = [
        (hit.start(), hit[1])
        for hit in re.finditer(r"(?m)^[ \f]*(\d(?:\.\d)?)[ ]{2,}(?=[A-Z])", text)
    ]
    marks += [(hit.start(), "abstract") for hit in re.finditer(r"(?m)^[ \f]*Abstract\b", text)]
    marks.sort()
    ends = [start for start, _ in marks[1:]] + [len(text)]
    return {
        name: (start, end) for (start, name), end in reversed(list(zip(marks, ends, strict=True)))
    }


def anchors(text: str, claims: pd.DataFrame) -> pd.DataFrame:
    """Look up every claim in the reader's own copy of the paper.

    Parameters
    ----------
    text : str
        The plain text.
    claims : DataFrame
        Contract ``claims``.

    Returns
    -------
    DataFrame
        ``claim_id``, ``anchor`` (whether the section, or the mark of the footnote, is in the text)
        and ``number`` (whether the claim's value is written there in digits, as a word or as a
        month; missing for claims without a value). A footnote is looked for in its section, since
        page breaks tear notes from their marks.
    """
    where = spans(text)
    rows = []
    for claim in claims.itertuples():
        section = claim.section
        if note := re.fullmatch(r"fn (\d+)", section):
            mark = re.search(rf"(?m)^\s*{note[1]}\s*$", text)
            inside = [
                name for name, (start, end) in where.items() if mark and start <= mark.start() < end
            ]
            section = inside[0] if inside else None
        known = section in where
        start, end = where[section] if known else (0, 0)
        value = None if pd.isna(claim.value) else _written(claim.value, text[start:end])
        rows.append({"claim_id": claim.claim_id, "anchor": known, "number": value})
    return pd.DataFrame(rows, columns=["claim_id", "anchor", "number"]).astype(
        {"anchor": bool, "number": "boolean"}
    )


def _written(value: str, text: str) -> bool:
    """Say whether a value occurs in a text: in digits, as a word, as a month or as an order of
    names.
    """
    if month := re.fullmatch(r"(\d{4})-(\d\d)", value):
        return f"{calendar.month_name[int(month[2])]} {month[1]}" in " ".join(text.split())
    if ">" in value:
        return all(part.strip() in text for part in value.split(">"))
    words = [re.escape(value)]
    if value.isdigit() and int(value) < len(NUMERALS):
        words.append(NUMERALS[int(value)])
    if value == "50":
        words.append("half")
    return any(re.search(rf"(?i)(?<![\w.]){word}(?!\d)", text) for word in words)


def outcome_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the outcomes as they are written: contract ``claim_outcomes``."""
    table = outcomes.rename(columns={"found": "as_read", "expected": "given"})
    table = table.rename(columns={"shown": "found", "wanted": "expected"})
    columns = [
        "claim_id",
        "check",
        "meaning",
        "found",
        "operator",
        "expected",
        "outcome",
        "independent",
    ]
    return table[columns].sort_values(["claim_id", "check"], ignore_index=True)


def main() -> None:
    """Look up every claim in the reader's own copy of the paper and print what is not found there."""
    record = tomllib.loads(paths.source("seeds/record.toml").read_text(encoding="utf-8"))
    copy = paths.source(record["text"]["file"])
    if not copy.is_file():
        raise SystemExit(
            f"{record['text']['file']} is not there; put your own copy of the paper's text there."
        )
    found = anchors(copy.read_text(encoding="utf-8"), tables.read("seeds/claims.csv"))
    lost = found[~found["anchor"] | found["number"].eq(False).fillna(False)]
    print(f"{len(found) - len(lost)} of {len(found)} claims are found in their section.")
    if len(lost):
        print(lost.to_string(index=False))


def _text(value: object) -> str:
    """Write a value as a reader expects it: whole numbers without a point."""
    if isinstance(value, str):
        return value
    number = float(value)
    return f"{number:,.0f}".replace(",", "") if number.is_integer() else f"{number:.10g}"


def _joined(parts: Iterable[str]) -> str | None:
    """Join parts between ``|``, each once, in their order; nothing if there are none."""
    return "|".join(dict.fromkeys(parts)) or None


def _words(error: Exception) -> str:
    """Return what an error says, without the quotes of a KeyError."""
    return f"no column or name {error}" if isinstance(error, KeyError) else str(error)


if __name__ == "__main__":
    main()
