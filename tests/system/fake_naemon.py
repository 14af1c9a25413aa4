# SPDX-License-Identifier: MIT
"""
Naemon's query handler, as far as commands go: fake_naemon.py SOCKET LOG HOST!SERVICE...

Written from Naemon's rules (src/naemon/query-handler.c and commands.c), for a distribution without
it: a query ends with a NUL, one is looked at each time that the socket becomes readable, `@` keeps
the connection, anything else ends it with the answer; an empty argument counts as missing; 404
comes without a NUL. What is applied is a line of JSON in LOG. A host !refused takes no results.
"""
import json
import os
import re
import selectors
import socket
import sys

RESULTS = {"PROCESS_SERVICE_CHECK_RESULT": True, "PROCESS_HOST_CHECK_RESULT": False}
# Further commands: how their arguments behind the names are read (commands.c: i int, b bool, t time,
# s str). The last takes the rest of the line.
OTHERS = {"SCHEDULE_HOST_DOWNTIME": "ttbiiss", "SCHEDULE_SVC_DOWNTIME": "ttbiiss",
          "ACKNOWLEDGE_HOST_PROBLEM": "ibbss", "ACKNOWLEDGE_SVC_PROBLEM": "ibbss",
          "REMOVE_HOST_ACKNOWLEDGEMENT": "", "REMOVE_SVC_ACKNOWLEDGEMENT": "",
          "ADD_HOST_COMMENT": "bss", "ADD_SVC_COMMENT": "bss"}
FORMS = {"i": r"-?\d+", "b": "[01]", "t": r"\d+", "s": "(?s:.+)"}


def unescape(text):
    return re.sub(r"\\(\\|n)", lambda m: "\n" if m[1] == "n" else "\\", text)


def run_other(name, rest, objects, log):
    names, forms = 2 if "_SVC_" in name else 1, OTHERS[name]
    arguments = rest.split(";", names + len(forms) - 1)
    if len(arguments) < names + len(forms) or "" in arguments:
        return "Missing argument"
    if "!".join(arguments[:names]) not in objects:
        return "Invalid value"
    if not all(re.fullmatch(FORMS[f], a) for f, a in zip(forms, arguments[names:])):
        return "Wrong type for argument"
    os.write(log, json.dumps({"command": name, "arguments": arguments}).encode() + b"\n")
    return None


def run(line, objects, log):
    """The core's answer to one command: a code and a text, or None for "200: OK"."""
    match = re.fullmatch(r"\[(\d+)\].([^;]+);?(.*)", line, re.S)
    if not match:
        return "Malformed command"
    stamp, name, rest = match.groups()
    if name in OTHERS:
        return run_other(name, rest, objects, log)
    if name not in RESULTS:
        return "Unknown or unsupported command"
    wanted = 4 if RESULTS[name] else 3
    arguments = rest.split(";", wanted - 1)
    if len(arguments) < wanted or "" in arguments:
        return "Missing argument"
    *names, state, output = arguments
    if not re.fullmatch(r"-?\d+", state):
        return "Wrong type for argument"
    if "!".join(names) not in objects:
        return "Invalid value"
    if names[0] == "refused" or (not RESULTS[name] and not 0 <= int(state) <= 2):
        return "Command failed"
    text = json.dumps([*names, *([""] * (2 - len(names))), int(state), unescape(output), int(stamp)])
    os.write(log, text.encode() + b"\n")
    return None


def answer(connection, query, objects, log):
    """Answer; False when the connection ends with it."""
    query = query.decode("utf-8", "surrogateescape")
    address, _, rest = query.partition(" ")
    keep, handler = address.startswith("@"), address.lstrip("@#")
    if handler != "command" or "command" not in objects:
        connection.sendall(f"404: {handler}: No such handler".encode())
        return False
    verb, _, line = rest.rstrip("\n").partition(" ")
    if verb != "run":
        connection.sendall(b"404: Not found\0")
        return False
    reason = run(line, objects, log)
    connection.sendall((f"400: {reason}" if reason else "200: OK").encode() + b"\0")
    return keep


def main(path, log_path, *objects):
    objects = set(objects)
    objects |= {name.split("!")[0] for name in objects}
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    if os.path.lexists(path):
        os.unlink(path)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(5)
    chooser, rest = selectors.DefaultSelector(), {}
    chooser.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in chooser.select():
            if key.fileobj is listening:
                connection = listening.accept()[0]
                chooser.register(connection, selectors.EVENT_READ)
                rest[connection] = b""
                continue
            connection = key.fileobj
            try:
                data = connection.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            query, nul, more = (rest[connection] + data).partition(b"\0")
            if not data or (nul and not answer(connection, query, objects, log)):
                chooser.unregister(connection)
                connection.close()
                del rest[connection]
            else:
                rest[connection] = more if nul else query


if __name__ == "__main__":
    main(*sys.argv[1:])
