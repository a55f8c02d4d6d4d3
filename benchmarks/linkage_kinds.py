"""How two names of one firm differ, by rules in which the linkage model has no part."""

import re
from collections import Counter

import pandas as pd
from linkage_sets import Labelled
from rapidfuzz import fuzz

from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.scripts import fold, is_chinese

COMMON = 20
"""A word that so many firms of a set have in their names is common."""
UNREACHABLE = ["only common words shared", "nothing shared"]
"""Kinds of pairs that no comparison of names can find."""


def kinds(labelled: Labelled, rules: NameRules) -> pd.DataFrame:
    """Say for each true pair in which scripts it is and how its two names differ.

    Where records have several names the two that are most alike (rapidfuzz ``ratio``) are looked
    at.

    Returns
    -------
    DataFrame
        ``left``, ``right``, ``script`` (``latin``, ``han``, ``both``), ``kind``.
    """
    names = labelled.names.groupby("record_id")["name"].agg(list)
    firms_with = firms_with_word(labelled.names)
    rows = []
    for left, right in sorted(labelled.true):
        pairs = ((one, other) for one in names[left] for other in names[right])
        one, other = max(pairs, key=lambda two: (fuzz.ratio(fold(two[0]), fold(two[1])), two))
        scripts = {is_chinese(one), is_chinese(other)}
        if len(scripts) == 2:
            rows.append((left, right, "both", "romanised or translated"))
        elif scripts == {True}:
            rows.append((left, right, "han", kind_han(one, other)))
        else:
            rows.append((left, right, "latin", kind_latin(one, other, firms_with, rules)))
    return pd.DataFrame(rows, columns=["left", "right", "script", "kind"])


def firms_with_word(names: pd.DataFrame) -> Counter:
    """Count the firms that have each word in one of their names."""
    owner = names["cik"].where(names["cik"] != "", names["record_id"])
    counts: Counter = Counter()
    for _, of_firm in names.groupby(owner)["name"]:
        counts.update({word for name in of_firm for word in plain(name)})
    return counts


def plain(name: str) -> list[str]:
    """Words of a name: small letters, no accents, no punctuation."""
    return re.sub(r"[\W_]+", " ", re.sub(r"['’.]", "", fold(name))).split()


def kind_latin(one: str, other: str, firms_with: Counter, rules: NameRules) -> str:
    """How two names in an alphabet differ, the first of the kinds that holds."""
    left, right = plain(one), plain(other)
    if "".join(left) == "".join(right):
        return "case, blanks and punctuation"
    left, right = (rules.without_legal_form(words) for words in (left, right))
    if left == right or "".join(left) == "".join(right):
        return "legal form"
    if sorted(left) == sorted(right):
        return "word order"
    if is_abbreviation(left, right):
        return "abbreviation"
    if fuzz.ratio("".join(left), "".join(right)) >= 85:
        return "spelling"
    return kind_of_overlap(left, right, firms_with)


def is_abbreviation(left: list[str], right: list[str]) -> bool:
    """Whether one name is the initials of the other, or has the begins of its words."""
    few, many = sorted((left, right), key=len)
    initials = "".join(word[0] for word in many)
    if len(few) == 1 and len(few[0]) > 2 and initials.startswith(few[0]):
        return True
    return len(left) == len(right) and all(
        a == b or (min(len(a), len(b)) >= 2 and (a.startswith(b) or b.startswith(a)))
        for a, b in zip(left, right, strict=True)
    )


def kind_of_overlap(left: list[str], right: list[str], firms_with: Counter) -> str:
    """How two names differ whose words are not the same, by the words that they share."""
    few, many = sorted((left, right), key=len)
    shared = set(left) & set(right)
    if not few:
        return "nothing shared"
    if set(few) <= set(many):
        rare = min(firms_with[word] for word in few) < COMMON
        return "short form" if rare else "only common words shared"
    if any(firms_with[word] < COMMON and not word.isdigit() for word in shared):
        return "some words changed"
    if shared:
        return "only common words shared"
    if "".join(few).startswith("".join(many)[:5]) or any(
        a[:5] == b[:5] and len(a) > 4 for a in left for b in right
    ):
        return "same stem"
    return "nothing shared"


def kind_han(one: str, other: str) -> str:
    """How a short and a full Chinese name differ, the first of the kinds that holds."""
    short, full = sorted(
        (re.sub(r"[\W_]|[A-Za-z]$|^ST", "", one), re.sub(r"[\W_]", "", other)), key=len
    )
    if short == full or full.removesuffix("股份有限公司").removesuffix("有限公司") == short:
        return "legal form"
    if short in full:
        return "short form in one piece"
    rest = iter(full)
    if all(character in rest for character in short):
        return "characters left out"
    if any(short[at : at + 2] in full for at in range(len(short) - 1)):
        return "two characters in a row shared"
    return "nothing shared" if not set(short) & set(full) else "single characters shared"
