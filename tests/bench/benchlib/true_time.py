# SPDX-License-Identifier: GPL-2.0-or-later
"""The true time error of clocks while programs use them: what each shows less what a reference shows, at the same
moments, without asking a program and without a message on any wire (time_sampler.c)."""

from benchlib.built import built
from benchlib.own_clock import OwnClock
from harness.process import Process


def _source(clock):
    return f"own:{clock.path}" if isinstance(clock, OwnClock) else f"bpf:{clock.pid}"


class _Sampler(Process):
    def __init__(self, argv, names):
        self.samples = []
        self._names = names
        super().__init__(argv, name="time-sampler")

    def on_line(self, line):
        words = line.text.split()
        # Else it is a complaint, for tail().
        if len(words) == 1 + len(self._names) and words[0].isdigit():
            errors = (None if word == "-" else float(word) for word in words[1:])
            self.samples.append((int(words[0]), dict(zip(self._names, errors))))


class TrueTime:
    """Samples within the block, rate_hz times a second at irregular times. `reference` is an OwnClock, and so is each
    of `sources` ({name: source}), or a running EbpfBc, whose time is its virtual clock.

    `samples` grows meanwhile: [(mono_ns, {name: error_ns})]; None while the source has no clock or has ended. Whole
    seconds are taken away from an error, since the time scales of clocks may differ by 37 of them."""

    def __init__(self, reference, sources, rate_hz=20):
        self._arguments = [built("time-sampler"), rate_hz, _source(reference), *map(_source, sources.values())]
        self._names = list(sources)
        self._sampler = None

    @property
    def samples(self):
        return self._sampler.samples if self._sampler else []

    def series(self, name, since_mono_ns=0):
        """[(mono_ns, error_ns)] of one source, without the times when it had no clock."""
        return [(mono_ns, errors[name]) for mono_ns, errors in list(self.samples)
                if mono_ns >= since_mono_ns and errors[name] is not None]

    def __enter__(self):
        self._sampler = _Sampler(self._arguments, self._names)
        return self

    def __exit__(self, kind, *_):
        was_running = self._sampler.is_running()
        self._sampler.stop()
        if not was_running and kind is None:
            raise RuntimeError(f"the sampler ended early:\n{self._sampler.tail()}")
