"""The filter of system calls for memory and keys that namespaces do not isolate.

System V memory (segments, message queues) belongs to no process, so no limit counts it. The kernel's key rings are
those of the session that started the sandbox. The filter is a BPF program (``man 2 seccomp``) for ``bwrap --seccomp``.
"""

import errno
import platform
import struct

_MACHINES = {
    "x86_64": (0xC000003E, (29, 68, 248, 249, 250)),
    "aarch64": (0xC00000B7, (194, 186, 217, 218, 219)),
}
"""Machine -> its number, and the numbers of shmget, msgget, add_key, request_key and keyctl."""
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_CALL, _MACHINE = 0, 4  # offsets of the compared fields
_OTHER_ABI = 0x40000000  # from here on, calls have other numbers (x32)
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000 | errno.EPERM


def refusing_filter() -> bytes:
    """The filter of this machine; empty if its numbers are unknown."""
    if platform.machine() not in _MACHINES:
        return b""
    machine, calls = _MACHINES[platform.machine()]
    checks = [(_IF_AT_LEAST, _OTHER_ABI), *((_IF_EQUAL, call) for call in calls)]
    program = [(_LOAD, 0, 0, _MACHINE), (_IF_EQUAL, 1, 0, machine), (_RETURN, 0, 0, _REFUSED), (_LOAD, 0, 0, _CALL)]
    program += [(check, len(checks) - place, 0, value) for place, (check, value) in enumerate(checks)]
    program += [(_RETURN, 0, 0, _ALLOWED), (_RETURN, 0, 0, _REFUSED)]
    return b"".join(struct.pack("=HBBI", *each) for each in program)
