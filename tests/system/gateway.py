# SPDX-License-Identifier: MIT
"""The gateway and its configuration file."""
from process import Process, give_away, program


def configuration(port, state_dir, path, output=(), routes=None, lines=(), kind="command_file"):
    """
    `kind` is the type of the output and `path` its path, `output` are further lines of its block;
    `routes` replaces the route, `lines` go first.
    """
    routes = routes or ["route nagios/#", "to nagios"]
    return "\n".join([f"broker mqtt://127.0.0.1:{port}", "client_id belfry-gateway",
                      f"state_dir {state_dir}", *lines, "",
                      f"output nagios {kind}", f"path {path}", *output, "", *routes, ""])


class Gateway:
    def __init__(self, folder, port, path, **how):
        self.folder = give_away(folder)
        self.state_dir = self.folder / "state"
        self.state_dir.mkdir()
        give_away(self.state_dir)
        self.config = self.folder / "gateway.conf"
        self.config.write_text(configuration(port, self.state_dir, path, **how))
        self.process = Process("gateway", [program("belfry-gateway", self.folder), "-c",
                                           self.config], self.folder)

    def start(self):
        self.process.start()
        return self

    def end(self):
        return self.process.end()

    def kill(self):
        self.process.kill()
