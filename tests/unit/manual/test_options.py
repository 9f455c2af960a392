#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bc.conf(5) has an entry for every option, whose first lines are what the program's own table says of scope,
values, default and status: test_options.py PROGRAM PAGE.

With --write those lines, and the list of what has no effect, are brought into line; descriptions are written by hand."""

import pathlib
import re
import subprocess
import sys
import textwrap

ENTRY = re.compile(r"^\*\*(?P<name>[A-Za-z0-9_.]+)\*\*\n(?P<facts>(?:    .*\n)+)\n(?P<text>(?:    .*\n)*)", re.M)
LIST = re.compile(r"(\.\. what has no effect: begin\n\n)(.*?)(\.\. what has no effect: end\n)", re.S)
STATUS = {"no effect": "No effect", "substituted": "The default is used instead, with a warning", "refused": "Refused"}


class Option:
    def __init__(self, row):
        self.name, self.scope, self.type, self.range, self.default, self.status, self.reason = row
        self.odd_values = []

    def _values(self):
        if self.type == "switch":
            return "0 or 1"
        if self.type == "word":
            return self.range.replace("|", ", ")
        if self.range:
            low, high = self.range.split("..")
            return f"{'' if self.type == 'integer' else self.type + ' '}{low} to {high}"
        return self.type

    def facts(self):
        text = f"{self.scope.capitalize()}; {self._values()}; default {self.default or 'empty'}."
        if self.status != "implemented":
            text += f" {STATUS[self.status]}."
        return paragraph(text)

    def oddities(self):
        """Rows (what is written, its status, the reason) of the list."""
        rows = [(self.name, self.status, self.reason)] if self.status != "implemented" else []
        return rows + [(f"{self.name} {value}", status, reason) for value, status, reason in self.odd_values]


def paragraph(text):
    return textwrap.fill(text, 118, initial_indent="    ", subsequent_indent="    ", break_long_words=False,
                         break_on_hyphens=False) + "\n"


def read_table(program):
    options, aliases = {}, []
    for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
        words = line.split("\t")
        if words[0] == "=":
            option.odd_values.append(words[1:])
        elif words[0] == "alias":
            aliases.append(words[1:])
        else:
            option = options[words[0]] = Option(words)
    return options, aliases


def odd_list(options):
    n_used = sum(option.status == "implemented" for option in options.values())
    text = f"{n_used} of {len(options)} options have their effect. The others, and values that are not used:\n\n"
    for option in options.values():
        for what, status, reason in option.oddities():
            text += f"**{what}**\n{paragraph(f'{STATUS[status]}: {reason}.')}\n"
    return text


def main():
    is_writing = "--write" in sys.argv
    program, page = (argument for argument in sys.argv[1:] if argument != "--write")
    options, aliases = read_table(program)
    path = pathlib.Path(page)
    text = path.read_text(encoding="utf-8")
    head, found_list = text[:text.index("UNICAST MASTER TABLES\n=")], LIST.search(text)
    entries = {}
    faults = []
    for match in ENTRY.finditer(head):
        if match["name"] in entries:
            faults.append(f"{match['name']} has two entries")
        entries[match["name"]] = match
    faults += [f"{name} has no entry" for name in options if name not in entries]
    faults += [f"{name} is no option" for name in entries if name not in options]
    faults += [f"{name} has no description" for name, match in entries.items() if len(match["text"].split()) < 3]
    faults += [f"{what} has no reason" for option in options.values() for what, _, reason in option.oddities() if not reason]
    faults += [f"old name {old} is not told" for old, new in aliases if f"*{old}* is\n*{new}*" not in text
               and f"*{old}* is *{new}*" not in text]
    if is_writing and not faults:
        head = ENTRY.sub(lambda match: f"**{match['name']}**\n{options[match['name']].facts()}\n{match['text']}", head)
        text = head + text[len(text[:text.index("UNICAST MASTER TABLES\n=")]):]
        path.write_text(LIST.sub(lambda match: match[1] + odd_list(options) + match[3], text), encoding="utf-8")
    elif not is_writing:
        faults += [f"{name}: the facts differ from the program's; --write mends it" for name, match in entries.items()
                   if name in options and match["facts"] != options[name].facts()]
        if not found_list or found_list[2] != odd_list(options):
            faults.append("the list of what has no effect differs from the program's; --write mends it")
    for number, fault in enumerate(faults, 1):
        print(f"not ok {number} - {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
