"""The site: the whole study as plain files that open from disk, without server or network.

`build` reads the committed tables, figures and notebooks and writes a folder. Jinja, nbconvert and
mistune come with Jupyter, so nothing has to be installed for it; alternative texts of figures
survive; two runs write the same bytes.
"""

import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.figures.style import COLOURS, HATCHES
from cluster_anatomy.site import contexts, notebooks, pages
from cluster_anatomy.site.bars import widths
from cluster_anatomy.site.content import PROCESSED, Content, read_content
from cluster_anatomy.site.explorer import explorer_data

FIGURE_ENDINGS = ("pdf", "png", "csv")


def build(target: Path | None = None) -> Path:
    """Build the site.

    Parameters
    ----------
    target : Path, optional
        Folder to write; ``site/`` in the compendium if not given. An earlier site there is
        replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If there is something else than an earlier site in that place.
    """
    target = paths.root() / "site" if target is None else Path(target)
    if target.exists() and any(target.iterdir()) and not (target / "static" / "site.css").is_file():
        raise FileExistsError(
            f"{target} holds something else than a site: name another folder or empty it."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".site-", dir=target.parent))
    try:
        os.chmod(draft, 0o755)
        write(draft, read_content())
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def write(folder: Path, content: Content) -> None:
    """Write every file of the site into an empty folder."""
    numbers, drawn = notebooks.cell_addresses(content.notebooks, paths.root())
    converted = [notebooks.convert(path, numbers) for path in content.notebooks]
    write_pages(folder, contexts.all_pages(content, converted, numbers, drawn), content.version)
    for notebook in converted:
        for name, picture in notebook.pictures.items():
            put(paths.inside(folder / "notebooks", name), picture)
    for figure in content.figures["figure"]:
        for ending in FIGURE_ENDINGS:
            name = f"figures/{figure}.{ending}"
            put(paths.inside(folder, name), paths.source(name).read_bytes())
    for name in contexts.downloads():
        put(folder / "data" / f"{name}.csv", paths.source(f"{PROCESSED}{name}.csv").read_bytes())
    for name, new_name in contexts.ROOT_FILES.items():
        put(folder / new_name, paths.source(name).read_bytes())
    write_static(folder / "static", content)
    put(folder / ".nojekyll", "")  # GitHub Pages is to leave the files as they are


def write_pages(folder: Path, every_page: list[contexts.Page], version: str) -> None:
    """Fill the template of each page and write it."""
    environment = pages.environment()
    for page in every_page:
        shared = {
            "root": "../" * page.path.count("/"),
            "here": page.path,
            "title": page.title,
            "version": version,
            "contents": [],
        }
        text = environment.get_template(page.template).render({**shared, **page.context})
        put(folder / page.path, text)


def write_static(folder: Path, content: Content) -> None:
    """Write scripts, style and the data of the explorer."""
    static = resources.files(__package__) / "static"
    for name in ("tables.js", "explorer.js", "code.js"):
        put(folder / name, (static / name).read_text(encoding="utf-8"))
    style = (static / "site.css").read_text(encoding="utf-8")
    generated = pages.generated_style(COLOURS, HATCHES) + widths(content.bars)
    put(folder / "site.css", style + generated)
    put(folder / "data.js", pages.script("DATA", explorer_data(content)))


def put(path: Path, content: str | bytes) -> None:
    """Write one file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
