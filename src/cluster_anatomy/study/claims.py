"""Step 11: every claim of the paper put to the test.

No verdict is typed. `data/raw/claims/claim_checks.csv` says for each claim where to look, what to
read there and what the claim leads one to expect; `results.checks` evaluates the checks, and the
verdict follows from a rule:

- **definition**: the claim defines, distinguishes or reports (`claim_readings`), so that nothing
  could contradict it;
- **not_testable**: no check rests on anything but the paper itself;
- **undecidable**: none of its independent checks decides anything: intervals leave room for both
  answers, no outcome could have been told from chance, or a search found nothing;
- **contradicted**: every independent check fails and together they cover the whole claim;
- **supported**: every independent check passes and together they cover the whole claim;
- **partly**: anything in between: some fail, some cannot be decided, or a part is not covered.

A fact is never its own witness: rows whose only source is the paper do not count. Nor is a share
of firms or ties that the paper picked: `study.witnesses` estimates again what such claims are
about, on frames that the paper did not choose.
"""

import calendar
import re
import string
import tomllib
from collections.abc import Iterable, Mapping

import pandas as pd

from cluster_anatomy import results, tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.results.checks import ClaimError
from cluster_anatomy.results.exhibits import markdown_table
from cluster_anatomy.results.numbers import COLUMNS, FOLDER, Shown
from cluster_anatomy.tables.contract import nearest

VERDICTS = ["supported", "partly", "contradicted", "undecidable", "not_testable", "definition"]
STALE = "Written for another outcome of check"
"""How a reason begins whose words suppose what the checks, under other conventions, do not say."""
NEEDS = {
    "firm_panel": "histories of all firms: links, innovation, careers",
    "authors_interviews": "interviews that only the authors hold",
    "official_statistics": "official statistics by place, owner, product",
    "company_records": "registry files and prospectuses of firms",
    "park_records": "records of parks",
    "miit_2009": "the closed list of the ministry (2009)",
    "bioplan_2008": "the closed list of BioPlan (2008)",
    "cited_work": "a cited work that is not open",
    "romanelli_feldman_2006": "Romanelli and Feldman (2006)",
    "figure_3": "the paper's lost figure",
}
"""What it would take to test a claim, in words."""
KINDS = {"number": "numbers", "qualitative": "qualitative claims", "typology": "typologies"}
NUMERALS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def register_of(notebooks: Iterable[str]) -> pd.DataFrame:
    """Read the parts of the register that these notebooks wrote (not the one of step 11 itself).

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


def with_witnesses(register: pd.DataFrame, rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Add the numbers that step 11 itself makes (`study.witnesses`) to the register."""
    return pd.concat([register, pd.DataFrame(list(rows))], ignore_index=True)


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
    reached = set(outcomes.loc[_counts(outcomes), "outcome"])
    if not reached:
        return "not_testable"
    if reached == {"undecidable"}:
        return "undecidable"
    if covered == "whole" and len(reached) == 1:
        return "supported" if reached == {"passed"} else "contradicted"
    return "partly"


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
    shown = results.lookup(register)
    read = readings.set_index("claim_id").astype(object)
    read = read.where(read.notna(), None)
    rows = []
    for claim in claims.to_dict("records"):
        own = outcomes[outcomes["claim_id"] == claim["claim_id"]]
        try:
            rows.append(_judged(claim, read.loc[claim["claim_id"]], own, shown))
        except ClaimError as error:
            raise ClaimError(f"{claim['claim_id']}: {error}") from error
    return pd.DataFrame(rows)


def _judged(
    claim: Mapping, reading: pd.Series, outcomes: pd.DataFrame, shown: dict[str, Shown]
) -> dict:
    """Row of `judge` for one claim and its checks."""
    reached = verdict(outcomes, reading["defines"] == "yes", reading["covered"])
    _consistent(reading, outcomes, reached)
    formatter = Reason(outcomes, shown)
    reason = formatter.format(reading["reason"])
    if changed := _changed(outcomes, reading["written_for"]):
        reason = f"{STALE} {changed}. {reason}"
    counting = outcomes[_counts(outcomes)]["outcome"]
    return {
        "claim_id": claim["claim_id"],
        "section": claim["section"],
        "kind": claim["kind"],
        "statement": claim["statement_in_own_words"],
        "verdict": reached,
        "result_ids": _joined([*outcomes["result_id"].dropna(), *formatter.used]),
        "sources": _joined(place for places in outcomes["places"] for place in places),
        "addresses": _joined(url for urls in outcomes["urls"] for url in urls),
        "reason": reason,
        "missing": reading["missing"],
        "checks_passed": int((counting == "passed").sum()),
        "checks_failed": int((counting == "failed").sum()),
        "checks_undecidable": int((counting == "undecidable").sum()),
        "checks_paper_only": int((outcomes["independent"] == "no").sum()),
    }


def _counts(outcomes: pd.DataFrame) -> pd.Series:
    """Which checks speak: those on other sources than the paper that are not only counted."""
    return (outcomes["independent"] == "yes") & (outcomes["outcome"] != "counted")


def _consistent(reading: pd.Series, outcomes: pd.DataFrame, reached: str) -> None:
    """Raise where a reading and its checks do not go together."""
    counting = _counts(outcomes)
    problem = None
    if reached == "definition" and counting.any():
        problem = "it is read as a definition, yet has checks that count"
    elif counting.any() and reading["covered"] is None:
        problem = "it does not say how much of it the checks cover"
    elif reached in ("not_testable", "undecidable") and reading["missing"] is None:
        problem = "it cannot be tested or decided, and what is missing is not said"
    elif reading["covered"] == "whole" and (outcomes["independent"] == "no").any():
        problem = "a part of it rests on the paper alone, so the checks do not cover the whole"
    elif reading["covered"] == "whole" and outcomes["chosen_by"].isin(["search", "question"]).any():
        problem = "what a search found speaks for a part of it at most, not for the whole"
    if problem:
        raise ClaimError(problem)


def _changed(outcomes: pd.DataFrame, written_for: str | None) -> str:
    """Return the numbers of the checks that come out otherwise than the reason supposes."""
    now = outcomes.sort_values("check")["outcome"].str[0]
    supposed = (written_for or "").ljust(len(now), "?")
    return ", ".join(
        str(number)
        for number, letter, outcome in zip(outcomes["check"], supposed, now, strict=True)
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
    table = pd.crosstab([section, verdicts["kind"]], verdicts["verdict"]).reindex(
        columns=VERDICTS, fill_value=0
    )
    table.insert(0, "claims", table.sum(axis=1))
    return table.reset_index().rename_axis(columns=None)


def counts(verdicts: pd.DataFrame, outcomes: pd.DataFrame) -> dict[str, int]:
    """Count claims by verdict, and the independent checks behind the verdicts.

    Parameters
    ----------
    verdicts, outcomes : DataFrame
        From `judge` and `checks.evaluate`.

    Returns
    -------
    dict
        ``claims_total``, ``claims_<verdict>``, ``claims_mixed`` (`mixed`), ``claims_paper_alone``
        (not testable, for only the paper has the number or name), ``claims_checks``,
        ``claims_checks_passed``, ``claims_checks_undecidable``, ``claims_checks_picked`` (not
        independent: what is in the frame was picked by the paper).
    """
    counting = outcomes.loc[_counts(outcomes), "outcome"]
    silent = verdicts["verdict"] == "not_testable"
    return {
        **{f"claims_{name}": int((verdicts["verdict"] == name).sum()) for name in VERDICTS},
        "claims_total": len(verdicts),
        "claims_checks": len(counting),
        "claims_checks_passed": int((counting == "passed").sum()),
        "claims_checks_undecidable": int((counting == "undecidable").sum()),
        "claims_checks_picked": int((outcomes["chosen_by"] == "paper").sum()),
        "claims_paper_alone": int((silent & (verdicts["checks_paper_only"] > 0)).sum()),
        "claims_mixed": int(mixed(verdicts).sum()),
    }


def mixed(verdicts: pd.DataFrame) -> pd.Series:
    """Say for which claims independent checks do not agree: some pass, fail or decide nothing."""
    kinds = verdicts[["checks_passed", "checks_failed", "checks_undecidable"]]
    return (kinds > 0).sum(axis=1) > 1


def grouped(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Count verdicts by kind of claim and by section of the paper, for `figures.verdict_shares`.

    Parameters
    ----------
    table : DataFrame
        From `summary`.

    Returns
    -------
    dict
        Title of a panel -> counts, a row per group (in words) and a column per verdict.
    """
    order = table["section"].map({"abstract": 0, "fn": 2}).fillna(1)
    sections = table.assign(order=order).sort_values("order", kind="stable")
    names = sections["section"].str.replace(r"^(?=\d)", "section ", regex=True)
    return {
        "By kind of claim": table.groupby(table["kind"].map(KINDS))[VERDICTS].sum(),
        "By section of the paper": sections.groupby(names.replace("fn", "footnotes"), sort=False)[
            VERDICTS
        ].sum(),
    }


def lacking(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Count the claims that cannot be tested by what it would take.

    Returns
    -------
    DataFrame
        ``missing``, ``label`` (`NEEDS`), ``value``; most frequent first.
    """
    silent = verdicts[verdicts["verdict"] == "not_testable"]
    table = silent["missing"].value_counts().rename("value").rename_axis("missing").reset_index()
    table = table.assign(label=table["missing"].map(NEEDS))
    return table.sort_values(["value", "label"], ascending=[False, True], ignore_index=True)


def listing(verdicts: pd.DataFrame, most: int = 12) -> str:
    """Return claims with their reasons as a Markdown table; of many, those with most checks.

    Parameters
    ----------
    verdicts : DataFrame
        Some rows of `judge`.
    most : int
        Rows shown at most; they keep the order of the paper.
    """
    evaluated = verdicts[["checks_passed", "checks_failed", "checks_undecidable"]].sum(axis=1)
    kept = evaluated.sort_values(ascending=False, kind="stable").index[:most]
    passed = verdicts["checks_passed"].astype(str) + " of " + evaluated.astype(str)
    table = verdicts.assign(passed=passed.where(evaluated > 0, "none"))
    shown = table.index.isin(kept)
    rows = table.loc[shown, ["claim_id", "statement", "reason", "passed"]].to_numpy().tolist()
    head = ["claim", "what the paper says", "what the open record says", "checks passed"]
    return markdown_table(head, rows)


def undecided(verdicts: pd.DataFrame) -> str:
    """Return the undecidable claims as a Markdown table, with what would decide each."""
    rows = verdicts[verdicts["verdict"] == "undecidable"]
    rows = rows.assign(need=rows["missing"].map(NEEDS))
    head = ["claim", "what the paper says", "why it stays open", "what would decide it"]
    return markdown_table(
        head, rows[["claim_id", "statement", "reason", "need"]].to_numpy().tolist()
    )


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
        start, end = where.get(section, (0, 0))
        value = None if pd.isna(claim.value) else _written(claim.value, text[start:end])
        rows.append({"claim_id": claim.claim_id, "anchor": section in where, "number": value})
    return pd.DataFrame(rows, columns=["claim_id", "anchor", "number"]).astype(
        {"anchor": bool, "number": "boolean"}
    )


def _written(value: str, text: str) -> bool:
    """Say whether a text holds a value: in digits, as a word, a month or an order of names."""
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
    """Look up every claim in the reader's own copy of the paper and print what is missing."""
    record = tomllib.loads(paths.source("seeds/record.toml").read_text(encoding="utf-8"))
    copy = paths.source(record["text"]["file"])
    if not copy.is_file():
        raise SystemExit(
            f"{record['text']['file']} is not there; put your own copy of the paper's text there."
        )
    looked_up = anchors(copy.read_text(encoding="utf-8"), tables.read("seeds/claims.csv"))
    lost = looked_up[~looked_up["anchor"] | looked_up["number"].eq(False).fillna(False)]
    print(f"{len(looked_up) - len(lost)} of {len(looked_up)} claims are found in their section.")
    if len(lost):
        print(lost.to_string(index=False))


def _joined(parts: Iterable[str]) -> str | None:
    """Join parts between ``|``, each once, in their order; nothing if there are none."""
    return "|".join(dict.fromkeys(parts)) or None


if __name__ == "__main__":
    main()
