#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the texts of this tree point to is there: test_links.py TREE. Links of README.md and its like (files, and
headings in them), files of the tree that any text names in backquotes, and this project's manual pages."""

import pathlib
import re
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\s]+)[^`\n]*`")
PAGE = re.compile(r"\b(ebpf-bc[a-z.-]*)(?:\*\*)?\\?\((\d)\)")
HEADING = re.compile(r"^#+ (.*)$", re.M)
# What a build, an editor or another program makes is not in the tree.
NOT_HERE = ("build", "build-asan")


def anchor(heading):
    """As the web pages of version control make them."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def link_faults(tree, path, text):
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        file = path.parent / name if name else path
        if not file.exists():
            yield f"links to {target}, which is not there"
        elif fragment and fragment not in map(anchor, HEADING.findall(file.read_text(encoding="utf-8"))):
            yield f"links to {target}, which has no such heading"


def quoted_faults(tree, path, text):
    folders = {entry.name for entry in tree.iterdir() if entry.is_dir() and entry.name not in NOT_HERE}
    for word in QUOTED.findall(text):
        word = word.rstrip(".,:;")
        if "/" not in word or word.split("/")[0] not in folders or re.search(r"[<>{}A-Z]{3}|=", word):
            continue
        # `bc/engine/port` may stand for a pair of files.
        if not any(tree.glob(word.rstrip("/"))) and not any(tree.glob(word + ".*")):
            yield f"names `{word}`, which is not there"


def page_faults(tree, path, text):
    for name, section in set(PAGE.findall(text)):
        if not (tree / "docs" / "man" / f"{name}.{section}.rst").exists():
            yield f"names {name}({section}), which has no page"


def main():
    tree = pathlib.Path(sys.argv[1])
    markdown = [*tree.glob("*.md"), *tree.glob("docs/*.md"), *tree.glob("tc/*.md"), *tree.glob("tests/*/*.md"),
                *tree.glob("packaging/*/*.md")]
    faults = []
    for path in markdown + [*tree.glob("docs/man/*.rst")]:
        text = path.read_text(encoding="utf-8")
        checks = [page_faults] if path.suffix == ".rst" else [link_faults, quoted_faults, page_faults]
        faults += [f"{path.relative_to(tree)} {fault}" for check in checks for fault in check(tree, path, text)]
    for page in tree.glob("docs/man/*.rst"):
        name, section = re.match(r"(.*)\.(\d)\.rst", page.name).groups()
        if f"['{name}', '{section}']" not in (tree / "docs" / "man" / "meson.build").read_text(encoding="utf-8"):
            faults.append(f"docs/man/{page.name} is not built: docs/man/meson.build does not list it")
    for number, fault in enumerate(faults, 1):
        print(f"not ok {number} - {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
