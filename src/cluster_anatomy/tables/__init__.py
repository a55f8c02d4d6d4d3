"""Tables under contract."""

from cluster_anatomy.tables.contract import TableError
from cluster_anatomy.tables.files import files_of, in_contract, read, read_all, write

__all__ = ["TableError", "files_of", "in_contract", "read", "read_all", "write"]
