"""Text in cells: what nobody sees, what a spreadsheet or Markdown would run, parts between bars."""

import re

import pandas as pd

LONGEST = 80
"""Characters of a cell that a message shows."""
LARGEST = 131_072
"""Characters that a cell may hold; a spreadsheet takes a quarter of it."""
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Characters that no cell may hold, as nobody sees them: control, direction, zero width, no letter.

Tab and line break are allowed, and the joiners U+200C and U+200D, which some scripts need for
spelling.
"""


def visible(text: str) -> str:
    """Return text as a message shows it: cut short, what cannot be seen written as ``\\u200b``."""
    cut = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return re.sub(rf"{UNSEEN.pattern}|[\t\n]", lambda hit: f"\\u{ord(hit[0]):04x}", cut)


FORMULA = re.compile(r"[\s']*[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]")
"""Begin of text that a spreadsheet may run (OWASP, *CSV Injection*; also the full-width signs)."""
SIGNED = re.compile(r"[+-]?[0-9][0-9.,]*(?:e[+-][0-9]+)?[ %\w]*")
"""A number with a sign, perhaps before words; without brackets or bars it can do nothing."""


def guard(text: str) -> str:
    """Return text as a cell holds it: behind an apostrophe if a spreadsheet might run it.

    A number with a sign, such as ``-1.5`` or ``+18 points``, stays as it is.
    """
    return f"'{text}" if FORMULA.match(text) and not SIGNED.fullmatch(text) else text


def unguard(cell: str) -> str:
    """Return the text of a cell; takes away what `guard` put before it, and nothing else."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell, 1) else cell


def split(cell: str | float | None) -> list[str]:
    """Split a cell with ``|`` between its values; a blank cell has none."""
    if pd.isna(cell):
        return []
    return [part.strip() for part in str(cell).split("|") if part.strip()]


ACTIVE = re.compile(
    r"<(?=[A-Za-z/!?])|&(?=#|[A-Za-z][A-Za-z0-9]*;)|[\\`*\[\]$~|]|(?<![^\W_])_|_(?![^\W_])"
)
"""What Markdown or HTML would not show as it stands."""


def escaped(text: str) -> str:
    """Return text that Markdown shows as it stands, without tag, link, formula or emphasis."""
    return ACTIVE.sub(lambda hit: {"<": "&lt;", "&": "&amp;"}.get(hit[0], f"\\{hit[0]}"), text)
