# SPDX-License-Identifier: GPL-2.0-or-later
"""The PTP programs of the lab, ptp4l and ebpf-bc: their configuration, and what their log lines say.

None of them touches the machine's clock unless a test asks for it: all namespaces share that clock,
so ptp4l runs with free_running, and its offsets then are the true time error of what it listens to."""

import collections
import json
import os
import pathlib
import re
import signal
from typing import NamedTuple

from . import pmc as pmc_program
from . import session
from .monitor import EventMonitor
from .process import STOP_LIMIT_S, Process, run

# Only how long a failure takes.
LIMIT_S = 20.0

TREE = pathlib.Path(__file__).resolve().parents[2]

_STATE = re.compile(r"port (\d+)(?: \([^)]*\))?: (\w+) to (\w+) on (\w+)")
_OFFSET = re.compile(r"master offset\s+(-?\d+) s(\d) freq\s+([-+]?\d+) path delay\s+(-?\d+)")
_MASTER = re.compile(r"selected (?:best master clock|local clock) ([0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6})")
_COUNTERS = re.compile(r"port (\d+)(?: \([^)]*\))?: counters:(.*)")
_RELOADED = re.compile(r"reload: (nothing changed|only options of the log changed|the configuration stays as it was|"
                       r"started anew after \d+ ms)")

# All namespaces share the machine's clock: whatever a configuration says, ours cannot set it.
WITHOUT_SYS_TIME = ("setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time", "--")

# The states in which a port listens to a master. A free-running ptp4l never leaves the first.
FOLLOWING = ("UNCALIBRATED", "SLAVE")


class Offset(NamedTuple):
    mono_s: float
    offset_ns: int
    servo_state: int
    freq_ppb: int
    path_delay_ns: int


class StateChange(NamedTuple):
    mono_s: float
    port: int
    old: str
    new: str
    event: str


class PtpProgram(Process):
    """A running ptp4l or ebpf-bc, and what its log said so far."""

    def __init__(self, argv, **options):
        self.states = {}
        self.state_changes = []
        self.offsets = []
        self.grandmaster = None
        self.counters = collections.defaultdict(dict)
        super().__init__(argv, **options)

    def on_line(self, line):
        if match := _OFFSET.search(line.text):
            self.offsets.append(Offset(line.mono_s, *map(int, match.groups())))
        elif match := _STATE.search(line.text):
            change = StateChange(line.mono_s, int(match[1]), match[2], match[3], match[4])
            self.states[change.port] = change.new
            self.state_changes.append(change)
        elif match := _MASTER.search(line.text):
            self.grandmaster = match[1]
        elif match := _COUNTERS.search(line.text):
            words = match[2].split()
            self.counters[int(match[1])] = {name: int(value) for name, value in zip(words[::2], words[1::2])}

    def wait_for_state(self, port, states, timeout_s):
        """Waits until a port is in one of `states` (a string or several)."""
        wanted = (states,) if isinstance(states, str) else tuple(states)
        self.wait_until(lambda: self.states.get(port) in wanted, timeout_s,
                        f"port {port} in {' or '.join(wanted)}, is in {self.states.get(port)}")

    def wait_for_offsets(self, n, timeout_s, within_ns=None):
        """Waits for n offsets, with within_ns for n successive ones not larger than that."""
        def enough():
            last = self.offsets[-n:]
            return len(last) == n and (within_ns is None or all(abs(o.offset_ns) <= within_ns for o in last))
        self.wait_until(enough, timeout_s, f"{n} offsets" + (f" within {within_ns} ns" if within_ns else ""))

def _write_config(path, options, interfaces, port_options, masters):
    with open(path, "w", encoding="ascii") as file:
        file.write("[global]\n")
        for name, value in options.items():
            file.write(f"{name} {value}\n")
        for interface in interfaces:
            file.write(f"[{interface}]\n")
            for name, value in (port_options or {}).get(interface, {}).items():
                file.write(f"{name} {value}\n")
        if masters:
            file.write("[unicast_master_table]\ntable_id 1\n")
            for transport, address in masters:
                file.write(f"{transport} {address}\n")


def _count_ports(path):
    with open(path, encoding="utf-8") as file:
        return sum(line.startswith("[") and not line.startswith(("[global]", "[unicast_master_table]")) for line in file)


class Ptp4l(PtpProgram):
    """ptp4l in one of its roles:

    - "gm": a grandmaster, priority1 10, that serves the machine's own clock;
    - "client": follows, free-running, and reports its raw time stamps through `monitor`;
    - "bc": a boundary clock, free-running: it follows in state UNCALIBRATED and serves its own clock;
    - "tc": a transparent clock, end to end unless `options` say otherwise.

    `options` override the role's, `port_options` are {interface: {option: value}}. Without `with_monitor`
    it sends nobody its stamps, which costs it a system call each. `masters` [(transport, address)] are unicast
    master table 1."""

    ROLES = {
        "gm": {"priority1": 10},
        "client": {"slaveOnly": 1},
        "bc": {"clock_type": "BC"},
        "tc": {"clock_type": "E2E_TC", "free_running": 0},
    }

    def __init__(self, namespace, interfaces, role, *, transport="L2", options=None, port_options=None, name=None,
                 with_monitor=True, env=None, masters=()):
        interfaces = [interfaces] if isinstance(interfaces, str) else list(interfaces)
        name = name or f"ptp4l-{namespace.name}"
        stem = os.path.join(session.current().directory, session.current().unique(name))
        self.uds_path = stem + ".uds"
        self.monitor = EventMonitor(stem + ".events") if role not in ("gm", "tc") and with_monitor else None
        self.config_path = stem + ".conf"
        merged = {
            "time_stamping": "software",
            "network_transport": transport,
            "free_running": 1,
            "freq_est_interval": 0,
            # Each estimate is a line then, not a statistic over several. 3.1.1 makes one a second of
            # the Sync messages at any rate: for every sample there is `monitor`.
            "summary_interval": -10,
            # A loaded machine's late stamp is a lost sample, not a fault.
            "tx_timestamp_timeout": 100,
            # A send that fails while the other end's link is down would make its port FAULTY for 16 s.
            "fault_reset_interval": "ASAP",
            "uds_address": self.uds_path,
            **({"slave_event_monitor": self.monitor.path} if self.monitor else {}),
            **self.ROLES[role],
            **(options or {}),
        }
        _write_config(self.config_path, merged, interfaces, port_options, masters)
        super().__init__(["ptp4l", "-f", self.config_path, "-m", "-q"], namespace=namespace, name=name, env=env)

    def stop(self, timeout_s=STOP_LIMIT_S):
        status = super().stop(timeout_s)
        if self.monitor:
            self.monitor.close()
        return status


class EbpfBc(PtpProgram):
    """Our program. `config` is a file's path, or a dictionary of global options, which gets sockets of its own
    unless it names them (`control_path`, `uds_path`); `interfaces` are given with -i. `arguments` come last: they
    override both."""

    def __init__(self, namespace, interfaces=(), *, config=None, port_options=None, arguments=(), name=None,
                 program=None, env=None, masters=(), may_set_clock=False):
        name = name or f"ebpf-bc-{namespace.name}"
        self._n_ports = len(interfaces)
        stem = os.path.join(session.current().directory, session.current().unique(name))
        self.uds_path = stem + ".uds"
        self.control_path = None
        argv = [program or find_ebpf_bc(), "-m", "-q"]
        if isinstance(config, dict):
            config = {"control_socket": stem + ".ctl", "uds_address": self.uds_path,
                      "uds_ro_address": self.uds_path + "ro", **config}
            self.control_path = config["control_socket"]
            self.config_path = stem + ".conf"
            self.config, self.interfaces = config, list(interfaces)
            _write_config(self.config_path, config, interfaces, port_options, masters)
            argv += ["-f", self.config_path]
        else:
            if config:
                argv += ["-f", config]
                self._n_ports = self._n_ports or _count_ports(config)
            for interface in interfaces:
                argv += ["-i", interface]
            # Not those of a ptp4l on this machine, nor of another test.
            argv += [f"--uds_address={self.uds_path}", f"--uds_ro_address={self.uds_path}ro"]
        argv += list(arguments)
        super().__init__(argv, namespace=namespace, name=name, env=env,
                         within=() if may_set_clock else WITHOUT_SYS_TIME)

    def write_config(self, options=None, interfaces=None):
        """Writes its file anew, with other options beside those of the start, or other interfaces. The program looks
        at SIGHUP."""
        new_path = self.config_path + ".new"
        _write_config(new_path, {**self.config, **(options or {})}, interfaces or self.interfaces, None, ())
        os.replace(new_path, self.config_path)

    def reload(self, options=None, interfaces=None, timeout_s=LIMIT_S):
        """The same, and lets it read that; returns what it said in the end. It does so once a second."""
        self.write_config(options, interfaces)
        start = len(self.lines)
        self.signal(signal.SIGHUP)
        return self.wait_for(_RELOADED, timeout_s, start)[1]

    def read_counters(self, timeout_s=LIMIT_S):
        """Asks for the counters (SIGUSR1) and returns {port: {name: value}}; what is zero is missing."""
        self.counters.clear()
        self.signal(signal.SIGUSR1)
        self.wait_until(lambda: len(self.counters) == self._n_ports, timeout_s, "the counters of each port")
        return {port: dict(counters) for port, counters in self.counters.items()}


def find_ebpf_bc():
    """The program under test: $EBC_PROGRAM (meson sets it), or that of build/ in the tree."""
    return os.environ.get("EBC_PROGRAM") or str(TREE / "build" / "ebpf-bc")


def find_ebpf_bcctl():
    """The tool that asks it: $EBC_CTL_PROGRAM (meson sets it), or the one built beside it."""
    return os.environ.get("EBC_CTL_PROGRAM") or str(pathlib.Path(find_ebpf_bc()).parent / "ctl" / "ebpf-bcctl")


def residences(box, *arguments):
    """What a running EbpfBc measured so far, as `ebpf-bcctl residence --json` tells it."""
    return json.loads(run([find_ebpf_bcctl(), "-s", box.control_path, "residence", "--json", *arguments]).stdout)


def _word(value):
    for convert in (int, float):
        try:
            return convert(value)
        except ValueError:
            pass
    return value


def pmc(program, message):
    """GETs a management data set over the program's UDS: a list with one {field: value} per answer."""
    return [{name: _word(text) for name, text in answer.fields.items()}
            for answer in pmc_program.ask(program.uds_path, f"GET {message}") if answer.name == message]
