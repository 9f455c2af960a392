# SPDX-License-Identifier: GPL-2.0-or-later
"""What the network tests share: the lab with its programs running, and the conditions they wait for."""

import contextlib
import errno
import shutil
import socket
import statistics
import time

from harness import programs, session, standstill, wire
from harness.lab import Lab
from harness.process import Timeout
from harness.rawport import RawPort

standstill.start()

FAST = {"logAnnounceInterval": -2, "logSyncInterval": -3, "logMinDelayReqInterval": -3}
# Loses against the lab's grandmaster, and logs every offset.
BOX = {**FAST, "clock_type": "BC", "priority1": 200, "summary_interval": -3}

# All hosts share one clock: a client this near to it does follow. A served time that nobody corrected is 37 s off.
IN_SYNC_NS = 1_000_000
START_S = 15
# Only says how long a test that fails waits before it does.
WAIT_S = 30
# So many offsets before a disturbance tell what is usual on this machine now.
N_QUIET = 16


def is_sanitized():
    """Built with AddressSanitizer: slower at its end, and memory that is freed is kept for a while."""
    with open(programs.find_ebpf_bc(), "rb") as file:
        return b"__asan_init" in file.read()


def until(condition, timeout_s, what):
    """Waits until condition() is true and returns its value."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline_s:
            raise Timeout(f"not within {timeout_s} s: {what() if callable(what) else what}")
        time.sleep(0.01)


def wait_in_sync(client, *, n=4, since_s=None, timeout_s=START_S):
    """Waits until the last n offsets that a ptp4l client measured after since_s (now) are all near zero."""
    since_s = time.monotonic() if since_s is None else since_s

    def is_in_sync():
        last = client.monitor.offsets_ns(since_s)[-n:]
        return len(last) == n and all(abs(offset_ns) < IN_SYNC_NS for offset_ns in last)
    until(is_in_sync, timeout_s, lambda: f"{client.name} in sync; offsets {client.monitor.offsets_ns(since_s)[-n:]}\n"
                                         f"{client.tail()}")


def worst_ns():
    """What no single offset exceeds: where the machine stands still between a frame's two stamps that frame is off by it,
    and a client's offsets until its next exchange."""
    return IN_SYNC_NS + standstill.longest_ns()


def assert_near_zero(test, errors_ns):
    """Of at least four errors of a time all but a quarter are below IN_SYNC_NS, and none is beyond worst_ns()."""
    test.assertGreaterEqual(len(errors_ns), 4)
    far_ns = [error_ns for error_ns in errors_ns if abs(error_ns) >= IN_SYNC_NS]
    test.assertLessEqual(len(far_ns), len(errors_ns) // 4, errors_ns)
    test.assertLess(max(map(abs, errors_ns)), worst_ns())


def wait_for_served(port, start, n=8):
    """At least n errors of the time that the box serves from captured frame number `start` on, ns."""
    return until(lambda: len(errors_ns := served_time_errors_ns(port, start)) >= n and errors_ns, WAIT_S,
                 f"{n} Syncs with their Follow_Ups at {port.interface}")


def ask_pmc(program, message):
    """programs.pmc()'s first answer."""
    return programs.pmc(program, message)[0]


def worst_offset_ns(client, since_s):
    return max((abs(offset_ns) for offset_ns in client.monitor.offsets_ns(since_s)), default=None)


def median_bound_ns(quiet_ns):
    """What half of the offsets of a disturbed window must stay below, by the offsets of the quiet one before it in the
    same run: ten times their median, and five microseconds for a busy machine."""
    return 10 * statistics.median(map(abs, quiet_ns)) + 5000


def assert_median_as_before(test, client, begin_s):
    """Half of a ptp4l client's offsets since begin_s are about as near to zero as the last ones before it."""
    samples = list(client.monitor.raw_offsets)
    quiet_ns = [offset_ns for mono_s, offset_ns, _ in samples if mono_s < begin_s][-N_QUIET:]
    since_ns = [offset_ns for mono_s, offset_ns, _ in samples if mono_s >= begin_s]
    test.assertTrue(quiet_ns and since_ns, client.tail())
    test.assertLess(statistics.median(map(abs, since_ns)), median_bound_ns(quiet_ns), (quiet_ns, since_ns))


class Rig:
    """The lab with its programs: a ptp4l grandmaster, ebpf-bc on all ports, a free-running ptp4l client behind each
    of the others. `options` and `port_options` are the box's; without box, gm or clients the caller starts them."""

    def __init__(self, *, n_clients=2, transport="L2", options=None, port_options=None, arguments=(), gm=True, box=True,
                 clients=True, client_options=None, prepare=None):
        with contextlib.ExitStack() as stack:
            self.transport = transport
            self.lab = stack.enter_context(Lab(n_clients))
            self._stack = stack
            if prepare:
                prepare(self.lab)
            self.gm = self.start_gm() if gm else None
            self.box = self.start_box(options, port_options=port_options, arguments=arguments) if box else None
            self.clients = [self.start_client(i, client_options) for i in range(n_clients)] if clients else []
            stack.pop_all()

    def __getattr__(self, name):
        # The hosts and ports are the lab's.
        return getattr(self.__dict__["lab"], name)

    def start_gm(self, options=None):
        return self._stack.enter_context(
            programs.Ptp4l(self.lab.gm, "eth0", "gm", transport=self.transport, options={**FAST, **(options or {})}))

    def start_box(self, options=None, *, interfaces=None, **others):
        config = {**BOX, "network_transport": self.transport, **(options or {})}
        return self._stack.enter_context(
            programs.EbpfBc(self.lab.box, interfaces or self.lab.ports, config=config, **others))

    def start_client(self, i, options=None, transport=None, **others):
        return self._stack.enter_context(
            programs.Ptp4l(self.lab.clients[i], "eth0", "client", transport=transport or self.transport,
                           options={**FAST, "priority1": 255, **(options or {})}, **others))

    def raw_port(self, namespace, interface="eth0"):
        return self._stack.enter_context(RawPort(namespace, interface))

    def wait_in_sync(self):
        """The box follows on its first port, the clients follow the box."""
        self.box.wait_for_state(1, "SLAVE", START_S)
        for i, client in enumerate(self.clients):
            self.box.wait_for_state(i + 2, "MASTER", START_S)
            wait_in_sync(client)

    def close(self):
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# A transmit stamp halfway through the driver, as is the default, may be later than the receiver's own stamp where the
# machine stands still in between. Nothing is stamped later than it arrives with the stamp before the driver.
STAMPED_BEFORE = {"tx_stamp_point": "start_xmit"}
TC = {"clock_type": "E2E_TC", "logMinPdelayReqInterval": -3}
P2P = {"delay_mechanism": "P2P", "logMinPdelayReqInterval": -3}


class TcRig(Rig):
    """The lab with ebpf-bc as a transparent clock. With `bridge` its ports are members of br0, which carries the
    messages from port to port then; else the programs do. What it pins is below pin_path, which goes with the rig."""

    def __init__(self, clock_type="E2E_TC", *, bridge=False, prepare=None, options=None, n_clients=1, **others):
        self.is_p2p = clock_type == "P2P_TC"
        self.pin_path = f"/sys/fs/bpf/{session.current().unique('tc')}"
        session.current().add("directory", self.pin_path)

        def build(lab):
            if bridge:
                lab.box.bridge("br0", lab.ports)
            if prepare:
                prepare(lab)
        super().__init__(prepare=build, options={"clock_type": clock_type, **(options or {})}, n_clients=n_clients,
                         **others)

    def wait_ready(self, box=None):
        """A bridge passes messages on before the box corrects them."""
        for number, port in enumerate(self.ports, 1):
            (box or self.box).wait_for(rf"port {number} \({port}\): link up", START_S)

    def _path_options(self):
        return P2P if self.is_p2p else {}

    def start_gm(self, options=None):
        return super().start_gm({**self._path_options(), **(options or {})})

    def start_client(self, i, options=None, transport=None):
        return super().start_client(i, {**self._path_options(), **(options or {})}, transport)

    def start_box(self, options=None, *, interfaces=None, **others):
        config = {**TC, **self._path_options(), "network_transport": self.transport, "bpf_pin_path": self.pin_path,
                  **(options or {})}
        return self._stack.enter_context(
            programs.EbpfBc(self.lab.box, interfaces or self.lab.ports, config=config, **others))

    def wait_in_sync(self):
        self.wait_ready()
        for client in self.clients:
            wait_follows(client, self.gm)
            if not self.is_p2p:
                wait_in_sync(client)

    def close(self):
        super().close()
        shutil.rmtree(self.pin_path, ignore_errors=True)
        session.current().remove("directory", self.pin_path)


def wait_follows(client, gm, n=4):
    """Waits until a ptp4l client follows gm, and its last n Sync messages tell the true time to IN_SYNC_NS: both
    read one clock, and what the way took is in the messages, but for the client's own cable."""
    def does():
        late_ns = [sync.t2_ns - sync.t1_ns for sync in client.monitor.syncs[-n:]]
        return (client.grandmaster == gm.grandmaster and client.states.get(1) in programs.FOLLOWING
                and len(late_ns) == n and all(abs(ns) < IN_SYNC_NS for ns in late_ns))
    until(does, START_S, lambda: f"{client.name} follows {gm.grandmaster}\n{client.tail()}")


def served_time_errors_ns(port, start=0):
    """At the far end of one of the box's ports: the time that each Sync with its Follow_Up tells less the true one,
    which is the stamp of its reception."""
    received_ns, errors_ns = {}, []
    for captured in port.received(start=start):
        message = captured.ptp.message
        if message.type == wire.SYNC:
            received_ns[message.source, message.sequence] = captured.real_ns
        elif message.type == wire.FOLLOW_UP and (message.source, message.sequence) in received_ns:
            errors_ns.append(message.timestamp_ns - received_ns.pop((message.source, message.sequence)))
    return errors_ns


def log_lines(box, start=0):
    """The log from line number `start` on, without what it was asked for: offsets and counters."""
    return [line.text for line in box.lines[start:] if "master offset" not in line.text
            and "counters:" not in line.text]


def blast(namespace, interface, some_frames, seconds):
    """Sends the frames in turn as fast as this process can; returns how many the interface took."""
    with namespace.entered():
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sender:
        with namespace.entered():
            sender.bind((interface, 0))
        sent, end_s = 0, time.monotonic() + seconds
        while time.monotonic() < end_s:
            for frame in some_frames:
                try:
                    sender.send(frame)
                    sent += 1
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
        return sent
