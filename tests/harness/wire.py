# SPDX-License-Identifier: GPL-2.0-or-later
"""PTP messages as bytes (IEEE 1588-2019 clause 13): built field by field, so that a test can also build
wrong ones, and parsed."""

import struct
from typing import NamedTuple

SYNC, DELAY_REQ, PDELAY_REQ, PDELAY_RESP = 0x0, 0x1, 0x2, 0x3
FOLLOW_UP, DELAY_RESP, PDELAY_RESP_FOLLOW_UP = 0x8, 0x9, 0xA
ANNOUNCE, SIGNALING, MANAGEMENT = 0xB, 0xC, 0xD

NAMES = {SYNC: "Sync", DELAY_REQ: "Delay_Req", PDELAY_REQ: "Pdelay_Req", PDELAY_RESP: "Pdelay_Resp",
         FOLLOW_UP: "Follow_Up", DELAY_RESP: "Delay_Resp", PDELAY_RESP_FOLLOW_UP: "Pdelay_Resp_Follow_Up",
         ANNOUNCE: "Announce", SIGNALING: "Signaling", MANAGEMENT: "Management"}

FLAG_TWO_STEP, FLAG_UNICAST, FLAG_ALTERNATE_MASTER = 0x0200, 0x0400, 0x0100
FLAG_LEAP61, FLAG_LEAP59, FLAG_UTC_OFFSET_VALID = 0x0001, 0x0002, 0x0004
FLAG_PTP_TIMESCALE, FLAG_TIME_TRACEABLE, FLAG_FREQUENCY_TRACEABLE = 0x0008, 0x0010, 0x0020

GET, SET, RESPONSE, COMMAND, ACKNOWLEDGE = range(5)

HEADER_LEN = 34
_HEADER = struct.Struct(">BBHBBHqI10sHBb")
_CONTROL = {SYNC: 0, DELAY_REQ: 1, FOLLOW_UP: 2, DELAY_RESP: 3, MANAGEMENT: 4}


def port_identity(clock_identity, port=1):
    """From a clock identity, eight bytes or "001122.fffe.334455"."""
    if isinstance(clock_identity, str):
        clock_identity = bytes.fromhex(clock_identity.replace(".", ""))
    return clock_identity + struct.pack(">H", port)


ANYONE = port_identity(b"\xAA\xBB\xCC\xFF\xFE\x00\x00\x01")
EVERYONE = b"\xFF" * 10


def timestamp(ns):
    """Nanoseconds as the ten bytes of a Timestamp, or such bytes (of wrong ones, say) unchanged."""
    if isinstance(ns, bytes):
        return ns
    return (ns // 10**9).to_bytes(6, "big") + struct.pack(">I", ns % 10**9)


def timestamp_ns(ten_bytes):
    return int.from_bytes(ten_bytes[:6], "big") * 10**9 + int.from_bytes(ten_bytes[6:10], "big")


def message(message_type, body=b"", *, source=ANYONE, sequence=0, domain=0, sdo=0, flags=0, correction_ns=0,
            correction_sns=None, log_interval=0, version=2, minor=0, length=None, specific=0, control=None):
    """Any message. sdo is the twelve bits of sdoId; correction_sns (2^-16 ns) goes before correction_ns;
    length is the right one unless given."""
    header = _HEADER.pack(
        (sdo >> 8 & 0xF) << 4 | message_type, minor << 4 | version,
        HEADER_LEN + len(body) if length is None else length, domain, sdo & 0xFF, flags,
        round(correction_ns * 65536) if correction_sns is None else correction_sns, specific, source,
        sequence & 0xFFFF, _CONTROL.get(message_type, 5) if control is None else control, log_interval)
    return header + body


def sync(origin_ns=0, *, two_step=True, flags=0, **header):
    return message(SYNC, timestamp(origin_ns), flags=flags | (FLAG_TWO_STEP if two_step else 0), **header)


def follow_up(origin_ns, tlvs=b"", **header):
    return message(FOLLOW_UP, timestamp(origin_ns) + tlvs, **header)


def delay_req(origin_ns=0, **header):
    return message(DELAY_REQ, timestamp(origin_ns), **{"log_interval": 0x7F, **header})


def delay_resp(receive_ns, requester, **header):
    return message(DELAY_RESP, timestamp(receive_ns) + requester, **header)


def pdelay_req(origin_ns=0, **header):
    return message(PDELAY_REQ, timestamp(origin_ns) + bytes(10), **{"log_interval": 0x7F, **header})


def pdelay_resp(receive_ns, requester, *, two_step=True, flags=0, **header):
    return message(PDELAY_RESP, timestamp(receive_ns) + requester,
                   **{"log_interval": 0x7F, "flags": flags | (FLAG_TWO_STEP if two_step else 0), **header})


def pdelay_resp_follow_up(origin_ns, requester, **header):
    return message(PDELAY_RESP_FOLLOW_UP, timestamp(origin_ns) + requester, **{"log_interval": 0x7F, **header})


def announce(grandmaster, *, origin_ns=0, utc_offset=37, priority1=128, clock_class=248, accuracy=0xFE,
             variance=0xFFFF, priority2=128, steps_removed=0, time_source=0xA0, tlvs=b"", **header):
    """grandmaster is a clock identity, eight bytes or text; the sender is `source`, its port 1 by default."""
    identity = port_identity(grandmaster)[:8]
    body = timestamp(origin_ns) + struct.pack(">hxBBBHB8sHB", utc_offset, priority1, clock_class, accuracy,
                                              variance, priority2, identity, steps_removed, time_source)
    return message(ANNOUNCE, body + tlvs, **{"source": port_identity(identity), **header})


def tlv(kind, value=b"", length=None):
    return struct.pack(">HH", kind, len(value) if length is None else length) + value


def signaling(tlvs, target=EVERYONE, **header):
    return message(SIGNALING, target + tlvs, **{"log_interval": 0x7F, **header})


def management(management_id, data=b"", action=GET, *, target=EVERYONE, boundary_hops=0, **header):
    body = target + struct.pack(">BBBx", boundary_hops, boundary_hops, action)
    return message(MANAGEMENT, body + tlv(0x0001, struct.pack(">H", management_id) + data),
                   **{"log_interval": 0x7F, **header})


class Message(NamedTuple):
    type: int
    sdo: int
    version: int
    minor: int
    length: int
    domain: int
    flags: int
    correction_sns: int
    source: bytes
    sequence: int
    log_interval: int
    body: bytes

    @property
    def name(self):
        return NAMES.get(self.type, f"type {self.type}")

    @property
    def timestamp_ns(self):
        """The Timestamp that every message but Signaling and Management begins its body with."""
        return timestamp_ns(self.body)

    @property
    def requester(self):
        """requestingPortIdentity of the responses."""
        return self.body[10:20]

    @property
    def grandmaster(self):
        """grandmasterIdentity of an Announce."""
        return self.body[19:27]

    @property
    def steps_removed(self):
        return int.from_bytes(self.body[27:29], "big")


def parse(data):
    """A Message, or None when the bytes are not one of version 2 that is whole."""
    if len(data) < HEADER_LEN:
        return None
    first, second, length, domain, minor_sdo, flags, correction, _, source, sequence, _, log_interval = \
        _HEADER.unpack_from(data)
    if second & 0xF != 2 or length < HEADER_LEN or length > len(data):
        return None
    return Message(first & 0xF, (first >> 4) << 8 | minor_sdo, second & 0xF, second >> 4, length, domain, flags,
                   correction, source, sequence, log_interval, data[HEADER_LEN:length])
