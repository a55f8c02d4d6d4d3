"""Tables under contract."""

from cluster_anatomy.tables.contract import TableError
from cluster_anatomy.tables.files import in_contract, read, read_all, write
from cluster_anatomy.tables.parsing import files_of

__all__ = ["TableError", "files_of", "in_contract", "read", "read_all", "write"]
