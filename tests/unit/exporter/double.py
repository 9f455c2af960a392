# SPDX-License-Identifier: GPL-2.0-or-later
"""A control socket that says what a test wants, sense or nonsense: the daemon's protocol (docs/control.md) without a
daemon. Also what it says: a boundary clock and a transparent clock, with names that try to be markup."""

import collections
import json
import math
import os
import random
import socket
import threading
import time

NS = 1_000_000_000
HOSTILE = "<b>e\"0\\</b>"
RX = ("sync", "follow_up", "delay_req", "delay_resp", "announce", "pdelay_req", "pdelay_resp", "pdelay_resp_follow_up",
      "signaling", "management")
OTHERS = ("rx_refused_short", "rx_ignored_state", "rx_own_clock", "unicast_denied_rate", "bpf_rx_dropped_rate",
          "bpf_rx_event", "bpf_tx_corrected", "tx_stamp_missing", "timer_late", "announce_receipt_timeout")
NAMES = [f"{direction}_{kind}" for direction in ("rx", "tx") for kind in RX] + list(OTHERS)


def bucket(ns):
    if ns < 16:
        return ns
    e = ns.bit_length() - 1
    return (e - 3) * 16 + (ns >> (e - 4)) % 16


def histogram(values):
    buckets = {}
    for ns in values:
        buckets[bucket(ns)] = buckets.get(bucket(ns), 0) + 1
    return {"count": len(values), "sum_ns": sum(values), "sum_squares": str(sum(ns * ns for ns in values)),
            "min_ns": min(values, default=0), "max_ns": max(values, default=0), "buckets": sorted(map(list, buckets.items()))}


class Clock:
    """What a daemon would tell. The figures are made up, and go on with time. Its monotonic clock is ahead of this
    machine's, as in another time namespace: what it tells began long ago, and this machine perhaps a minute ago."""

    def __init__(self, ports=("eth0", "eth1", HOSTILE), clock_type="BC"):
        self.pid = 4711
        self.ahead_ns = 86400 * NS
        self.clock_type = clock_type
        self.names = list(ports)
        self.began_mono_ns = self.now_mono_ns() - 3600 * NS
        self.residence_values = {}
        self.offsets = []
        self.alarms = []
        self.state = "locked"
        self.version = "0.1.0"
        self.lines = [[1, self.began_mono_ns, 5, "port 1 (eth0): LISTENING to UNCALIBRATED on RS_SLAVE"],
                      [2, self.began_mono_ns + NS, 4, f"port 3 ({HOSTILE}): <script>document.title='taken'</script>"]]
        if self.is_tc:
            self.state = "forwarding"
            self._fill_residences()
        else:
            self._fill_offsets()

    def now_mono_ns(self):
        return time.monotonic_ns() + self.ahead_ns

    @property
    def is_tc(self):
        return self.clock_type.endswith("TC")

    def _fill_offsets(self, n=4000):
        dice = random.Random(1)
        now_ns = self.now_mono_ns()
        for i in range(n):
            offset_ns = round(dice.gauss(0, 60) + 150 * math.sin(i / 300) * math.exp(-i / 2500))
            if i < 20:
                offset_ns += 2_000_000 // (i + 1)
            self.offsets.append([i + 1, now_ns - (n - i) * NS // 8, 1, offset_ns, -1203.1 + dice.gauss(0, 3), 412, 2])

    def _fill_residences(self):
        dice = random.Random(2)
        for i, (ingress, egress, kind) in enumerate(((0, 1, "sync"), (0, 2, "sync"), (1, 0, "delay_req"),
                                                     (2, 0, "delay_req"))):
            before = [round(1800 * (1 + 0.4 * i) * math.exp(0.25 * dice.gauss(0, 1))) for _ in range(4000)]
            queued = [round(250 * math.exp(0.4 * dice.gauss(0, 1)) + (60000 * dice.expovariate(1) if dice.random() < 0.03 * i
                                                                      else 0)) for _ in before]
            self.residence_values[(self.names[ingress], self.names[egress], kind)] = (before, queued)

    def status(self):
        now_ns = self.now_mono_ns()
        status = {
            "version": self.version, "pid": self.pid, "started_mono_ns": self.began_mono_ns, "now_mono_ns": now_ns,
            "clock_type": self.clock_type, "local_clock": "virtual", "stamping": "bpf", "domain": 0, "sdo_id": 0,
            "clock_identity": "001122.fffe.334455", "state": self.state, "time": None, "grandmaster": None,
            "parent": None, "steps_removed": None, "offset": None, "holdover": None, "rate": None,
            "alarms": self.alarms}
        if self.is_tc:
            status["local_clock"] = None
            status["rate"] = {"ratio_ppb": 35012.5, "grandmaster": "aabbcc.fffe.ddeeff"}
            return status
        return {**status,
                "time": {"ptp_ns": time.time_ns() + 37 * NS, "mono_ns": now_ns, "ptp_timescale": True,
                         "utc_offset_s": 37, "utc_offset_valid": True, "leap": 0, "time_traceable": True,
                         "frequency_traceable": True, "time_source": "0x20"},
                "grandmaster": {"identity": "aabbcc.fffe.ddeeff", "is_self": False, "clock_class": 6,
                                "clock_accuracy": "0x21", "offset_scaled_log_variance": "0x4e5d", "priority1": 128,
                                "priority2": 127},
                "parent": {"identity": "aabbcc.fffe.ddeeff-1", "port": self.names[0]}, "steps_removed": 1,
                "offset": {"last_ns": -34, "rms_ns": 51, "max_ns": 160, "n": 16, "age_ns": 31000000,
                           "frequency_ppb": -1203.1, "path_delay_ns": 412}}

    def port(self, i):
        state = "FORWARDING" if self.is_tc else "SLAVE" if i == 0 else "MASTER"
        return {"number": i + 1, "name": self.names[i], "state": state, "since_mono_ns": self.began_mono_ns + 5 * NS,
                "is_usable": True, "reason": "", "mac": f"00:11:22:33:44:{i:02x}", "ifindex": 3 + i, "driver": "veth",
                "transport": "UDPv4", "delay_mechanism": "E2E", "delay_ns": 412 if i == 0 else None,
                "tx_stamp": "driver", "one_step": False, "forward": None,
                "peer": "aabbcc.fffe.ddeeff-1" if i == 0 and not self.is_tc else None, "log_announce_interval": 1,
                "log_sync_interval": 0, "log_min_delay_req_interval": 0}

    def stats(self, i):
        s = (self.now_mono_ns() - self.began_mono_ns) / NS
        counters = {name: 0 if k % 3 == 1 else round(s * (i + 1)) for k, name in enumerate(NAMES)}
        counters["rx_refused_short"] = 7
        return {"number": i + 1, "name": self.names[i], "counters": counters}

    def answers(self, request):
        """The messages of one answer."""
        name, since = request["request"], request.get("since", 0)
        if name == "status":
            return [{"status": self.status()}]
        if name == "port_status":
            return [{"port": self.port(i)} for i in range(len(self.names))] + [{"end": True}]
        if name == "stats":
            return [{"stats": self.stats(i)} for i in range(len(self.names))] + [{"end": True}]
        if name == "offsets":
            if self.is_tc:
                return [{"error": "nothing is measured: a transparent clock follows nobody"}]
            rows = [row for row in self.offsets if row[0] > since]
            return ([{"fields": ["number", "mono_ns", "port", "offset_ns", "frequency_ppb", "path_delay_ns",
                                 "servo_state"]}] + [{"offsets": rows[i:i + 512]} for i in range(0, len(rows), 512)]
                    + [{"end": True, "next": len(self.offsets), "lost": 0}])
        if name == "log":
            return [{"fields": ["number", "mono_ns", "level", "text"]}, {"log": self.lines},
                    {"end": True, "next": len(self.lines), "lost": 0}]
        if name == "residence":
            return [{"residence": {"ingress": ingress, "egress": egress, "type": kind,
                                   "total": histogram([b + q for b, q in zip(before, queued)]),
                                   "before": histogram(before), "queued": histogram(queued)}}
                    for (ingress, egress, kind), (before, queued) in self.residence_values.items()] + [{"end": True}]
        return [{"error": "unknown request"}]


class Double:
    """Listens at `path` and answers in a thread. `answer(request text)` returns messages, as objects or octets;
    None: nothing ever. Counts the requests by name."""

    def __init__(self, path, answer):
        self.path, self.answer = path, answer
        self.asked = collections.Counter()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(path)
        os.chmod(path, 0o666)
        self._listener.listen(8)
        self._clients = []
        self._is_closed = False
        self._threads = []
        self._begin(self._accept)

    def _begin(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    @classmethod
    def of(cls, path, clock):
        return cls(path, lambda text: clock.answers(json.loads(text)))

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            if self._is_closed:
                client.close()
                return
            self._begin(self._serve, client)

    def _serve(self, client):
        try:
            while text := client.recv(4096):
                self.asked[json.loads(text)["request"]] += 1
                for message in self.answer(text) or ():
                    client.send(message if isinstance(message, bytes) else json.dumps(message).encode())
        except OSError:
            pass

    def hang_up(self):
        """On all who are connected; who comes again is served."""
        while self._clients:
            self._clients.pop().shutdown(socket.SHUT_RDWR)

    def close(self):
        self._is_closed = True
        for one in (self._listener, *self._clients):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        # A thread that still runs when the interpreter ends may crash it.
        for thread in self._threads:
            thread.join(5)
        for one in (self._listener, *self._clients):
            one.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
