"""Compiling the programs: bcc turns bpf/forward.c into instructions, the kernel's headers unneeded.

bcc gets a folder of a few headers of our own for kernel headers (bpf/shim). It knows no map of
ours: the instructions name maps by the ids of `enum ebtop_map`, and `link_maps` puts descriptors
in their place.
"""

import os
import struct
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ebtop.datapath.syscall import DatapathError

PROGRAMS = ("ebtop_ingress", "ebtop_egress", "ebtop_lease")

_LOAD_IMMEDIATE_64 = 0x18
_PSEUDO_MAP_FD = 1


def find_sources() -> Path:
    """The folder of the C sources: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "bpf", package.parent / "bpf"):
        if (folder / "forward.c").is_file():
            return folder
    raise DatapathError(f"The BPF sources are missing from {package}: install ebtop again.")


def compile_programs(constants: Mapping[str, int]) -> dict[str, bytes]:
    """Instructions of each of PROGRAMS; `constants` are the EBTOP_... strides.

    Raises DatapathError with the compiler's first error.
    """
    folder = find_sources()
    os.environ["BCC_KERNEL_SOURCE"] = str(folder / "shim")
    flags = [f"-D{name}={value}" for name, value in constants.items()]
    flags.append(f"-I{folder}")
    bcc = _import_bcc()
    directory = os.getcwd()  # noqa: PTH109  bcc changes it and may fail to change it back
    with _captured_stderr() as words:
        try:
            module = bcc.BPF(src_file=os.fsencode(folder / "forward.c"), cflags=flags)
            try:
                programs = {name: bytes(module.dump_func(name.encode())) for name in PROGRAMS}
            finally:
                module.cleanup()  # the compiler's memory, and descriptors that nobody needs
        except Exception as error:  # bcc raises nothing narrower
            raise DatapathError(
                f"bcc could not compile the programs: {_first(words, error)}"
            ) from error
        finally:
            os.chdir(directory)
    return programs


def link_maps(instructions: bytes, descriptors: Mapping[int, int]) -> bytes:
    """The instructions with the id of each map replaced by its descriptor."""
    linked = bytearray(instructions)
    for at in range(0, len(linked), 8):
        if linked[at] == _LOAD_IMMEDIATE_64 and linked[at + 1] >> 4 == _PSEUDO_MAP_FD:
            (identifier,) = struct.unpack_from("=i", linked, at + 4)
            struct.pack_into("=i", linked, at + 4, descriptors[identifier])
    return bytes(linked)


def _import_bcc() -> Any:
    try:
        return import_module("bcc")
    except ImportError as error:
        raise DatapathError(
            "The distribution's bcc is missing: install python3-bpfcc (Debian, Ubuntu), "
            "python3-bcc (Fedora) or python-bcc (Arch)."
        ) from error
    except OSError as error:
        raise DatapathError(f"bcc's library could not be loaded: {error}.") from error


def _first(words: list[str], error: Exception) -> str:
    return next((line.strip() for line in words if "error" in line), str(error))


@contextmanager
def _captured_stderr() -> Iterator[list[str]]:
    """Lines that C code writes to descriptor 2 meanwhile, filled in at the end."""
    lines: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            lines.extend(file.read().decode(errors="replace").splitlines())
