"""Notebooks as other tools leave them: damaged, without ids, with widgets or very long outputs."""

import json

import nbformat
import pytest

from cluster_anatomy.compendium import notebooks
from cluster_anatomy.compendium.steps import PipelineError


def written(tmp_path, *cells, **metadata):
    """The path of a notebook with these cells."""
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def code(source="1", outputs=(), metadata=None, **more):
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata or {},
        "outputs": list(outputs),
        "execution_count": 1,
        **more,
    }


WHOLE = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"{{\n<<<<<<< HEAD\n{WHOLE}\n=======\n{WHOLE}\n>>>>>>> theirs\n",
            "line 2 is the mark of a merge conflict",
        ),
        (WHOLE.replace("[]", "[\n=======\n]"), "line 2 is the mark of a merge conflict"),
        ("\ufeff" + WHOLE, "byte order mark"),
        (WHOLE.replace("4,", "3,", 1), "it is of format 3; convert it: jupyter nbconvert"),
        (WHOLE.replace("4,", "5,", 1), "it is of format 5"),
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        (WHOLE[:40], "it is not whole or no JSON (Unterminated"),
        ("# %%\nprint(1)\n", "it is not whole or no JSON"),
        ("[]", "its cells or its number of format are missing"),
        ('{"nbformat": 4, "metadata": {}}', "its cells or its number of format are missing"),
        ("[" * 100_000, "it is nested too deep"),
    ],
)
def test_what_is_wrong_with_a_damaged_notebook_is_named(tmp_path, text, said):
    path = tmp_path / "a.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PipelineError, match="is not a notebook of format 4: ") as caught:
        notebooks.read_notebook(path)
    assert said in str(caught.value)


def test_a_line_like_a_conflict_inside_a_cell_is_none(tmp_path):
    path = written(tmp_path, code("# Head\n=======\n"))
    assert notebooks.read_notebook(path)["cells"][0]["source"] == "# Head\n=======\n"


def test_cells_get_ids_by_their_place_where_ids_are_doubled_missing_or_invalid(tmp_path):
    given = ["a", "a", "a", "", "cell-3", "not valid!", "x" * 65, "injected-parameters", "b"]
    cells = [code(id=name) if name else code() for name in given]
    path = written(tmp_path, *cells)
    ids = [cell["id"] for cell in notebooks.prepare(path, {})["cells"]]
    assert ids == [
        *("a", "cell-2", "cell-3-again", "cell-4", "cell-3", "cell-6", "cell-7", "cell-8", "b"),
    ]
    assert ids == [cell["id"] for cell in notebooks.prepare(path, {})["cells"]]
    nbformat.validate(notebooks.prepare(path, {}))


def test_ids_that_colab_has_moved_into_the_metadata_come_back(tmp_path):
    path = written(tmp_path, code(metadata={"id": "first"}), code(metadata={"id": "second"}))
    assert [cell["id"] for cell in notebooks.prepare(path, {})["cells"]] == ["first", "second"]


def test_metadata_of_other_tools_do_not_stay(tmp_path):
    of_colab = {"id": "a", "colab": {"base_uri": "x"}, "executionInfo": {}, "outputId": "1"}
    path = written(
        tmp_path,
        code(id="a", metadata=of_colab | {"tags": ["plumbing"]}),
        code(id="b", metadata={"vscode": {"languageId": "python"}, "editable": False}),
        title="T",
        colab={"provenance": []},
        accelerator="GPU",
        vscode={"interpreter": {"hash": "1"}},
        widgets={"application/vnd.jupyter.widget-state+json": {"state": {"9f": {}}}},
    )
    kept = notebooks.normalise(notebooks.prepare(path, {}))
    assert kept["metadata"] == {
        "title": "T",
        "kernelspec": notebooks.KERNEL,
        "language_info": {"name": "python"},
    }
    assert [cell["metadata"] for cell in kept["cells"]] == [
        {"tags": ["plumbing"]},
        {"editable": False},
    ]


def test_of_a_widget_the_text_stays_and_a_warning_says_so(tmp_path):
    data = {notebooks.WIDGET: {"model_id": "5d1c"}, "text/plain": "IntSlider(value=7)"}
    shown = {"output_type": "display_data", "data": data, "metadata": {}}
    notebook = notebooks.prepare(written(tmp_path, code(id="a", outputs=[shown])), {})
    (warning,) = notebooks.find_warnings(notebook)
    assert warning.startswith("code cell 1 shows a widget, of which only the text is kept")
    (output,) = notebooks.normalise(notebook)["cells"][0]["outputs"]
    assert output["data"] == {"text/plain": "IntSlider(value=7)"}


@pytest.mark.parametrize(("lines", "warned"), [(300_000, True), (1_000, False)])
def test_a_very_long_output_is_said(tmp_path, lines, warned):
    shown = {"output_type": "stream", "name": "stdout", "text": "a line\n" * lines}
    notebook = notebooks.prepare(written(tmp_path, code(id="a", outputs=[shown])), {})
    said = notebooks.find_warnings(notebook)
    assert (
        said
        == [
            "code cell 1 shows 2 MB, which few readers open: show a part of it, or write it"
            " into a file"
        ]
        * warned
    )


def test_words_on_stderr_are_said_once_however_they_were_cut(tmp_path):
    cut = [
        {"output_type": "stream", "name": "stderr", "text": text} for text in ("\nCare", "ful\nx")
    ]
    notebook = notebooks.prepare(written(tmp_path, code(id="a", outputs=cut)), {})
    assert notebooks.find_warnings(notebook) == ["code cell 1 wrote to stderr: Careful"]
