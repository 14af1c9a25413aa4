# SPDX-License-Identifier: MIT
"""The program every introduction to MQTT shows, unchanged in spirit: it must just work."""
import subprocess
import sys

from mqtt import V311, Client, mosquitto_pub
from process import Process
from wait import wait_until

PROGRAM = '''\
import sys
import paho.mqtt.client as paho

def on_connect(client, userdata, flags, rc):
    client.subscribe("nagios/#", 0)

def on_subscribe(client, userdata, mid, granted_qos):
    print("ready", flush=True)

def on_message(client, userdata, msg):
    print(msg.topic + " " + str(msg.qos) + " " + msg.payload.decode(), flush=True)
    client.publish("pong", "Thanks", 0)

client = paho.Client()
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]), 60)
client.loop_forever()
'''


def test_the_introduction_prints_what_was_published_and_its_thanks_arrive(broker, scratch):
    program = scratch.path / "introduction.py"
    program.write_text(PROGRAM)
    introduction = Process("introduction", [sys.executable, program, broker.port], scratch.path)
    printed = scratch.path / "introduction.out"
    introduction.start()
    wait_until(lambda: "ready" in printed.read_text(), 10, "the subscription")

    with Client(broker.port, "pong", V311) as listener:
        listener.subscribe("pong", 0)
        assert mosquitto_pub(broker.port, "nagios/n1", "mail server 001 is broke", qos=0) == 0
        thanks, = listener.wait_for(1)

    assert printed.read_text().splitlines() == ["ready", "nagios/n1 0 mail server 001 is broke"]
    assert (thanks.topic, thanks.payload) == ("pong", b"Thanks")
    assert introduction.is_running(), introduction.stderr()


def test_mosquitto_sub_prints_what_mosquitto_pub_sends(broker):
    subscriber = subprocess.Popen(
        ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-v", "-C", "1", "-W", "10",
         "-q", "1", "-t", "nagios/+/#"], stdout=subprocess.PIPE, text=True)
    # It has no way to say that it has subscribed: keep publishing until it has left.
    wait_until(lambda: mosquitto_pub(broker.port, "nagios/n1/load", "0.5") == 0
               and subscriber.poll() is not None, 10, "the end of mosquitto_sub")
    assert subscriber.communicate()[0] == "nagios/n1/load 0.5\n"
