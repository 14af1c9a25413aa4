#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Pass sockets to a program as systemd does for a socket unit:

    pass_sockets.py HOST:PORT|/PATH ... -- PROGRAM ARGUMENT ...
"""
import os
import socket
import sys

FIRST = 3


def listening(place):
    if place.startswith("/"):
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(place)
    else:
        host, _, port = place.rpartition(":")
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
    sock.listen()
    return sock


def main():
    at = sys.argv.index("--")
    # Above where they go to, so that moving one does not close another.
    fds = [os.dup(listening(place).detach()) for place in sys.argv[1:at]]
    high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
    for i, fd in enumerate(high):
        os.dup2(fd, FIRST + i)
    os.closerange(FIRST + len(fds), 200)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)),
                      LISTEN_FDNAMES=":".join(f"socket-{i}" for i in range(len(fds))))
    os.execv(sys.argv[at + 1], sys.argv[at + 1:])


main()
