#!/usr/bin/env python3
"""Performs the system calls of a script on the machine whose TCP is tested.

Reads one JSON object a line and writes one answer a line; docs/live-scripts.md describes both.
Needs nothing but Python 3:  tcplab run SCRIPT --link IF --ip ADDR/LEN --peer ADDR --peer-command 'ssh HOST python3 script-peer.py'
"""

import errno
import json
import socket
import struct
import sys

sockets = {}


def open_socket(request):
    family = socket.AF_INET6 if request["family"] == 6 else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sockets[request["fd"]] = made
    return request["fd"]


def accept(request):
    sockets[request["accepted"]] = sockets[request["fd"]].accept()[0]
    return request["accepted"]


def close(request):
    sockets.pop(request["fd"]).close()
    return 0


def linger(request):
    value = struct.pack("ii", int(request["on"]), request["seconds"])
    sockets[request["fd"]].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, value)


def number(name):
    return getattr(socket, name) if hasattr(socket, name) else {"SOL_TCP": 6}[name]


def set_option(request):
    sockets[request["fd"]].setsockopt(number(request["level"]), number(request["name"]), request["value"])


def get_option(request):
    return 0, sockets[request["fd"]].getsockopt(number(request["level"]), number(request["name"]))


calls = {
    "hello": lambda request: 0,
    "socket": open_socket,
    "bind": lambda request: sockets[request["fd"]].bind(("", request["port"])),
    "listen": lambda request: sockets[request["fd"]].listen(request["backlog"]),
    "accept": accept,
    "connect": lambda request: sockets[request["fd"]].connect((request["address"], request["port"])),
    "read": lambda request: len(sockets[request["fd"]].recv(request["bytes"])),
    "write": lambda request: sockets[request["fd"]].send(bytes(request["bytes"])),
    "shutdown": lambda request: sockets[request["fd"]].shutdown(request["how"]),
    "close": close,
    "nonblocking": lambda request: sockets[request["fd"]].setblocking(not request["on"]),
    "setsockopt": set_option,
    "getsockopt": get_option,
    "linger": linger,
}


def perform(request):
    try:
        outcome = calls[request["call"]](request)
    except KeyError as missing:
        name = "EBADF" if request["call"] in calls else "ENOSYS"
        return {"result": -1, "errno": name, "why": str(missing)}
    except OSError as failed:
        return {"result": -1, "errno": errno.errorcode.get(failed.errno, str(failed.errno))}
    result, value = outcome if isinstance(outcome, tuple) else (outcome or 0, None)
    return {"result": result, "errno": None, "value": value}


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], **perform(asked)}), flush=True)
