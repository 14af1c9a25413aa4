# SPDX-License-Identifier: MIT
"""A TCP proxy that cuts a connection between a request and its answer."""
import socket
import threading

from broker import free_port


class CuttingProxy:
    """
    Passes bytes on to `target`. After cut_next(word) the next request that holds the word reaches
    the server, its answer comes back as far as here, and then both connections end.
    """

    def __init__(self, target):
        self.target, self.port, self.cuts = target, free_port(), 0
        self._word, self._lock = None, threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next(self, word):
        with self._lock:
            self._word = word

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            doomed = threading.Event()
            for serve in (self._pass_requests, self._pass_answers):
                threading.Thread(target=serve, args=(client, server, doomed), daemon=True).start()

    def _pass_requests(self, client, server, doomed):
        try:
            while data := client.recv(1 << 20):
                with self._lock:
                    if self._word and self._word in data:
                        self._word = None
                        doomed.set()
                server.sendall(data)
        except OSError:
            pass
        end(server)

    def _pass_answers(self, client, server, doomed):
        try:
            while data := server.recv(1 << 20):
                if doomed.is_set():
                    self.cuts += 1
                    break
                client.sendall(data)
        except OSError:
            pass
        end(client)
        end(server)


def end(connection):
    """Whoever waits in recv() there wakes up, too."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
