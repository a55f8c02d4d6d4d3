"""Where the files of a register lie: on this machine, or in a store that an address names.

An address is a text: the path of a local file or folder, or ``s3://bucket/key``, ``gs://…``,
``abfss://…`` (Azure), ``hdfs://…``. Apache Arrow opens all of them; who may read what is decided by
the settings that the store's own tools use (``AWS_PROFILE``, ``GOOGLE_APPLICATION_CREDENTIALS`` …).
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from cluster_anatomy.compendium.steps import PipelineError

STORES = ("s3", "gs", "abfs", "abfss", "hdfs", "viewfs")
NODES = ("hdfs", "viewfs")
"""Stores whose addresses name a node and not a bucket."""
SAME = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}
"""Other words for the same store."""
TABLE = "table:"
"""What the name of a table of Spark's catalogue stands behind."""
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")
HIDDEN = ("_", ".")
"""What the names of files begin with that Spark and Hadoop put beside the parts of a table."""
ENDPOINT = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def as_address(given: str | Path) -> str:
    """Return an address as it is written, checked.

    A path has lost one of its two slashes; ``file:///folder`` is the folder.

    Raises
    ------
    PipelineError
        If no store of this kind can be read or written.
    """
    text = str(given)
    found = SCHEME.match(text)
    if not found:
        return text
    kind, rest = found[1].lower(), text[found.end() :]
    kind = SAME.get(kind, kind)
    if kind == "file":
        return "/" + rest
    if kind in NODES and text.startswith(f"{found[1]}:///"):
        rest = f"default/{rest}"  # the node that Hadoop's own settings name
    if kind not in STORES:
        raise PipelineError(
            f"{kind}://{rest}: addresses of this kind can neither be read nor written; these can:"
            f" {', '.join(f'{store}://' for store in STORES)}. Or copy the file to this machine"
        )
    if not rest:
        raise PipelineError(f"{kind}://: the address names nothing")
    return f"{kind}://{rest}"


def is_remote(address: str) -> bool:
    """Say whether an address names something in a store."""
    return SCHEME.match(address) is not None


@cache
def _store(beginning: str) -> fs.FileSystem:
    """Return the store whose addresses begin like this: kind and bucket, container or host."""
    uri = beginning
    endpoint = next((os.environ[name] for name in ENDPOINT if os.environ.get(name)), "")
    if beginning.startswith("s3://") and endpoint:  # Arrow does not read it by itself
        server = urlsplit(endpoint)
        uri += f"?endpoint_override={server.netloc}&scheme={server.scheme}"
        uri += f"&region={os.environ.get('AWS_REGION') or 'us-east-1'}"
    if beginning.startswith("gs://"):  # else it tries for a quarter of an hour
        uri += "?retry_limit_seconds=30"
    store, _ = fs.FileSystem.from_uri(uri)
    return store


def locate(address: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of an address, and the path in it.

    Raises
    ------
    PipelineError
        If the store cannot be reached.
    """
    if not is_remote(address):
        return fs.LocalFileSystem(), address
    kind, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    with reached(address):
        store = _store(f"{kind}://{bucket}")
    if kind in NODES:
        return store, "/" + key
    inside = bucket.partition("@")[0] if kind.startswith("abfs") else bucket
    return store, f"{inside}/{key}".rstrip("/")


@contextmanager
def reached(address: str) -> Iterator[None]:
    """Turn what a store answers into one line with the address.

    Raises
    ------
    PipelineError
        In place of any error of the store.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        if not is_remote(address):
            raise
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise PipelineError(f"{address}: cannot be reached ({line[:300]})") from None


def open_file(address: str) -> pa.NativeFile:
    """Open a file for reading at any place.

    Raises
    ------
    PipelineError, OSError
        If it is not there.
    """
    store, path = locate(address)
    with reached(address):
        return store.open_input_file(path)


def read_piece(address: str, start: int, stop: int) -> bytes:
    """Return the bytes of a file from one place to another."""
    with reached(address), open_file(address) as file:
        file.seek(start)
        return file.read(stop - start)


def info(address: str) -> fs.FileInfo:
    """Return what a file system knows of a file or folder: kind, size, time."""
    store, path = locate(address)
    with reached(address):
        return store.get_file_info(path)


def files_of(given: str) -> list[str]:
    """Return the files that an address means: itself, the parts of a folder, what fits a pattern.

    Raises
    ------
    PipelineError
        If there is no such file, or nothing in the folder that a register can be read from.
    """
    kind = info(given).type
    if kind == fs.FileType.File:
        return [given]
    if kind == fs.FileType.Directory:
        return _parts(given)
    if any(sign in given for sign in "*?["):
        return _fitting(given)
    raise PipelineError(f"{given}: there is no such file")


def _inside(folder: str, recursive: bool) -> list[str]:
    """Return the addresses of the files in a folder, in their order."""
    store, path = locate(folder)
    with reached(folder):
        found = store.get_file_info(fs.FileSelector(path, recursive=recursive))
    start, base = len(path.rstrip("/")), folder.rstrip("/")
    names = sorted(one.path[start:].lstrip("/") for one in found if one.type == fs.FileType.File)
    return [f"{base}/{name}" for name in names]


def _parts(folder: str) -> list[str]:
    """Return the parts of a table that is a folder, such as Spark writes."""
    base = len(folder.rstrip("/")) + 1
    shown = [
        file
        for file in _inside(folder, recursive=True)
        if not any(part.startswith(HIDDEN) for part in file[base:].split("/"))
        and info(file).size != 0
    ]
    if not shown:
        raise PipelineError(f"{folder}: this is a folder with no files of a register in it")
    endings = {_ending(file) for file in shown}
    if len(endings) > 1:
        raise PipelineError(
            f"{folder}: this is a folder with files of several kinds"
            f" ({', '.join(sorted(endings))}); name the files, or a pattern such as"
            f" '{folder.rstrip('/')}/*{min(endings)}'"
        )
    return shown


def _ending(file: str) -> str:
    """Return the ending of a file's name without that of a packed file."""
    name = file.rpartition("/")[2].lower()
    for packed in (".gz", ".bz2", ".zst", ".xz", ".lz4"):
        name = name.removesuffix(packed)
    return Path(name).suffix or "without an ending"


def _fitting(given: str) -> list[str]:
    """Return the files that fit a pattern in the last part of an address."""
    folder, slash, pattern = given.rpartition("/")
    if any(sign in folder for sign in "*?["):
        raise PipelineError(f"{given}: a pattern may stand in the last part only; name the folder")
    files = [
        file
        for file in _inside(folder + slash if slash else ".", recursive=False)
        if fnmatchcase(file.rpartition("/")[2], pattern)
    ]
    if not files:
        raise PipelineError(f"{given}: no file fits this pattern")
    return files if slash else [file.removeprefix("./") for file in files]


# --- Out


def check_target(address: str, mark: str) -> None:
    """Make sure that results may be written to an address: it is empty or an earlier run's.

    Raises
    ------
    PipelineError
        If it holds something else or cannot be written.
    """
    store, path = locate(address)
    with reached(address):
        found = store.get_file_info(fs.FileSelector(path, allow_not_found=True))
        names = {one.base_name for one in found}
        if names - {""} and mark not in names:
            raise PipelineError(
                f"--into {address}: the folder holds other files; name a new or empty folder"
            )
        store.create_dir(path)
        probe = f"{path}/.{mark}"
        with store.open_output_stream(probe) as file:
            file.write(b"")
        store.delete_file(probe)


def upload(folder: Path, names: list[str], address: str) -> None:
    """Copy files, or folders of parts, to an address in the place of what is there.

    Raises
    ------
    PipelineError
        If the store does not take them.
    """
    store, path = locate(address)
    for name in names:
        target = f"{path}/{name}"
        with reached(f"{address}/{name}"):
            kind = store.get_file_info(target).type
            if kind == fs.FileType.Directory:
                store.delete_dir(target)
            elif kind == fs.FileType.File:
                store.delete_file(target)
            if (folder / name).is_dir():
                store.create_dir(target)
            fs.copy_files(str(folder / name), target, fs.LocalFileSystem(), store)
