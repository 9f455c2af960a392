# SPDX-License-Identifier: GPL-2.0-or-later
"""Ethernet frames around PTP messages: 0x88F7, UDP over IPv4 and IPv6, VLAN tags; and the way back.
Anything that the standards forbid can be built too: that is what the tests need it for."""

import ipaddress
import struct
from typing import NamedTuple

from . import wire

PTP_ETHERTYPE = 0x88F7
EVENT_PORT, GENERAL_PORT = 319, 320
CHECKSUM_RIGHT, CHECKSUM_ZERO, CHECKSUM_WRONG = "right", "zero", "wrong"

_PDELAY = (wire.PDELAY_REQ, wire.PDELAY_RESP, wire.PDELAY_RESP_FOLLOW_UP)


def mac_bytes(mac):
    return mac if isinstance(mac, bytes) else bytes.fromhex(mac.replace(":", ""))


def _is_pdelay(payload):
    return bool(payload) and payload[0] & 0xF in _PDELAY


def ethernet(payload, ethertype, source_mac, destination_mac, vlans=()):
    """vlans: outermost first, each a VLAN id or (tpid, tci)."""
    tags = b""
    for i, vlan in enumerate(vlans):
        tpid, tci = vlan if isinstance(vlan, tuple) else (0x88A8 if i + 1 < len(vlans) else 0x8100, vlan)
        tags += struct.pack(">HH", tpid, tci)
    return mac_bytes(destination_mac) + mac_bytes(source_mac) + tags + struct.pack(">H", ethertype) + payload


def l2(payload, source_mac, destination_mac=None, *, vlans=(), padding=b""):
    """The default destination is the message's own multicast address (annex E)."""
    if destination_mac is None:
        destination_mac = "01:80:c2:00:00:0e" if _is_pdelay(payload) else "01:1b:19:00:00:00"
    return ethernet(payload + padding, PTP_ETHERTYPE, source_mac, destination_mac, vlans)


def _sum16(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _udp(payload, source, destination, source_port, destination_port, checksum):
    length = 8 + len(payload)
    header = struct.pack(">HHHH", source_port, destination_port, length, 0)
    value = 0
    if checksum != CHECKSUM_ZERO:
        pseudo = source.packed + destination.packed + struct.pack(">IxxxB", length, 17)
        value = ~_sum16(pseudo + header + payload) & 0xFFFF or 0xFFFF
        if checksum == CHECKSUM_WRONG:
            value ^= 0x5555
    return header[:6] + struct.pack(">H", value) + payload


def _ports(payload, source_port, destination_port):
    port = EVENT_PORT if payload and payload[0] & 0xF < 8 else GENERAL_PORT
    return source_port or port, destination_port or port


def udp4(payload, source_mac, source_ip, destination_ip=None, *, destination_mac=None, source_port=None,
         destination_port=None, ttl=1, tos=0, ip_options=b"", fragment=0, checksum=CHECKSUM_RIGHT, vlans=(),
         padding=b""):
    """ip_options are padded to words; fragment is the field of flags and offset; padding follows the packet."""
    source = ipaddress.IPv4Address(source_ip)
    destination = ipaddress.IPv4Address(destination_ip or ("224.0.0.107" if _is_pdelay(payload) else "224.0.1.129"))
    udp = _udp(payload, source, destination, *_ports(payload, source_port, destination_port), checksum)
    options = ip_options + bytes(-len(ip_options) % 4)
    words = 5 + len(options) // 4
    header = struct.pack(">BBHHHBBH4s4s", 0x40 | words, tos, words * 4 + len(udp), 0, fragment, ttl, 17, 0,
                         source.packed, destination.packed) + options
    header = header[:10] + struct.pack(">H", ~_sum16(header) & 0xFFFF) + header[12:]
    if destination_mac is None:
        if not destination.is_multicast:
            raise ValueError("a unicast destination needs its MAC")
        destination_mac = b"\x01\x00\x5e" + bytes([destination.packed[1] & 0x7F]) + destination.packed[2:]
    return ethernet(header + udp + padding, 0x0800, source_mac, destination_mac, vlans)


def udp6(payload, source_mac, source_ip, destination_ip=None, *, destination_mac=None, source_port=None,
         destination_port=None, hop_limit=1, traffic_class=0, extensions=(), checksum=CHECKSUM_RIGHT, vlans=(),
         padding=b""):
    """extensions: (protocol number, bytes behind its next-header byte) in order. Two bytes of padding belong
    behind a message on IPv6 (annex D): give them with the payload."""
    source = ipaddress.IPv6Address(source_ip)
    destination = ipaddress.IPv6Address(destination_ip or ("ff02::6b" if _is_pdelay(payload) else "ff0e::181"))
    packet, next_header = _udp(payload, source, destination,
                               *_ports(payload, source_port, destination_port), checksum), 17
    for protocol, value in reversed(extensions):
        packet, next_header = bytes([next_header]) + value + packet, protocol
    header = struct.pack(">IHBB", 6 << 28 | traffic_class << 20, len(packet), next_header, hop_limit)
    if destination_mac is None:
        if not destination.is_multicast:
            raise ValueError("a unicast destination needs its MAC")
        destination_mac = b"\x33\x33" + destination.packed[12:]
    return ethernet(header + source.packed + destination.packed + packet + padding, 0x86DD, source_mac,
                    destination_mac, vlans)


class PtpFrame(NamedTuple):
    transport: str  # "L2", "UDPv4" or "UDPv6"
    source_mac: bytes
    destination_mac: bytes
    vlans: tuple
    source_ip: str
    destination_ip: str
    checksum_ok: bool  # of UDP; True when there is none
    message: wire.Message


def parse(frame):
    """A PtpFrame, or None for anything that is not a whole PTP message without options or extensions."""
    vlans, offset = [], 12
    while frame[offset:offset + 2] in (b"\x81\x00", b"\x88\xa8"):
        vlans.append(int.from_bytes(frame[offset + 2:offset + 4], "big") & 0xFFF)
        offset += 4
    ethertype, packet = int.from_bytes(frame[offset:offset + 2], "big"), frame[offset + 2:]
    transport, source, destination, checksum_ok = "L2", "", "", True
    if ethertype == 0x0800 and len(packet) >= 28 and packet[0] == 0x45 and packet[9] == 17:
        source, destination = ipaddress.IPv4Address(packet[12:16]), ipaddress.IPv4Address(packet[16:20])
        transport, packet = "UDPv4", packet[20:int.from_bytes(packet[2:4], "big")]
    elif ethertype == 0x86DD and len(packet) >= 48 and packet[6] == 17:
        source, destination = ipaddress.IPv6Address(packet[8:24]), ipaddress.IPv6Address(packet[24:40])
        transport, packet = "UDPv6", packet[40:40 + int.from_bytes(packet[4:6], "big")]
    elif ethertype != PTP_ETHERTYPE:
        return None
    if transport != "L2":
        if int.from_bytes(packet[2:4], "big") not in (EVENT_PORT, GENERAL_PORT):
            return None
        if packet[6:8] != b"\0\0":
            pseudo = source.packed + destination.packed + struct.pack(">IxxxB", len(packet), 17)
            checksum_ok = _sum16(pseudo + packet) == 0xFFFF
        packet = packet[8:]
    message = wire.parse(packet)
    if message is None:
        return None
    return PtpFrame(transport, frame[6:12], frame[:6], tuple(vlans), str(source), str(destination), checksum_ok,
                    message)
