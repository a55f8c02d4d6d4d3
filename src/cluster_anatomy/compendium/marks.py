"""Invisible marks in Markdown: where a run puts numbers, lists and warnings into a person's text.

``<!--r:id.low-->34 %<!--/r-->`` holds a number, ``<!--list:name-->…<!--/list-->`` a list,
``<!--falls-->…<!--/falls-->`` the word that a paragraph does not hold in this run. A person may
write ``{id.low}`` instead of the first; the run turns it into a mark. No renderer shows a mark.
"""

import re

NUMBER = re.compile(r"<!--r:([a-z][a-z0-9_]*)(?:\.([a-z_]+))?-->.*?<!--/r-->", re.DOTALL)
FIELD = re.compile(r"(`+[^`]*`+)|(?<!\{)\{([a-z][a-z0-9_]*)(?:\.([a-z_]+))?\}(?!\})")
"""A number still to be filled, ``{id.low}``; or code between backticks, which stays as it is."""
LIST = re.compile(r"<!--list:([a-z_]+)-->\n.*?<!--/list-->", re.DOTALL)
FALLEN = re.compile(r"<!--falls-->.*?<!--/falls-->", re.DOTALL)
HOLDS = re.compile(r"<!--holds:(.*?)-->", re.DOTALL)


def bare(text: str) -> str:
    """Return a text as a person writes it: numbers as ``{id}``, lists empty, no warnings.

    Examples
    --------
    >>> bare("From <!--r:home.low-->34 %<!--/r--> on.")
    'From {home.low} on.'
    """
    text = FALLEN.sub("", text)
    text = LIST.sub(lambda hit: f"<!--list:{hit[1]}-->\n<!--/list-->", text)
    return NUMBER.sub(lambda hit: f"{{{hit[1]}{'.' + hit[2] if hit[2] else ''}}}", text)


def conditions(text: str) -> list[str]:
    """Return what a paragraph says of its numbers: the parts of ``<!--holds: a < b; c > 0-->``."""
    parts = [part.strip() for hit in HOLDS.findall(text) for part in hit.split(";")]
    return [part for part in parts if part]
