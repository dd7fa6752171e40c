"""The raw bpf(2) calls that the probes ask with; nothing here loads or attaches.

Every failure is an OSError with the kernel's errno.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

_SYSCALLS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}

_MAP_CREATE = 0  # enum bpf_cmd
_PROG_GET_FD_BY_ID = 13
_OBJ_GET_INFO_BY_FD = 15
_PROG_QUERY = 16
_LINK_GET_FD_BY_ID = 30
_LINK_GET_NEXT_ID = 31

TCX_INGRESS = 46  # enum bpf_attach_type, since 6.6
TCX_EGRESS = 47

_MAP_TYPE_ARRAY = 2
_F_MMAPABLE = 1 << 10
_LINK_TYPE_NETFILTER = 10
_QUERY_MAX = 64  # BPF_MPROG_MAX: a device holds no more
_PROGRAM_INFO_NAME = 64  # offset of bpf_prog_info.name
_NAME_BYTES = 16

_libc = ctypes.CDLL(None, use_errno=True)


class NetfilterLink(NamedTuple):
    """A BPF program on a netfilter hook, as bpf_link_info tells it."""

    link_id: int
    program_id: int
    family: int  # NFPROTO_
    hook: int  # NF_INET_


def create_mappable_array() -> int:
    """Descriptor of a one-element array that can be mapped; the caller closes it."""
    return _bpf(_MAP_CREATE, ctypes.create_string_buffer(map_attributes(), 128))


def map_attributes() -> bytes:
    """The start of union bpf_attr for such an array."""
    return struct.pack("=5I", _MAP_TYPE_ARRAY, 4, 8, 1, _F_MMAPABLE)


def read_tcx_programs(ifindex: int, attach_type: int) -> list[int]:
    """Ids of the programs attached with TCX; empty where the kernel has none or no TCX.

    A device that has just gone has none either.
    """
    ids = (ctypes.c_uint32 * _QUERY_MAX)()
    attributes = ctypes.create_string_buffer(128)
    struct.pack_into(
        "=4IQI", attributes, 0, ifindex, attach_type, 0, 0, ctypes.addressof(ids), _QUERY_MAX
    )
    try:
        _bpf(_PROG_QUERY, attributes)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOENT, errno.ENODEV}:
            return []
        raise
    count: int = struct.unpack_from("=I", attributes, 24)[0]
    return list(ids[: min(count, _QUERY_MAX)])


def read_program_name(program_id: int) -> str:
    """The name that a program was loaded with, "" if it has none or has gone."""
    with suppress(OSError):
        info = _read_info(_PROG_GET_FD_BY_ID, program_id, 128)
        name = info[_PROGRAM_INFO_NAME : _PROGRAM_INFO_NAME + _NAME_BYTES]
        return name.partition(b"\0")[0].decode(errors="backslashreplace")
    return ""


def read_netfilter_links() -> list[NetfilterLink]:
    """The netfilter links of the whole machine: the kernel does not tell their namespace."""
    links = []
    for link_id in _link_ids():
        try:
            info = _read_info(_LINK_GET_FD_BY_ID, link_id, 64)
        except OSError as error:
            if error.errno == errno.ENOENT:  # gone since
                continue
            raise
        kind, _, program_id, _, family, hook = struct.unpack_from("=6I", info)
        if kind == _LINK_TYPE_NETFILTER:
            links.append(NetfilterLink(link_id, program_id, family, hook))
    return links


def _link_ids() -> Iterator[int]:
    last = 0
    while True:
        attributes = ctypes.create_string_buffer(struct.pack("=2I", last, 0), 128)
        try:
            _bpf(_LINK_GET_NEXT_ID, attributes)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.EINVAL}:  # the end, or older than 5.8
                return
            raise
        last = struct.unpack_from("=I", attributes, 4)[0]
        yield last


def _read_info(command: int, object_id: int, size: int) -> bytes:
    """The object's info. Its descriptor is closed at once, since it would keep a link alive."""
    info = ctypes.create_string_buffer(size)
    descriptor = _bpf(command, ctypes.create_string_buffer(struct.pack("=I", object_id), 128))
    try:
        request = struct.pack("=2IQ", descriptor, size, ctypes.addressof(info))
        _bpf(_OBJ_GET_INFO_BY_FD, ctypes.create_string_buffer(request, 128))
    finally:
        os.close(descriptor)
    return info.raw


def _bpf(command: int, attributes: "ctypes.Array[ctypes.c_char]") -> int:
    number = _SYSCALLS.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"bpf(2) is not known on {platform.machine()}")
    result: int = _libc.syscall(number, command, attributes, ctypes.sizeof(attributes))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
