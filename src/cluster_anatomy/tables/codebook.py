"""The codebook, made from the contracts, and the checksums of the raw data."""

from cluster_anatomy.compendium import paths
from cluster_anatomy.tables.contract import Column, Table, contracts


def codebook() -> str:
    """Return the codebook: every contract as Markdown, in the order of the rooms."""
    head = [
        "# Codebook",
        "",
        (
            "Generated from the contracts in `src/cluster_anatomy/tables/contracts/` by `python -m"
            " cluster_anatomy.tables`;"
        ),
        (
            'change a contract, not this file. A blank cell means "not seen", never "no". Text that'
            " a spreadsheet would take"
        ),
        (
            "for a formula stands behind an apostrophe, which is not part of it. A list cell holds"
            " its parts"
        ),
        (
            "between `|`; *places may be blank* says that the order counts and an unknown part is"
            " left blank."
        ),
        "In an address column the word `seed` stands for the paper (Conlé and Taube 2010).",
    ]
    return "\n".join(head) + "\n" + "".join(_chapter(table) for table in contracts().values())


def _chapter(table: Table) -> str:
    """Return the part of the codebook on one table."""
    key = ", ".join(f"`{name}`" for name in table.key) or "none (rows may repeat)"
    lines = [
        "",
        f"## {table.title} (`{table.name}`)",
        "",
        table.description.strip(),
        "",
        (
            "- File:"
            f" {', '.join(f'`{path}`' for path in table.path)}{' (may be absent)' if table.optional else ''}"
        ),
        f"- One row: {table.unit_of_observation}",
        f"- Key: {key}",
        f"- Source: {table.source}",
        f"- Licence: {table.licence}",
    ]
    if table.file_column:
        lines.append(f"- Read together, `{table.file_column}` holds the name of the file")
    lines += ["", "| column | type | required | values | what it is |", "|---|---|---|---|---|"]
    for column in table.columns:
        cells = [f"`{column.name}`", column.type, "yes" if column.required else "", _values(column)]
        lines.append(
            "| " + " | ".join(_escape(cell) for cell in [*cells, column.description]) + " |"
        )
    return "\n".join(lines) + "\n"


def _values(column: Column) -> str:
    """Return what a column may hold, for people."""
    said = [", ".join(f"`{value}`" for value in column.allowed)]
    said.append(f"`{column.pattern}`" if column.pattern else "")
    said.append(f"from {column.minimum:g}" if column.minimum is not None else "")
    said.append(f"up to {column.maximum:g}" if column.maximum is not None else "")
    said.append(f"parts between `{column.separator}`" if column.separator != "|" else "")
    said.append("places may be blank" if column.blank_parts else "")
    said.append(f"occurs in `{column.references}`" if column.references else "")
    said.append(f"{column.decimals} decimals" if column.decimals is not None else "")
    return "; ".join(text for text in said if text)


def _escape(text: str) -> str:
    """Return text for one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


SUMS, CODEBOOK = "data/raw/SHA256SUMS", "data/CODEBOOK.md"


def checksums() -> str:
    """Return the SHA-256 of every distributed file below data/raw, as `sha256sum` writes and checks
    it.
    """
    raw = paths.root() / "data" / "raw"
    own = {path for table in contracts().values() if table.optional for path in table.path} | {SUMS}
    lines = []
    for file in sorted(raw.rglob("*")):
        inside = file.relative_to(raw)
        if (
            file.is_file()
            and not inside.name.startswith(".")
            and f"data/raw/{inside.as_posix()}" not in own
        ):
            lines.append(f"{paths.digest(file)}  {inside.as_posix()}\n")
    return "".join(sorted(lines, key=lambda line: line[66:]))


def main() -> None:
    """Rewrite the checksums of the raw data room and the codebook."""
    for relative, text in ((SUMS, checksums()), (CODEBOOK, codebook())):
        paths.replace_text(paths.target(relative), text)
        print(f"{relative} written")


if __name__ == "__main__":
    main()
