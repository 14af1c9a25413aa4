# SPDX-License-Identifier: MIT
"""The gateway and its configuration file."""
import signal

from process import Process, give_away, program
from wait import wait_until


def configuration(port, state_dir, path, output=(), routes=None, lines=(), kind="command_file",
                  brokers=None, client_id="belfry-gateway"):
    """
    `kind` is the type of the output and `path` its path, `output` are further lines of its block;
    `routes` replaces the route, `brokers` the broker and what belongs to it, `lines` go first.
    """
    routes = routes or ["route nagios/#", "to nagios"]
    brokers = brokers or [f"broker mqtt://127.0.0.1:{port}"]
    return "\n".join([f"client_id {client_id}", f"state_dir {state_dir}", *lines, "", *brokers, "",
                      f"output nagios {kind}", f"path {path}", *output, "", *routes, ""])


class Gateway:
    def __init__(self, folder, port, path, **how):
        self.folder = give_away(folder)
        self.state_dir = self.folder / "state"
        self.state_dir.mkdir()
        give_away(self.state_dir)
        self.config = self.folder / "gateway.conf"
        self.port, self.path, self.how = port, path, how
        self.configure()
        self.process = Process("gateway", [program("belfry-gateway", self.folder), "-c",
                                           self.config], self.folder)

    def configure(self, **how):
        """Write its file anew, with these changes to how it was made."""
        self.config.write_text(configuration(self.port, self.state_dir, self.path,
                                             **{**self.how, **how}))

    def reload(self):
        """Send SIGHUP, and return where its log ended before."""
        end = len(self.process.stderr())
        self.process.signal(signal.SIGHUP)
        return end

    def reloaded(self, word="is in effect", timeout=15.0):
        """Reload, and wait until it says so. Returns what it has said meanwhile."""
        since = self.reload()
        wait_until(lambda: self.process.says("reload:", word, since=since), timeout,
                   f"a reload that says '{word}'")
        return self.process.stderr()[since:]

    def start(self):
        self.process.start()
        return self

    def end(self):
        return self.process.end()

    def kill(self):
        self.process.kill()
