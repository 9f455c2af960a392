# SPDX-License-Identifier: GPL-2.0-or-later
"""A strict reader of the Prometheus text format 0.0.4: whatever a lenient one would pass over is an error here."""

import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)$")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$|[-+]Inf$")
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Malformed(Exception):
    pass


class Family:
    def __init__(self, name, kind, text):
        self.name, self.kind, self.help = name, kind, text
        self.samples = {}  # {(sample name, ((label, value), ...)): value}


def _labels(text):
    labels, at = [], 0
    while at < len(text):
        match = _LABEL.match(text, at)
        if not match:
            raise Malformed(f"labels: {text!r}")
        labels.append((match[1], re.sub(r'\\["\\n]', lambda m: _ESCAPES[m[0]], match[2])))
        at = match.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise Malformed(f"labels: {text!r}")
            at += 1
    if len({name for name, _ in labels}) != len(labels):
        raise Malformed(f"a label twice: {text!r}")
    return tuple(labels)


def _check_histogram(family):
    """The buckets of each series rise, the last is +Inf and equals the count."""
    series = {}
    for (name, labels), value in family.samples.items():
        rest = tuple(label for label in labels if label[0] != "le")
        one = series.setdefault(rest, {"buckets": []})
        if name.endswith("_bucket"):
            one["buckets"].append((float(dict(labels)["le"]), value))
        else:
            one[name[len(family.name):]] = value
    for one in series.values():
        bounds, counts = zip(*one["buckets"])
        if list(bounds) != sorted(set(bounds)) or list(counts) != sorted(counts) or bounds[-1] != float("inf"):
            raise Malformed(f"{family.name}: buckets {one['buckets']}")
        if counts[-1] != one["_count"] or "_sum" not in one:
            raise Malformed(f"{family.name}: count {one}")


def parse(text):
    """{family name: Family}; raises Malformed."""
    families, current, helped = {}, None, None
    if not text.endswith("\n"):
        raise Malformed("no newline at the end")
    for line in text.split("\n")[:-1]:
        if match := re.match(rf"# HELP ({_NAME}) (.+)$", line):
            if helped or match[1] in families:
                raise Malformed(f"HELP twice or alone: {line!r}")
            helped = match
        elif match := re.match(rf"# TYPE ({_NAME}) (counter|gauge|histogram)$", line):
            if not helped or helped[1] != match[1]:
                raise Malformed(f"TYPE without its HELP: {line!r}")
            current = families[match[1]] = Family(match[1], match[2], helped[2])
            helped = None
        elif match := _SAMPLE.match(line):
            suffixes = ("_bucket", "_sum", "_count") if current and current.kind == "histogram" else ("",)
            if not current or helped or match[1] not in [current.name + suffix for suffix in suffixes]:
                raise Malformed(f"a sample of another family: {line!r}")
            if not _NUMBER.match(match[3]):
                raise Malformed(f"no number: {line!r}")
            if match[2] == "":
                raise Malformed(f"empty labels: {line!r}")
            key = (match[1], tuple(sorted(_labels(match[2] or ""))))
            if key in current.samples:
                raise Malformed(f"a series twice: {line!r}")
            current.samples[key] = float(match[3])
        else:
            raise Malformed(f"what is this: {line!r}")
    for family in families.values():
        if not family.samples:
            raise Malformed(f"{family.name} has no sample")
        if family.kind == "counter" and (not family.name.endswith("_total") or min(family.samples.values()) < 0):
            raise Malformed(f"{family.name}: no name or no value of a counter")
        if family.kind == "histogram":
            _check_histogram(family)
    return families
