# SPDX-License-Identifier: GPL-2.0-or-later
"""What people without rights can do to a control socket, run by test_control.py as such a user: the arguments are the
socket, what to do, and for how many seconds. Says in JSON what came of it."""

import json
import random
import selectors
import socket
import sys
import time

WALKS = [json.dumps({"request": name}).encode()
         for name in ("port_status", "stats", "offsets", "log", "stamps", "residence")]
ASKS = [*WALKS, b'{"request":"status"}', b'{"request":"ports"}']
N_CLIENTS = 6  # places of a user
N_CONNECTIONS = 1000


def connect(path):
    """None: nobody accepts as fast as that."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.setblocking(False)
    try:
        client.connect(path)
    except BlockingIOError:
        client.close()
        return None
    return client


def send_all(client, requests):
    for request in requests:
        try:
            client.send(request)
        except OSError:  # no room, too long, or gone
            pass


def rubbish():
    return [b"\0", b"{", b"[" * 4000, b"x" * 200000, b'{"request":"samples","on":1}',
            b'{"request":"offsets","since":-1}', random.randbytes(random.randrange(1, 5000))]


def stall(path, end_s):
    """Clients that ask for all walks and read nothing; then so many connections that come and stay."""
    clients, n_tried = [], 0
    while len(clients) < N_CLIENTS:
        client = connect(path)
        if client:
            send_all(client, WALKS[len(clients) % len(WALKS):] + 30 * WALKS)
            clients.append(client)
    while time.monotonic() < end_s or n_tried < N_CONNECTIONS or len(clients) == N_CLIENTS:
        client = connect(path)
        n_tried += 1
        if client:
            send_all(client, rubbish())
            clients.append(client)
        elif n_tried >= N_CONNECTIONS:
            time.sleep(0.001)
    return {"tried": n_tried, "connected": len(clients)}


def hurry(path, end_s):
    """Clients that ask and read as fast as they may, with some rubbish in between."""
    selector, counts = selectors.DefaultSelector(), {"answers": 0, "errors": 0, "cleared": 0}
    while len(selector.get_map()) < N_CLIENTS:
        client = connect(path)
        if client:
            selector.register(client, selectors.EVENT_READ)
            send_all(client, [b'{"request":"residence","clear":true}', *ASKS, *rubbish()])
    # Also until each was refused what is root's, and more than that, however slow the machine is.
    while time.monotonic() < end_s or counts["cleared"] < N_CLIENTS or counts["errors"] <= N_CLIENTS:
        for key, _ in selector.select(0.1):
            message = key.fileobj.recv(65536)
            if not message:  # refused
                selector.unregister(key.fileobj)
                continue
            send_all(key.fileobj, ASKS if random.random() < 0.9 else rubbish())
            counts["errors"] += message.startswith(b'{"error"')
            counts["cleared"] += message == b'{"error":"not permitted"}'
            counts["answers"] += 1
    return counts


if __name__ == "__main__":
    what = {"stall": stall, "hurry": hurry}[sys.argv[2]]
    print(json.dumps(what(sys.argv[1], time.monotonic() + float(sys.argv[3]))))
