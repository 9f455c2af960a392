#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes one HTML file of the page's parts, and C of that: embed.py OUTPUT.c PAGE.html STYLE.css SCRIPT.js...

The policy allows this very style and this very script, by their hashes, and asking the exporter itself: nothing
else is run, and nothing is loaded from anywhere."""

import base64
import hashlib
import pathlib
import sys


def hash_of(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def main(output, page, style, *scripts):
    style = pathlib.Path(style).read_text(encoding="utf-8")
    script = '"use strict";\n' + "".join(pathlib.Path(name).read_text(encoding="utf-8") for name in scripts)
    html = pathlib.Path(page).read_text(encoding="utf-8").replace("@STYLE@", style).replace("@SCRIPT@", script).encode()
    policy = "; ".join((
        "default-src 'none'", f"script-src {hash_of(script)}", f"style-src {hash_of(style)}", "connect-src 'self'",
        "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"))
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "ctl/exporter/page.h"\n\n')
        file.write(f'const char exporter_page_policy[] = "{policy}";\n')
        file.write(f"const size_t exporter_page_len = {len(html)};\n")
        file.write("const unsigned char exporter_page[] = {\n")
        for i in range(0, len(html), 20):
            file.write(",".join(map(str, html[i:i + 20])) + ",\n")
        file.write("};\n")


main(*sys.argv[1:])
