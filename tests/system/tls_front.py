# SPDX-License-Identifier: MIT
"""stunnel in front of a server that speaks no TLS of its own."""
from broker import free_port, is_listening
from process import Process, give_away
from wait import wait_until


class TlsFront:
    """`certificate` is a name of the Pki's, `lines` are further ones of stunnel's service."""

    def __init__(self, folder, pki, port, certificate, lines=()):
        self.folder, self.pki, self.behind = give_away(folder), pki, port
        self.port = free_port()
        self.config = self.folder / "stunnel.conf"
        self.process = Process("stunnel", ["/usr/bin/stunnel", self.config], self.folder)
        self.show(certificate, lines)

    def show(self, certificate, lines=()):
        """Begin anew, on the same port, with this certificate."""
        if self.process.is_running():
            self.process.end()
        self.config.write_text("\n".join([
            "foreground = yes", "pid =", "syslog = no", "[front]",
            f"accept = 127.0.0.1:{self.port}", f"connect = 127.0.0.1:{self.behind}",
            f"cert = {self.pki.path(certificate)}.crt", f"key = {self.pki.path(certificate)}.key",
            *lines, ""]))
        self.process.start()
        wait_until(lambda: is_listening(self.port) or not self.process.is_running(), 10,
                   "stunnel listening")
        assert self.process.is_running(), self.process.stderr()
