"""Countries and the names they go by."""

SAME_COUNTRY = {
    "USA": (
        "us",
        "usa",
        "u.s.",
        "u.s.a.",
        "united states",
        "united states of america",
        "america",
        "vereinigte staaten",
        "美国",
        "美國",
    ),
    "China": (
        "cn",
        "prc",
        "p.r. china",
        "p. r. china",
        "pr china",
        "china, p.r.",
        "people's republic of china",
        "mainland china",
        "中国",
        "中國",
        "volksrepublik china",
    ),
    "UK": ("united kingdom", "great britain", "gb", "england", "u.k.", "英国"),
    "China (Hong Kong)": ("hong kong", "hong kong sar", "香港"),
    "Germany": ("deutschland", "de", "allemagne", "德国"),
    "France": ("fr", "frankreich", "法国"),
    "Japan": ("jp", "日本"),
    "India": ("bharat", "印度", "भारत"),
    "Israel": ("il", "ישראל", "以色列"),
}
"""Spellings of countries that the study's places know."""


def country_name(text: str) -> str:
    """Return the study's spelling of a country; one that it does not know stays as it is."""
    folded = text.casefold().strip()
    return next(
        (
            name
            for name, others in SAME_COUNTRY.items()
            if folded == name.casefold() or folded in others
        ),
        text,
    )
