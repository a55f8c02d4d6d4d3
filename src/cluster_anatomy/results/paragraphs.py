"""Paragraphs of notebooks: Markdown whose numbers a run fills and whose claims it checks.

A paragraph holds its numbers between marks (`compendium.marks`) and ends, where its words claim
something about them, in ``<!--holds: a.high < 0; b > c-->``.
"""

import re
from collections.abc import Mapping

from cluster_anatomy.compendium import marks
from cluster_anatomy.results.conditions import ConditionError, holds
from cluster_anatomy.results.numbers import Shown
from cluster_anatomy.tables.cells import escaped

UNDEFINED = "undefined"
FALLS = "**Falls under the parameters of this run** (at least in part): "


class ParagraphError(ValueError):
    """A paragraph names what is not in the register, or says more than the numbers."""


def fill(text: str, register: Mapping[str, Shown], missing: list[str] | None = None) -> str:
    """Return a paragraph with its numbers as they are in the register, between marks.

    Parameters
    ----------
    text : str
        Markdown.
    register : mapping
        Results by id.
    missing : list of str, optional
        Takes what is said of numbers that there are not, which are then ``undefined``.

    Raises
    ------
    ParagraphError
        If it names a result, or a field of one, that there is not (and `missing` is not given).
    """

    def mark(name: str, field: str | None) -> str:
        try:
            shown = escaped(_shown(register, name, field))
        except ParagraphError as error:
            if missing is None:
                raise
            missing.append(str(error))
            shown = UNDEFINED
        return f"<!--r:{name}{'.' + field if field else ''}-->{shown}<!--/r-->"

    text = marks.NUMBER.sub(lambda hit: mark(hit[1], hit[2]), text)
    return marks.FIELD.sub(lambda hit: hit[1] or mark(hit[2], hit[3]), text)


def plain(text: str, register: Mapping[str, Shown]) -> str:
    """Return a text with its numbers as they are in the register, for what is not Markdown.

    Raises
    ------
    ParagraphError
        If it names a result, or a field of one, that there is not.
    """
    return marks.FIELD.sub(lambda hit: hit[1] or _shown(register, hit[2], hit[3]), text)


def _shown(register: Mapping[str, Shown], name: str, field: str | None) -> str:
    if name not in register:
        raise ParagraphError(f"there is no result '{name}' in the register")
    if field and field not in register[name]:
        raise ParagraphError(f"result '{name}' has no field '{field}'")
    return register[name][field] if field else format(register[name])


def fallen(text: str, register: Mapping[str, Shown], missing: list[str] | None = None) -> list[str]:
    """Return the conditions of a paragraph that do not hold.

    Parameters
    ----------
    text, register, missing
        As for `fill`; `missing` takes what is said of conditions that cannot be told.

    Raises
    ------
    ParagraphError
        If a condition cannot be read or names what is not in the register (and `missing` is not
        given).
    """
    fields = {name: dict(row.items()) for name, row in register.items()}
    broken = []
    for part in marks.conditions(text):
        try:
            if not holds(part, fields):
                broken.append(part)
        except ConditionError as error:
            if missing is None:
                raise ParagraphError(str(error)) from None
            missing.append(str(error))
    return broken


def checked(text: str, register: Mapping[str, Shown], variant: bool = False) -> str:
    """Return a paragraph filled and checked.

    Parameters
    ----------
    text : str
        Markdown.
    register : mapping
        Results by id.
    variant : bool
        Whether this is a run with other parameters than the study's own: a paragraph that falls, or
        that quotes a number which such a run does not have, is then marked instead of stopping it.

    Raises
    ------
    ParagraphError
        If the paragraph names what there is not or claims what the numbers do not say.
    """
    missing: list[str] | None = [] if variant else None
    text = fill(marks.FALLEN.sub("", text), register, missing)
    broken = fallen(text, register, missing)
    if not broken and not missing:
        return text
    if not variant:
        words = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()
        raise ParagraphError(f"the text says more than the numbers ({broken[0]}): {words[:200]!r}")
    return f"<!--falls-->{FALLS}<!--/falls-->{text}"
