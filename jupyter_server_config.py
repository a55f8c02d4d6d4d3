"""JupyterLab on this compendium: ``jupyter lab --config=jupyter_server_config.py``, or `make lab`.

It serves the whole folder, opens the overview, and leaves what nobody changed as it is committed.
"""

from pathlib import Path

from cluster_anatomy.compendium.saving import keep_metadata

c = get_config()  # noqa: F821  (traitlets provides it)
c.ServerApp.root_dir = str(Path(__file__).parent)
c.LabApp.default_url = "/lab/tree/notebooks/00_overview.ipynb"
c.FileContentsManager.pre_save_hook = keep_metadata
