# SPDX-License-Identifier: MIT
"""What a service tells systemd, without systemd."""
import socket


class Systemd:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        self.socket.settimeout(20)

    def told(self):
        return self.socket.recv(4096).decode()

    def wait_for(self, state):
        """Skip what else it is told."""
        while state not in (told := self.told()).splitlines():
            pass
        return told

    def told_already(self):
        """All that has come, without waiting for more."""
        self.socket.setblocking(False)
        found = []
        try:
            while True:
                found.append(self.told())
        except BlockingIOError:
            return found
        finally:
            self.socket.settimeout(20)
