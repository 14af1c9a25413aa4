# SPDX-License-Identifier: MIT
"""A server that takes connections, and nothing that comes over them, until it dies."""
import fcntl
import socket
import ssl
import struct
import termios
import threading


class Deaf:
    """
    On `port`, with the smallest receive buffer there is. With a certificate and its key it speaks
    TLS as far as the handshake.
    """

    def __init__(self, port, certificate=None, key=None):
        self._context, self._connections = None, []
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
                if self._context:
                    connection = self._context.wrap_socket(connection, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            self._connections.append(connection)

    def unread(self):
        """Bytes that wait in its kernel."""
        return sum(struct.unpack("i", fcntl.ioctl(c.fileno(), termios.FIONREAD, b"\0" * 4))[0]
                   for c in self._connections)

    def die(self):
        """As with a process that is killed: the kernel resets what was not read."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()
