# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon whose answers are written down beforehand: the control socket without a clock behind it."""

import json
import os
import socket
import threading

SECOND_NS = 1_000_000_000
LIMIT_S = 30

STATUS = {
    "version": "0.1.0", "pid": 4711, "started_mono_ns": 0, "now_mono_ns": 3 * 86400 * SECOND_NS + 4 * 3600 * SECOND_NS,
    "clock_type": "BC", "local_clock": "virtual", "stamping": "bpf", "domain": 24, "sdo_id": 0,
    "clock_identity": "001122.fffe.334455", "state": "locked",
    "time": {"ptp_ns": 1795000037 * SECOND_NS, "mono_ns": 1, "ptp_timescale": True, "utc_offset_s": 37,
             "utc_offset_valid": True, "leap": 0, "time_traceable": True, "frequency_traceable": False,
             "time_source": "0x20"},
    "grandmaster": {"identity": "aabbcc.fffe.ddeeff", "is_self": False, "clock_class": 6, "clock_accuracy": "0x21",
                    "offset_scaled_log_variance": "0x4e5d", "priority1": 128, "priority2": 127},
    "parent": {"identity": "aabbcc.fffe.ddeeff-1", "port": "eth0"}, "steps_removed": 1,
    "offset": {"last_ns": -34, "rms_ns": 51.2, "max_ns": 1600, "n": 16, "age_ns": 31000000, "frequency_ppb": -1203.14,
               "path_delay_ns": 412},
    "holdover": None, "rate": None,
    "alarms": [{"kind": "port_faulty", "port": "eth2", "text": "link \x1b[2Jdown",
                "since_mono_ns": 3 * 86400 * SECOND_NS + 4 * 3600 * SECOND_NS - 90 * SECOND_NS}],
}


def port(number, name, state, **more):
    return {"port": {"number": number, "name": name, "state": state, "since_mono_ns": 0, "is_usable": True, "reason": "",
                     "mac": "00:11:22:33:44:55", "ifindex": number + 2, "driver": "igb", "transport": "UDPv4",
                     "delay_mechanism": "E2E", "delay_ns": None, "tx_stamp": "driver", "one_step": False,
                     "forward": None, "peer": None, "log_announce_interval": 1, "log_sync_interval": 0,
                     "log_min_delay_req_interval": 0, **more}}


PORTS = [port(1, "eth0", "SLAVE", delay_ns=412, peer="aabbcc.fffe.ddeeff-1"), port(2, "eth1", "MASTER"),
         port(3, "eth2", "FAULTY", is_usable=False, reason="link down"), {"end": True}]


def stats(add=0):
    return [{"stats": {"number": number, "name": name,
                       "counters": {"rx_sync": 1200 + add, "tx_sync": 0, "rx_refused_short": number - 1}}}
            for number, name in ((1, "eth0"), (2, "eth1"), (3, "eth2"))] + [{"end": True}]


OFFSET_FIELDS = ["number", "mono_ns", "port", "offset_ns", "frequency_ppb", "path_delay_ns", "servo_state"]
LOG_FIELDS = ["number", "mono_ns", "level", "text"]
STAMP_FIELDS = ["mono_ns", "port", "direction", "type", "domain", "sdo_id", "source_port_identity", "sequence_id",
                "source"]


def numbered(fields, member, rows):
    """Answers a request with `since`: the rows after it, in messages of at most 512."""
    def answer(request):
        since = request.get("since", 0)
        new = [row for row in rows if row[0] > since]
        lost = max(0, new[0][0] - since - 1) if new else 0
        return ([{"fields": fields}] + [{member: new[i:i + 512]} for i in range(0, len(new), 512)]
                + [{"end": True, "next": new[-1][0] if new else since, "lost": lost}])
    return answer


def offset_row(number, offset_ns, port_number=1, delay_ns=412):
    return [number, 10 ** 12 + number * SECOND_NS // 8, port_number, offset_ns, -1200.5, delay_ns, 2]


STAMPS = [[3000, 1, "tx", "sync", 0, 0, "001122.fffe.334455-1", 17, "start_xmit"],
          [1000, 2, "rx", "delay_req", 0, 0, "001122.fffe.334456-1", 5, "driver"],
          [2000, 1, "rx", "sync", 0, 0, "001122.fffe.334457-1", 6, "driver"]]


def normal_answers(offsets=(), log=()):
    return {
        "ports": [{"clock_type": "BC", "ports": ["eth0", "eth1", "eth2"], "message_types": ["sync", "delay_req"]}],
        "status": [{"status": STATUS}],
        "port_status": PORTS,
        "stats": stats(),
        "offsets": numbered(OFFSET_FIELDS, "offsets", list(offsets)),
        "log": numbered(LOG_FIELDS, "log", list(log)),
        "stamps": [{"fields": STAMP_FIELDS}, {"stamps": STAMPS}, {"end": True}],
    }


class Daemon:
    """Listens at `path`. `answers` maps a request's name to its messages (objects, or octets as they are), or to a
    function from the request to them; what it does not have is answered as by a daemon that does not know it."""

    def __init__(self, path, answers):
        self.path, self.answers, self.requests = path, answers, []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind(str(path))
        self._socket.listen(8)
        self._clients = []
        self._serving = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._clients.append(client)
            self._serving.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
            self._serving[-1].start()

    def _serve(self, client):
        try:
            while text := client.recv(65536):
                request = json.loads(text)
                self.requests.append(request)
                answer = self.answers.get(request["request"], [{"error": "unknown request"}])
                for message in answer(request) if callable(answer) else answer:
                    client.send(message if isinstance(message, bytes) else json.dumps(message).encode())
        except OSError:
            pass
        finally:
            client.close()

    def close(self):
        if self._socket.fileno() < 0:
            return
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        # A thread that still runs when the interpreter ends may crash it.
        for thread in self._serving:
            thread.join(LIMIT_S)
        os.unlink(self.path)
