"""A terminal for a command: `terminal.py ROWS COLUMNS COMMAND…`.

What the command writes there comes out of here. A line `ROWS COLUMNS` on standard input makes the
terminal another size, as dragging a window does.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    child, terminal = pty.fork()
    if child == 0:
        resize(0, rows, columns)
        os.execvp(command[0], command)
    listening = [terminal, 0]
    while True:
        ready, _, _ = select.select(listening, [], [])
        if 0 in ready:
            order = os.read(0, 100).decode().split()
            if order:
                resize(terminal, int(order[0]), int(order[1]))
                os.kill(child, signal.SIGWINCH)
            else:
                listening.remove(0)
        if terminal in ready:
            try:
                text = os.read(terminal, 65536)
            except OSError:
                # That is how Linux says that nobody writes there any more.
                text = b""
            if not text:
                break
            os.write(1, text)
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
