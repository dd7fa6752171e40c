"""bpf(2), as far as the datapath needs it (include/uapi/linux/bpf.h).

Raw because bcc neither creates links nor passes an expected attach type, prints the verifier's
log to the terminal, and binds BPF_PROG_TEST_RUN only in newer versions.
"""

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass
from functools import partial

_NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280}

MAP_CREATE = 0
MAP_LOOKUP = 1
MAP_UPDATE = 2
MAP_DELETE = 3
PROG_LOAD = 5
PROG_TEST_RUN = 10
OBJ_GET_INFO = 15
LINK_CREATE = 28
LINK_UPDATE = 29

MAP_HASH = 1
MAP_ARRAY = 2
MAP_ARRAY_OF_MAPS = 12
MAP_DEVMAP = 14
F_MMAPABLE = 1 << 10

PROG_XDP = 6
ATTACH_XDP = 37
ATTACH_XDP_DEVMAP = 33
XDP_SKB_MODE = 1 << 1
XDP_DRV_MODE = 1 << 2

_MEMBARRIER_GLOBAL = 1

_libc = ctypes.CDLL(None, use_errno=True)


class DatapathError(Exception):
    """The kernel refused; the message is one sentence for the operator."""


def bpf(command: int, attributes: bytes | bytearray) -> int:
    """The system call; the attributes' copy that the kernel wrote into is discarded.

    Raises OSError.
    """
    number = _NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"bpf(2) has no known number on {platform.machine()}")
    buffer = (ctypes.c_char * len(attributes)).from_buffer(bytearray(attributes))
    result = int(_libc.syscall(number, command, ctypes.byref(buffer), len(attributes)))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def create_map(
    kind: int,
    *,
    key_bytes: int,
    value_bytes: int,
    entries: int,
    flags: int,
    name: str,
    inner_fd: int = 0,
) -> int:
    """A map's file descriptor; `inner_fd` is the template of a map of maps.

    Raises OSError (ENOMEM, EPERM, EINVAL).
    """
    return bpf(
        MAP_CREATE,
        struct.pack(
            "=IIIIIII16s",
            *(kind, key_bytes, value_bytes, entries, flags, inner_fd, 0),
            name.encode()[:15],
        ),
    )


def read_element(map_fd: int, key: bytes, value_bytes: int) -> bytes | None:
    """One element of a map, None where there is none."""
    key_buffer = ctypes.create_string_buffer(key, len(key))
    value_buffer = ctypes.create_string_buffer(value_bytes)
    addresses = ctypes.addressof(key_buffer), ctypes.addressof(value_buffer)
    try:
        bpf(MAP_LOOKUP, struct.pack("=I4xQQQ", map_fd, *addresses, 0))
    except FileNotFoundError:
        return None
    return value_buffer.raw


def update_element(map_fd: int, key: bytes, value: bytes) -> None:
    """Sets one element of a map."""
    key_buffer = ctypes.create_string_buffer(key, len(key))
    value_buffer = ctypes.create_string_buffer(value, len(value))
    addresses = ctypes.addressof(key_buffer), ctypes.addressof(value_buffer)
    bpf(MAP_UPDATE, struct.pack("=I4xQQQ", map_fd, *addresses, 0))


def delete_element(map_fd: int, key: bytes) -> None:
    """Removes one element of a map; that it is not there is no error."""
    key_buffer = ctypes.create_string_buffer(key, len(key))
    try:
        bpf(MAP_DELETE, struct.pack("=I4xQQQ", map_fd, ctypes.addressof(key_buffer), 0, 0))
    except FileNotFoundError:
        return


def load_program(instructions: bytes, *, name: str, attach_type: int) -> int:
    """An XDP program's file descriptor.

    Raises DatapathError with the verifier's last words.
    """
    log = ctypes.create_string_buffer(1 << 20)
    code = ctypes.create_string_buffer(instructions, len(instructions))
    licence = ctypes.create_string_buffer(b"GPL")

    def attributes(log_bytes: int) -> bytes:
        return struct.pack(
            "=IIQQIIQII16sII",
            *(PROG_XDP, len(instructions) // 8, ctypes.addressof(code)),
            *(ctypes.addressof(licence), 1 if log_bytes else 0, log_bytes),
            *(ctypes.addressof(log) if log_bytes else 0, 0, 0),
            *(name.encode()[:15], 0, attach_type),
        )

    try:
        return bpf(PROG_LOAD, attributes(0))
    except OSError as error:
        try:
            return bpf(PROG_LOAD, attributes(len(log)))
        except OSError:
            words = log.value.decode(errors="replace").strip().splitlines()
            tail = " | ".join(words[-3:]) or error.strerror
            raise DatapathError(f"The kernel refused the program {name}: {tail}") from error


def create_xdp_link(program_fd: int, ifindex: int, flags: int) -> int:
    """Attaches by a link that goes with its last descriptor. Raises OSError."""
    return bpf(LINK_CREATE, struct.pack("=IIII32x", program_fd, ifindex, ATTACH_XDP, flags))


def update_link(link_fd: int, program_fd: int) -> None:
    """Swaps the program of a link without a gap. Raises OSError."""
    bpf(LINK_UPDATE, struct.pack("=IIII", link_fd, program_fd, 0, 0))


def read_link_ifindex(link_fd: int) -> int:
    """The interface of an XDP link, 0 when it is gone (struct bpf_link_info)."""
    return int(struct.unpack_from("=IIIII", _read_info(link_fd))[4])


def read_program_id(program_fd: int) -> int:
    """The kernel's id of a loaded program."""
    return int(struct.unpack_from("=II", _read_info(program_fd))[1])


def _read_info(descriptor: int) -> bytes:
    info = ctypes.create_string_buffer(64)
    bpf(OBJ_GET_INFO, struct.pack("=IIQ", descriptor, len(info), ctypes.addressof(info)))
    return info.raw


@dataclass(frozen=True, slots=True)
class TestRun:
    """What BPF_PROG_TEST_RUN gave back."""

    action: int
    frame: bytes
    duration_ns: int


def run_program(program_fd: int, frame: bytes, *, ifindex: int = 0, repeat: int = 1) -> TestRun:
    """Runs an XDP program on a frame; `ifindex` is of the calling thread's namespace.

    Raises OSError (ENODEV: no such ingress interface).
    """
    given = ctypes.create_string_buffer(frame, len(frame))
    out = ctypes.create_string_buffer(len(frame) + 256)
    context = ctypes.create_string_buffer(struct.pack("=IIIIII", 0, len(frame), 0, ifindex, 0, 0))
    attributes = bytearray(
        struct.pack(
            "=IIIIQQIIIIQQIII4x",
            *(program_fd, 0, len(frame), len(out)),
            *(ctypes.addressof(given), ctypes.addressof(out), repeat, 0),
            *((24, 0, ctypes.addressof(context), 0) if ifindex else (0, 0, 0, 0)),
            *(0, 0, 0),
        )
    )
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    number = _NUMBERS[platform.machine()]
    if _libc.syscall(number, PROG_TEST_RUN, ctypes.byref(buffer), len(attributes)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    action, _, out_bytes = struct.unpack_from("=III", attributes, 4)
    duration_ns = struct.unpack_from("=I", attributes, 36)[0]
    return TestRun(action, out.raw[:out_bytes], duration_ns)


def grace_period() -> None:
    """Waits until no program that ran before the call still runs (an RCU grace period).

    membarrier(2), MEMBARRIER_CMD_GLOBAL: about 10 ms. Raises OSError.
    """
    number = {"x86_64": 324}.get(platform.machine(), 283)
    if _libc.syscall(number, _MEMBARRIER_GLOBAL, 0, 0) == 0:
        return
    code = ctypes.get_errno()
    if code != errno.EINVAL:
        raise OSError(code, os.strerror(code))
    _wait_by_map_of_maps()


def _wait_by_map_of_maps() -> None:
    """A grace period where CPUs are nohz_full, which membarrier refuses.

    Exchanging an inner map returns when no program can hold the old one any more:
    kernel/bpf/syscall.c maybe_wait_bpf_programs().
    """
    make = partial(create_map, key_bytes=4, value_bytes=4, entries=1, flags=0, name="ebtop_grace")
    inner = make(MAP_ARRAY)
    try:
        outer = make(MAP_ARRAY_OF_MAPS, inner_fd=inner)
        try:
            update_element(outer, bytes(4), struct.pack("=I", inner))
        finally:
            os.close(outer)
    finally:
        os.close(inner)
