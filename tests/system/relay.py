# SPDX-License-Identifier: MIT
"""Broker and gateway with one output that is a relay, and an observer beside them."""
import shutil

from broker import Broker
from gateway import Gateway
from lines import documents_of
from mqtt import V311, Client
from process import binaries, give_away
from rig import GatewayRig

GATEWAY = "belfry/gateway/belfry-gateway"
ROUTES = ("route nagios/#", "to relay", "route logs/#", "to relay", "decode none")


def plugin_folder(folder, *names):
    """The plugins of these names, in a folder that the gateway's user can read."""
    folder = folder / "plugins"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name in names:
        copy = folder / f"{name}.so"
        shutil.copy2(binaries().parent / "plugins" / f"{name}.so", copy)
        give_away(copy).chmod(0o644)
    return give_away(folder)


class RelayGateway(Gateway):
    """`blocks` are the outputs and routes of its configuration, `lines` go first."""

    def __init__(self, folder, port, plugins, blocks, lines=()):
        self.plugins = plugins
        super().__init__(folder, port, None, blocks=blocks, lines=lines)

    def configure(self, **how):
        how = {**self.how, **how}
        self.how = how
        self.config.write_text("\n".join([
            "client_id belfry-gateway", f"state_dir {self.state_dir}",
            f"plugin_dir {self.plugins}", "status_interval 1", *how["lines"],
            f"broker mqtt://127.0.0.1:{self.port}", *how["blocks"], ""]))


def relay_blocks(plugin, lines, routes=ROUTES):
    """An output named relay, and routes to it: checks below nagios/, messages below logs/."""
    return [f"output relay {plugin}", *lines, *routes]


class RelayRig(GatewayRig):
    """
    `plugin` is the name of the output's plugin and `lines` are its block. `plugins` is a folder
    that has it; without it, it is copied from the build. `blocks` replaces output and routes.
    """

    output = "relay"

    def __init__(self, scratch, plugin, lines, plugins=None, routes=ROUTES, blocks=None,
                 gateway_lines=(), broker_lines=("allow_anonymous true",
                                                 "max_queued_messages 100000")):
        self.scratch, self.plugin, self.routes = scratch, plugin, routes
        self.broker = Broker(scratch.folder("broker"), broker_lines, None,
                             scratch.folder("stored"))
        folder = scratch.folder("gateway")
        self.gateway = RelayGateway(folder, self.broker.port,
                                    plugins or plugin_folder(folder, plugin),
                                    blocks or relay_blocks(plugin, lines, routes), gateway_lines)
        self._publisher = None

    def change(self, lines):
        """Reload with another block of the output."""
        self.gateway.configure(blocks=relay_blocks(self.plugin, lines, self.routes))
        return self.gateway.reloaded()

    def publish_all(self, topic, payloads):
        """Publish each on one connection, which stays; returns when the broker has all of them."""
        if not self._publisher:
            self._publisher = Client(self.broker.port, "publisher", V311)
            self._publisher.connect()
        self._publisher.publish_all(topic, payloads)

    def end(self):
        if self._publisher:
            self._publisher.close()
        super().end()

    def check(self, host, service, state=0, output="fine", **more):
        """Publish a check result."""
        self.publish(f"nagios/{host}/{service}", {"state": state, "output": output, **more})

    def dead_letters(self, name="relay"):
        """What stands in the output's file of dead letters."""
        return documents_of(self.gateway.state_dir / f"{name}.dead")
