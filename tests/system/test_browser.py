# SPDX-License-Identifier: MIT
"""A browser's own WebSocket: a page that speaks MQTT without a library."""
import shutil

import pytest

from broker import Broker, free_port, is_listening
from mqtt import Client
from pki import Pki
from process import Process, give_away
from rig import Scratch
from wait import wait_until

PAGE = """<!doctype html><title>MQTT</title><script>
const bytes = (...parts) => parts.flatMap(part => typeof part == 'string'
    ? [0, part.length, ...new TextEncoder().encode(part)] : part);
const socket = new WebSocket('URL', ['mqtt']);
const send = (first, body) => socket.send(new Uint8Array([first, body.length, ...body]));
socket.binaryType = 'arraybuffer';
socket.onopen = () => send(0x10, bytes('MQTT', [4, 2, 0, 60], 'browser'));
socket.onmessage = event => {
    const got = new Uint8Array(event.data);
    if (got[0] == 0x20 && got[3] == 0)
        send(0x82, bytes([0, 1], 'down', [0]));
    if (got[0] == 0x90)
        send(0x32, bytes('up/ready', [0, 2], [...new TextEncoder().encode(socket.protocol)]));
    if (got[0] == 0x30)
        send(0x30, bytes('up/echo', [...got.slice(8)]));
};
</script>
"""


@pytest.fixture(scope="module")
def web():
    """A broker with a port for pages, one for pages over TLS, and one for others (`bare`)."""
    with Scratch() as scratch:
        certificate, key = Pki(scratch.folder("pki")).issue("server", "/CN=localhost")
        bare, secure = free_port(), free_port()
        broker = Broker(scratch.folder("broker"), [
            "protocol websockets", f"listener {bare} 127.0.0.1", f"listener {secure} 127.0.0.1",
            "protocol websockets", f"certfile {certificate}", f"keyfile {key}",
            "allow_anonymous true"]).start()
        wait_until(lambda: is_listening(bare) and is_listening(secure), 10, "all listeners")
        broker.bare, broker.secure = bare, secure
        yield broker
        assert broker.end() == 0, "the broker's exit status after SIGTERM"


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_page_subscribes_and_publishes(web, scratch, scheme):
    program = shutil.which("chromium")
    if not program:
        pytest.skip("no browser on this machine; install the package chromium")
    port = web.port if scheme == "ws" else web.secure
    page, home = scratch.path / "page.html", scratch.folder("home")
    page.write_text(PAGE.replace("URL", f"{scheme}://127.0.0.1:{port}/mqtt"))
    give_away(page)
    browser = Process("browser", [
        "env", f"HOME={home}", program, "--headless", "--no-sandbox", "--disable-gpu",
        "--disable-dev-shm-usage", "--ignore-certificate-errors", "--no-first-run",
        f"--user-data-dir={home}/profile", "--remote-debugging-port=0", f"file://{page}"], home)
    with Client(web.bare, f"other-{scheme}") as other:
        other.subscribe("up/#")
        browser.start()
        assert other.wait_for(1, 40)[0].payload == b"mqtt"
        other.publish("down", "hello", 0)
        assert other.wait_for(2)[1].payload == b"hello"
    browser.clear()
