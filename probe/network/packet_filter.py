"""Classic BPF programs (linux/filter.h) for raw ICMP sockets, which otherwise get all ICMP packets."""

import ctypes
import socket
import struct
from collections.abc import Sequence

from probe.network.kernel import SO_ATTACH_FILTER

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant

# linux/bpf_common.h: class | size | mode, class | operation | source.
_LOAD_BYTE_AT_X = 0x50
_LOAD_HALF_AT_X = 0x48
_X_IS_HEADER_LENGTH = 0xB1  # X = 4 * (packet[k] & 0xf)
_AND = 0x54
_SHIFT_LEFT = 0x64
_ADD_X = 0x0C
_X_IS_A = 0x07
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06

_WHOLE_PACKET = 0xFFFF

NOTHING: tuple[Instruction, ...] = ((_RETURN, 0, 0, 0),)


def for_identifier(identifier: int) -> tuple[Instruction, ...]:
    """Passes echo replies with ``identifier`` and errors (3, 11, 12) whose quoted echo request has it.

    A load beyond the packet's end drops the packet.
    """
    return (
        (_X_IS_HEADER_LENGTH, 0, 0, 0),
        (_LOAD_BYTE_AT_X, 0, 0, 0),  # ICMP type
        (_JUMP_IF_EQUAL, 0, 2, 0),  # an echo reply?
        (_LOAD_HALF_AT_X, 0, 0, 4),
        (_JUMP_IF_EQUAL, 14, 15, identifier),
        (_JUMP_IF_EQUAL, 2, 0, 3),
        (_JUMP_IF_EQUAL, 1, 0, 11),
        (_JUMP_IF_EQUAL, 0, 12, 12),
        (_LOAD_BYTE_AT_X, 0, 0, 17),  # the quoted packet's protocol
        (_JUMP_IF_EQUAL, 0, 10, 1),
        (_LOAD_BYTE_AT_X, 0, 0, 8),  # the quoted packet's header length
        (_AND, 0, 0, 0x0F),
        (_SHIFT_LEFT, 0, 0, 2),
        (_ADD_X, 0, 0, 0),
        (_X_IS_A, 0, 0, 0),
        (_LOAD_BYTE_AT_X, 0, 0, 8),  # the quoted ICMP type
        (_JUMP_IF_EQUAL, 0, 3, 8),
        (_LOAD_HALF_AT_X, 0, 0, 12),
        (_JUMP_IF_EQUAL, 0, 1, identifier),
        (_RETURN, 0, 0, _WHOLE_PACKET),
        (_RETURN, 0, 0, 0),
    )


def attach(sock: socket.socket, program: Sequence[Instruction]) -> None:
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    # struct sock_fprog: the kernel copies the program, so the buffer need not live longer.
    sock.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(buffer))
    )
