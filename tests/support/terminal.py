"""A terminal for a command: `terminal.py ROWS COLUMNS COMMAND…`.

What the command writes there comes out of here. A line `ROWS COLUMNS` on standard input makes the
terminal another size, as dragging a window does: at a moment when nothing is on its way there, since
no terminal can take back what was written for another size and has left the screen. What comes out
says where that was, with the control sequence for it (`CSI 8 ; ROWS ; COLUMNS t`).
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


# Between two views of a command that draws ten a second.
QUIET = 0.02


def size(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def relay(terminal):
    """Whether there was something."""
    try:
        text = os.read(terminal, 65536)
    except OSError:
        # That is how Linux says that nobody writes there any more.
        return False
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()
    return bool(text)


def drain(terminal):
    while select.select([terminal], [], [], QUIET)[0] and relay(terminal):
        pass


def resize(terminal, child, rows, columns):
    drain(terminal)
    os.kill(child, signal.SIGSTOP)
    drain(terminal)
    sys.stdout.buffer.write(f"\x1b[8;{rows};{columns}t".encode())
    sys.stdout.buffer.flush()
    size(terminal, rows, columns)
    os.kill(child, signal.SIGCONT)
    os.kill(child, signal.SIGWINCH)


def main():
    rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    child, terminal = pty.fork()
    if child == 0:
        size(0, rows, columns)
        os.execvp(command[0], command)
    listening = [terminal, 0]
    while True:
        ready, _, _ = select.select(listening, [], [])
        if 0 in ready:
            order = os.read(0, 100).decode().split()
            if order:
                resize(terminal, child, int(order[0]), int(order[1]))
            else:
                listening.remove(0)
        elif not relay(terminal):
            break
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
