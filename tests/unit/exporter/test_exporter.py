# SPDX-License-Identifier: GPL-2.0-or-later
"""The exporter as a process: which requests it serves, that nobody holds it up, and that a daemon may come late, go,
come again, or be something else altogether."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from unit.exporter import double
from unit.exporter.rig import LIMIT_S, PROGRAM, Case, value


def is_sanitized():
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


# Prometheus' limit where it asks each five seconds.
PATIENCE_S = 5


class Web(Case):
    def test_three_paths_for_get_and_head_and_nothing_else(self):
        self.start_double(double.Clock())
        exporter = self.start()
        for path, kind in (("/", "text/html; charset=utf-8"), ("/status.json", "application/json"),
                           ("/metrics", "text/plain; version=0.0.4; charset=utf-8")):
            status, headers, text = exporter.request(path)
            self.assertEqual((status, headers["Content-Type"], headers["X-Content-Type-Options"], headers["X-Frame-Options"],
                              headers["Connection"]), (200, kind, "nosniff", "DENY", "close"))
            status, headers, text = exporter.request(path, "HEAD")
            self.assertEqual((status, text), (200, ""))
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                status, headers, _ = exporter.request(path, method, body="x" * 1000 if method == "POST" else None)
                self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        for path in ("/favicon.ico", "/metrics/", "//", "/../etc/passwd", "/status.json%00", "*"):
            self.assertEqual(exporter.request(path)[0], 404, path)
        for since in ("", "x", "-1", "1e3", "9" * 30):
            self.assertEqual(exporter.request(f"/status.json?since={since}")[0], 400, since)
        self.assertNotIn("Access-Control-Allow-Origin", exporter.request("/status.json")[1])
        policy = exporter.request("/")[1]["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotRegex(policy, r"unsafe|\*|http")

    def test_the_trace_is_told_once_to_who_asks_on(self):
        clock = double.Clock()
        self.start_double(clock)
        exporter = self.start()
        first = json.loads(exporter.request("/status.json")[2])
        self.assertEqual([row[2] for row in first["trace"]["rows"]], [row[3] for row in clock.offsets])
        since = first["trace"]["next"]
        self.assertEqual(json.loads(exporter.request(f"/status.json?since={since}")[2])["trace"]["rows"], [])
        clock.offsets.append([len(clock.offsets) + 1, clock.now_mono_ns(), 1, 77, 0.5, None, 2])
        self.assertEqual(len(first["log"]), 2)

        def new_rows():
            return json.loads(exporter.request(f"/status.json?since={since}")[2])["trace"]["rows"]
        exporter.wait_for(lambda _: new_rows())
        self.assertEqual([row[2:5] for row in new_rows()], [[77, 0.5, None]])

    def test_however_many_ask_the_daemon_is_asked_once_a_second(self):
        daemon = self.start_double(double.Clock())
        start_s = time.monotonic()
        exporter = self.start()
        exporter.metrics()
        begin_s, n = time.monotonic(), daemon.asked["status"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda i: exporter.request(("/metrics", "/status.json")[i % 2])[0], range(160)))
        self.assertEqual(set(done), {200})
        self.assertLessEqual(daemon.asked["status"] - n, time.monotonic() - begin_s + 1)
        exporter.wait_for(lambda _: daemon.asked["status"] >= n + 2)
        # Residences each five seconds.
        self.assertLessEqual(daemon.asked["residence"], (time.monotonic() - start_s) / 5 + 1)

    @staticmethod
    def trickle(connections, ended):
        while not ended.wait(0.3):
            for one in connections:
                with contextlib.suppress(OSError):
                    one.send(b"x", socket.MSG_DONTWAIT)

    def test_the_slow_and_the_rude_hold_up_nobody(self):
        self.start_double(double.Clock())
        exporter = self.start()
        slow = []
        for i in range(40):
            one = socket.create_connection(("127.0.0.1", exporter.port))
            self.addCleanup(one.close)
            slow.append(one)
            one.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow:" if i % 2 else b"GET /status.json HTTP/1.1\r\nX:")
        ended = threading.Event()
        trickling = threading.Thread(target=self.trickle, args=(slow, ended), daemon=True)
        trickling.start()
        # Before they are closed, whose descriptors are others' then.
        self.addCleanup(trickling.join, LIMIT_S)
        self.addCleanup(ended.set)
        # All places are theirs, and they are never silent for long.
        self.assertEqual(exporter.request("/metrics")[0], 200)
        for rude in (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000 + b"\r\n\r\n", b"\x00\xff" * 500, b"GET\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"):
            with socket.create_connection(("127.0.0.1", exporter.port)) as one:
                with contextlib.suppress(ConnectionError):
                    one.sendall(rude)
        self.assertEqual(exporter.request("/metrics")[0], 200)


    def test_the_fast_hold_up_nobody_either(self):
        self.start_double(double.Clock())
        exporter = self.start()
        ended = threading.Event()
        begun = threading.Barrier(41)

        def keep_asking():
            one = socket.create_connection(("127.0.0.1", exporter.port))
            begun.wait()
            with contextlib.suppress(OSError):
                while not ended.wait(0.3):
                    one.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    if not one.recv(4096):
                        break
            one.close()
        asking = [threading.Thread(target=keep_asking, daemon=True) for _ in range(40)]
        for one in asking:
            one.start()
        begun.wait()
        self.assertEqual(exporter.request("/metrics")[0], 200)
        ended.set()
        for one in asking:
            one.join(LIMIT_S)

    @staticmethod
    def is_served(exporter):
        try:
            return exporter.request("/status.json")[0] == exporter.request("/metrics")[0] == 200
        except (ConnectionError, http.client.HTTPException):
            return False

    def test_of_those_who_do_not_read_none_makes_it_grow(self):
        names = [f"eth{i}" for i in range(64)]
        clock = double.Clock(names, "E2E_TC")
        some = double.histogram([1000])
        # A sanitized exporter reads them slowly, and keeps what it has freed: there it is its errors that are looked for.
        pairs = [(a, b) for a in names for b in names if a != b][:64 if is_sanitized() else 1024]
        residences = [json.dumps({"residence": {"ingress": a, "egress": b, "type": "sync", "total": some, "before": some,
                                                "queued": some}}).encode() for a, b in pairs] + [{"end": True}]
        clock.offsets = [[i + 1, clock.now_mono_ns(), 1, -i, 0.125, 412, 2] for i in range(10000)]
        good = clock.answers
        clock.answers = lambda asked: residences if asked["request"] == "residence" else good(asked)
        clock.clock_type = "BC"
        self.start_double(clock)
        exporter = self.start()
        deadline_s = time.monotonic() + LIMIT_S
        while exporter.request("/metrics")[2].count("residence_seconds_count") < len(pairs):
            self.assertLess(time.monotonic(), deadline_s)
            time.sleep(0.1)
        self.assertEqual(len(exporter.rows()), 10000)
        # Those of the page differ, as each says since when.
        for i in range(60):
            one = socket.socket()
            self.addCleanup(one.close)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.connect(("127.0.0.1", exporter.port))
            one.sendall(f"GET {'/metrics' if i % 4 else f'/status.json?since={i}'} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        # While places are few whoever gets his answer slowly is hung up on, too.
        deadline_s = time.monotonic() + LIMIT_S
        while not self.is_served(exporter):
            self.assertLess(time.monotonic(), deadline_s)
            time.sleep(0.1)
        with open(f"/proc/{exporter.process.pid}/status", encoding="ascii") as file:
            peak_kib = int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1])
        # Well below what the unit gives it.
        if not is_sanitized():
            self.assertLess(peak_kib, 64 * 1024)

    def test_at_the_loopback_it_answers_to_no_name_but_its_own(self):
        self.start_double(double.Clock())
        exporter = self.start()
        for host, expected in (("localhost", 200), ("LocalHost:9977", 200), ("127.0.0.1", 200), ("127.0.0.1:80", 200),
                               ("[::1]:9977", 200), ("[::1]", 200), ("192.0.2.7", 200), ("evil.example", 421),
                               ("localhost.evil.example", 421), ("127.0.0.1.evil.example:9977", 421), ("", 421)):
            self.assertEqual(exporter.request("/status.json", headers={"Host": host})[0], expected, host)
        self.assertEqual(exporter.request("/", headers={"Host": "evil.example"})[0], 421)
        # Who opens it to others gives it the names.
        self.assertEqual(self.start(listen="0.0.0.0:0").request("/metrics", headers={"Host": "clock.example"})[0], 200)


class Daemons(Case):
    def test_a_daemon_may_come_late_go_and_come_again(self):
        exporter = self.start()
        families = exporter.metrics()
        self.assertEqual(value(families, "ebpf_bc_up"), 0)
        self.assertIn("no daemon there", exporter.wait_for_line("asking on"))
        self.assertNotIn("ebpf_bc_state", families)
        self.assertFalse(json.loads(exporter.request("/status.json")[2])["up"])
        clock = double.Clock()
        daemon = self.start_double(clock)
        exporter.wait_for(lambda now: value(now, "ebpf_bc_up") == 1)
        daemon.close()
        families = exporter.wait_for(lambda now: value(now, "ebpf_bc_up") == 0)
        self.assertGreater(value(families, "ebpf_bc_exporter_errors_total"), 0)
        again = double.Clock()
        again.pid, again.offsets = 4712, again.offsets[:10]
        self.start_double(again)
        exporter.wait_for(lambda now: value(now, "ebpf_bc_up") == 1)
        rows = json.loads(exporter.request("/status.json")[2])["trace"]["rows"]
        # What was measured before is still there, and the other's numbers begin anew.
        self.assertEqual(len(rows), len(clock.offsets) + 10)
        self.assertEqual([row[0] for row in rows], list(range(1, len(rows) + 1)))
        self.assertEqual(value(exporter.metrics(), "ebpf_bc_exporter_daemon_restarts_total"), 1)

    def test_a_socket_of_somebody_else_is_no_daemon(self):
        status = json.dumps({"status": double.Clock().status()}).encode()
        for answer in (b"x", b"{}", b"[]", b"\xff" * 60000, b'{"status":7}', b'{"status":{"pid":-1,"started_mono_ns":2}}',
                       b'{"error":"go away"}', b"[" * 5000, status):
            with self.subTest(answer=answer[:20]):
                daemon = self.start_double(lambda _, answer=answer: [answer])
                exporter = self.start()
                self.assertEqual(value(exporter.metrics(), "ebpf_bc_up"), 0)
                exporter.wait_for_line("asking on")
                exporter.end()
                daemon.close()

    def test_parts_that_make_no_sense_are_refused(self):
        clock = double.Clock()
        good = clock.answers
        port, end = {"port": clock.port(0)}, {"end": True}
        counters = {"stats": {"number": 1, "name": "eth0", "counters": {"rx_sync": -1}}}
        for request, answer in (("port_status", [port, port, end]), ("port_status", [{"port": clock.port(1)}, end]),
                                ("stats", [counters, end]), ("offsets", [{"offsets": [[1, 2, 3]]}, end]),
                                ("offsets", [end]), ("log", [{"log": [7]}, end]),
                                ("residence", [{"residence": {"ingress": "a b"}}, end]),
                                ("port_status", [{"port": {**clock.port(0), "name": 7}}, end])):
            with self.subTest(request=request, answer=answer):
                clock.answers = lambda asked: answer if asked["request"] == request else good(asked)
                daemon = self.start_double(clock)
                exporter = self.start()
                self.assertEqual(value(exporter.metrics(), "ebpf_bc_up"), 0)
                exporter.end()
                daemon.close()

    def test_who_says_nothing_holds_up_neither_page_nor_end(self):
        daemon = self.start_double(lambda _: None)
        exporter = self.start()
        while not daemon.asked["status"]:
            time.sleep(0.01)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(exporter.request, "/metrics")
            self.assertEqual(exporter.request("/")[0], 200)
            n_lines = len(exporter.lines)
            exporter.end()
            # It hung up, and did not wait until its patience with the daemon was over.
            self.assertNotIn("does not answer", "".join(exporter.lines[n_lines:]))
            waiting.exception(LIMIT_S)

    def test_a_daemon_that_begins_anew_is_asked_again_in_the_same_round(self):
        clock = double.Clock()
        daemon = self.start_double(clock)
        exporter = self.start()
        exporter.metrics()
        rows = exporter.rows()
        clock.began_mono_ns += double.NS
        n_residences = daemon.asked["residence"]
        daemon.hang_up()
        families = exporter.wait_for(lambda now: value(now, "ebpf_bc_exporter_daemon_restarts_total") == 1)
        self.assertEqual(value(families, "ebpf_bc_up"), 1)
        self.assertEqual(value(families, "ebpf_bc_exporter_errors_total"), 0)
        self.assertEqual([line for line in exporter.lines if "asking on" in line], [])
        # Its residences were asked for at once, and its offsets are another's.
        self.assertGreater(daemon.asked["residence"], n_residences)
        self.assertEqual(len(exporter.rows()), 2 * len(rows))

    def test_what_the_daemon_cannot_tell_is_told_once_and_all_else_is_there(self):
        clock = double.Clock(("gm0", "c1", "c2"), "E2E_TC")
        good = clock.answers
        clock.answers = lambda asked: [{"error": "residences cannot be read"}] if asked["request"] == "residence" \
            else good(asked)
        self.start_double(clock)
        exporter = self.start()
        families = exporter.wait_for(lambda now: value(now, "ebpf_bc_exporter_errors_total") >= 2)
        self.assertEqual(value(families, "ebpf_bc_up"), 1)
        self.assertIn("ebpf_bc_port_state", families)
        self.assertNotIn("ebpf_bc_residence_seconds", families)
        # Only then all that it said has been read.
        exporter.end()
        self.assertEqual([line.rpartition(": ")[2] for line in exporter.lines[1:]],
                         ["residences cannot be read; asking on"])

    def test_of_what_a_daemon_has_not_it_tells_nothing(self):
        clock = double.Clock()
        good = clock.answers
        for words in ("no residence is measured: this clock runs without BPF programs", "unknown request"):
            clock.answers = lambda asked, words=words: [{"error": words}] if asked["request"] == "residence" \
                else good(asked)
            daemon = self.start_double(clock)
            exporter = self.start()
            self.assertEqual(value(exporter.metrics(), "ebpf_bc_exporter_errors_total"), 0)
            # Only then all that it said has been read.
            exporter.end()
            self.assertEqual(len(exporter.lines), 2)
            daemon.close()

    def test_a_list_that_never_ends_holds_nobody_up(self):
        one = double.Clock(("gm0", "c1", "c2"), "E2E_TC")
        residence = one.answers({"request": "residence"})[0]
        nothing = {"residence": {**residence["residence"], "total": double.histogram([])}}
        good, outlasted = one.answers, []

        def slowly(message):
            for _ in range(PATIENCE_S * 2):
                time.sleep(0.5)
                yield message
            outlasted.append(list(message))
        for request, answer in (("residence", lambda: slowly(residence)), ("log", lambda: slowly({"fields": []})),
                                ("residence", lambda: [nothing] * 1025 + [{"end": True}])):
            with self.subTest(request=request):
                one.answers = lambda asked, request=request, answer=answer: \
                    answer() if asked["request"] == request else good(asked)
                daemon = self.start_double(one)
                exporter = self.start()
                self.assertEqual(value(exporter.metrics(), "ebpf_bc_up"), 0)
                exporter.wait_for_line("asking on")
                exporter.end()
                daemon.close()
        # The daemon's own time, which stands still when the machine does.
        self.assertEqual(outlasted, [])

    def test_files_that_are_no_socket_of_ours(self):
        (self.folder / "file").write_text("x")
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(stream.close)
        stream.bind(str(self.folder / "stream"))
        stream.listen()
        for name, words in (("file", "no daemon there"), ("stream", "not ebpf-bc's"), ("file/x", "Not a directory")):
            self.socket = str(self.folder / name)
            exporter = self.start()
            self.assertIn(words, exporter.wait_for_line("asking on"))
            self.assertEqual(value(exporter.metrics(), "ebpf_bc_up"), 0)


class Usage(Case):
    def test_bad_arguments_are_one_line_and_status_2(self):
        for arguments in (["-l", "9977"], ["-l", "localhost:9977"], ["-l", "127.0.0.1:"], ["-l", "127.0.0.1:70000"],
                          ["-l", "::1:9977"], ["-l", "[::1]9977"], ["-l", "[:1"], ["-l", ":9977"], ["-l", ""], ["-s", ""],
                          ["-s", "x" * 200], ["x"], ["-x"], ["--xy"], ["-l"], ["-l", "[::ffff:127.0.0.1]:0"], ["-l", "127.0.0.1:0"] + ["-l", "127.0.0.1:0"] * 8):
            with self.subTest(arguments=arguments):
                done = self.run_program("-s", self.socket, *arguments, status=2)
                self.assertEqual([line.startswith("ebpf-bc-exporter: ") for line in done.stderr.splitlines()
                                  if "listening" not in line], [True], done.stderr)

    def test_an_address_that_cannot_be_had_is_one_line_and_status_1(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        for address, words in ((f"127.0.0.1:{taken.getsockname()[1]}", "Address already in use"),
                               ("192.0.2.1:9977", "Cannot assign requested address")):
            done = self.run_program("-s", self.socket, "-l", address, status=1)
            self.assertEqual(done.stderr, f"ebpf-bc-exporter: cannot listen at {address}: {words}\n")

    def test_help_version_and_both_signals(self):
        self.assertIn("usage: ebpf-bc-exporter", self.run_program("-h", status=0).stdout)
        self.assertRegex(self.run_program("-v", status=0).stdout, r"^\d+\.\d+")
        for sent in (signal.SIGTERM, signal.SIGINT):
            self.start().end(sent)

    def test_what_cannot_be_printed_is_an_error(self):
        for option in ("-h", "--version"):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([PROGRAM, option], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr),
                             (1, "ebpf-bc-exporter: standard output: No space left on device\n"))

    def test_what_is_open_to_others_is_said(self):
        exporter = self.start(listen="0.0.0.0:0")
        self.assertIn("whoever reaches this address", exporter.wait_for_line("listening"))
        self.assertNotIn("whoever", self.start().wait_for_line("listening"))

    def listening(self, *before):
        """[IPv4 and IPv6 addresses, as the kernel writes them] of one without -l, in a network namespace of its own."""
        commands = "; ".join([*before, "ip link set lo up", 'exec "$0" -s "$1"'])
        with subprocess.Popen(["unshare", "-n", "sh", "-ec", commands, PROGRAM, self.socket], stderr=subprocess.PIPE,
                              text=True) as process:
            try:
                line = ""
                # What it says after it listens everywhere.
                while "asking on" not in line:
                    line = process.stderr.readline()
                    self.assertTrue(line)
                rows = []
                for name in ("tcp", "tcp6"):
                    with open(f"/proc/{process.pid}/net/{name}", encoding="ascii") as file:
                        rows += [row.split() for row in file.readlines()[1:]]
                return [row[1] for row in rows if row[3] == "0A"]
            finally:
                process.terminate()

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("ip"), "needs root and ip for a network namespace")
    def test_without_being_told_it_listens_at_the_loopback_alone(self):
        port = f":{9977:04X}"
        four, six = socket.inet_aton("127.0.0.1"), socket.inet_pton(socket.AF_INET6, "::1")
        as_told = [b"".join(octets[i:i + 4][::-1] if sys.byteorder == "little" else octets[i:i + 4]
                            for i in range(0, len(octets), 4)).hex().upper() + port for octets in (four, six)]
        self.assertEqual(self.listening(), as_told)
        # Without IPv6 that is no reason to complain.
        self.assertEqual(self.listening("echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6"), as_told[:1])

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6 here")
    def test_an_ipv6_address_is_that_and_no_ipv4_address(self):
        exporter = self.start(listen="[::1]:0")
        self.assertEqual(exporter.request("/metrics", host="::1")[0], 200)
        # A port that is free in both, and at which nobody else may listen in the other protocol meanwhile.
        with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as both:
            port = both.getsockname()[1]
        with socket.socket() as held:
            held.bind(("127.0.0.1", port))
            exporter = self.start(listen=f"[::]:{port}")
            self.assertEqual(exporter.request("/metrics", host="::1")[0], 200)
            with self.assertRaises(ConnectionRefusedError):
                exporter.request("/metrics")

    def test_without_permission_it_says_so_and_asks_on(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to be somebody else")
        self.start_double(double.Clock())
        os.chmod(self.folder, 0o711)
        os.chmod(self.socket, 0o600)
        # Where the tree is, nobody may be shut out.
        exporter = self.start(program=shutil.copy(PROGRAM, self.folder), user=65534)
        self.assertIn("Permission denied", exporter.wait_for_line("asking on"))
        os.chmod(self.socket, 0o666)
        exporter.wait_for(lambda now: value(now, "ebpf_bc_up") == 1)
