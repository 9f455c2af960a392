# SPDX-License-Identifier: GPL-2.0-or-later
"""linuxptp's pmc, asked one request after the other, each until all of its answers have come.

With requests as arguments pmc ends after 100 ms of silence, and sends them however many answers wait: a clock that
stands still for a moment has not answered then, or has no room for its answers. So it is asked as by a person. That
all answers have come is known by those to a second request, since a clock answers in turn."""

import os
import re
import socket
from typing import NamedTuple

from . import session
from .process import Process

LIMIT_S = 20
# One field: an answer is complete with it.
_LAST_REQUEST, _LAST_FIELD = "GET DOMAIN", "domainNumber"
_HEAD = re.compile(r"^\t(\S+) seq (\d+) (RESPONSE|ACKNOWLEDGE) (?:MANAGEMENT )?(\S+)")


class Answer(NamedTuple):
    clock: str  # the identity, without the port
    name: str
    fields: dict  # {name: text}


class Pmc(Process):
    """`server` is a clock's socket, or None: the network at eth0 then."""

    def __init__(self, server, *, transport="-u", hops=0, namespace=None):
        own_path = os.path.join(session.current().directory, session.current().unique("pmc"))
        where = ["-s", server, "-i", own_path] if server else ["-i", "eth0"]
        # What it reads at one go must be one request.
        self._requests, standard_input = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._n_sent = 0
        with standard_input:
            super().__init__(["pmc", transport, "-b", str(hops), *where], namespace=namespace, stdin=standard_input)

    def _send(self, request):
        self._requests.send(f"{request}\n".encode())
        self._n_sent += 1
        return str(self._n_sent - 1)

    def _answers(self, sequence, start):
        """Those to one request, of what was printed from line `start` on."""
        answers, is_wanted = [], False
        for line in self.lines[start:]:
            if head := _HEAD.match(line.text):
                is_wanted = head[2] == sequence
                if is_wanted:
                    answers.append(Answer(head[1].rpartition("-")[0], head[4], {}))
            elif is_wanted and line.text.startswith("\t\t"):
                name, _, value = line.text.strip().partition(" ")
                answers[-1].fields[name] = value.strip()
        return answers

    def ask(self, request, clocks=1):
        """The answers. `clocks` are those that must have answered: their identities, or how many."""
        start, asked, last = len(self.lines), self._send(request), self._send(_LAST_REQUEST)

        def have_all():
            done = {answer.clock for answer in self._answers(last, start) if _LAST_FIELD in answer.fields}
            return len(done) >= clocks if isinstance(clocks, int) else done >= set(clocks)
        self.wait_until(have_all, LIMIT_S, f"all answers to {request}")
        return self._answers(asked, start)

    def stop(self, *arguments):
        status = super().stop(*arguments)
        self._requests.close()
        return status


def ask(server, *requests, clocks=1, **options):
    """The answers to all requests, in their order, by a pmc of their own."""
    with Pmc(server, **options) as pmc:
        return [answer for request in requests for answer in pmc.ask(request, clocks)]
