# SPDX-License-Identifier: GPL-2.0-or-later
"""The page in a browser: what it shows of a boundary clock, of a transparent clock and of none; that what comes from
the network is never markup; that nothing is loaded from elsewhere."""

import html.parser
import json
import re
import shutil
import subprocess
import unittest

from unit.exporter import double
from unit.exporter.rig import Case, value

CHROMIUM = shutil.which("chromium")
LIMIT_S = 120
VOID = {"meta", "link", "br", "hr", "img", "input"}
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--enable-logging=stderr", "--virtual-time-budget=4000")


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, dict(attributes), parent, []

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag=None, **attributes):
        """Descendants; class_ matches one of the classes."""
        for child in self.children:
            if isinstance(child, Node):
                if tag in (None, child.tag) and all(
                        value in child.attributes.get("class", "").split() if name == "class_"
                        else child.attributes.get(name) == value for name, value in attributes.items()):
                    yield child
                yield from child.all(tag, **attributes)

    def one(self, tag=None, **attributes):
        return next(self.all(tag, **attributes))

    @property
    def is_hidden(self):
        return "hidden" in self.attributes


class Tree(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.root = self.now = Node("", {}, None)
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        node = Node(tag, attrs, self.now)
        self.now.children.append(node)
        if tag not in VOID:
            self.now = node

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.now.tag == tag, (self.now.tag, tag)
            self.now = self.now.parent

    def handle_data(self, data):
        self.now.children.append(data)


@unittest.skipUnless(CHROMIUM, "no chromium here: packaging/install-deps installs it")
class Page(Case):
    def show(self, clock, *, width=1400, before=None):
        """The page's elements as a browser has them, with this daemon; nothing was loaded but from the exporter."""
        daemon = self.start_double(clock) if clock else None
        exporter = self.start()
        if before:
            before(exporter, daemon)
        origin, log = f"http://127.0.0.1:{exporter.port}", self.folder / "net.json"
        done = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={self.folder / 'browser'}", f"--log-net-log={log}",
                               f"--window-size={width},1000", "--dump-dom", origin + "/"],
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("CONSOLE", done.stderr)
        self.check_loaded(log, origin)
        return Tree(done.stdout).root

    def check_loaded(self, log, origin):
        """The browser asks its maker for things, too; what counts is what the page made it ask for."""
        asked = set()
        with open(log, encoding="utf-8") as file:
            for event in json.load(file)["events"]:
                parameters = event.get("params", {})
                if "url" in parameters and parameters.get("initiator", "not an origin") != "not an origin":
                    asked.add(re.sub(r"\?since=\d+$", "", parameters["url"]))
        self.assertEqual(asked, {origin + "/status.json"})

    def cards(self, page, side):
        return {card.one(class_="name").attributes["title"]: card
                for card in page.one("div", class_=side).all("li", class_="port")}

    def test_of_a_boundary_clock_it_shows_all_and_takes_nothing_for_markup(self):
        clock = double.Clock()
        clock.alarms = [{"kind": "port_faulty", "port": double.HOSTILE, "text": "<img src=x onerror=alert(1)>",
                         "since_mono_ns": clock.now_mono_ns() - 120 * double.NS}]
        page = self.show(clock)
        self.assertIn("locked", page.one("title").text)
        self.assertIn("Locked", page.one(id="state").text)
        self.assertIn("\u221234\u202fns", page.one(id="offset").one(class_="big").text)
        self.assertIn("aabbcc.fffe.ddeeff", page.one(id="grandmaster").text)
        self.assertIn("class 6", page.one(id="grandmaster").text)
        self.assertRegex(page.one(id="time").one(class_="big").text, r"^\d\d:\d\d:\d\d$")
        upstream, downstream = self.cards(page, "upstream"), self.cards(page, "downstream")
        self.assertEqual((list(upstream), list(downstream)), (["eth0"], ["eth1", double.HOSTILE]))
        self.assertTrue(page.one("div", class_="aside").is_hidden)
        self.assertIn("SLAVE", upstream["eth0"].text)
        self.assertIn("follows aabbcc.fffe.ddeeff-1", upstream["eth0"].text)
        self.assertIn("MASTER", downstream[double.HOSTILE].text)
        self.assertIn(double.HOSTILE, downstream[double.HOSTILE].text)
        alarms = [item.text for item in page.one(id="alarms").all("li")]
        self.assertEqual(len(alarms), 1)
        self.assertIn(f"port faulty, {double.HOSTILE}<img src=x onerror=alert(1)> (for 2\u202fmin)", alarms[0])
        self.assertIn("<script>document.title='taken'</script>", page.one(id="log").text)
        self.assertEqual([len(list(page.all(tag))) for tag in ("script", "img", "b")], [1, 0, 0])
        self.assertTrue(page.one(id="residences").is_hidden)
        self.assertTrue(page.one(id="banner").is_hidden)
        self.assertIn("live", page.one(id="pulse").text)
        # Three minutes of eight a second, drawn.
        self.assertGreater(len(re.findall("[ML]", page.one(class_="trace").one("path", class_="curve").attributes["d"])), 300)
        self.assertGreater(len(re.findall("L", page.one(class_="ccdf").one("path", class_="curve").attributes["d"])), 20)
        self.assertIn("99\u202f% below", page.one(class_="trace").one("svg").attributes["aria-label"])

    def test_of_a_transparent_clock_it_shows_residences(self):
        page = self.show(double.Clock(("gm0", "c1", "c,2"), "E2E_TC"), width=420)
        self.assertIn("Forwarding", page.one(id="state").text)
        self.assertTrue(page.one(id="offset").is_hidden)
        self.assertTrue(page.one(id="offsets").is_hidden)
        self.assertTrue(page.one(id="time").is_hidden)
        self.assertEqual((list(self.cards(page, "upstream")), list(self.cards(page, "downstream"))),
                         (["gm0"], ["c1", "c,2"]))
        rows = [row for row in page.one("tbody").all("tr") if row.attributes.get("class") != "axis"]
        self.assertEqual(sorted((row.one("td").text, list(row.all("td"))[1].text) for row in rows),
                         [("c,2 \u2192 gm0", "delay_req"), ("c1 \u2192 gm0", "delay_req"), ("gm0 \u2192 c,2", "sync"),
                          ("gm0 \u2192 c1", "sync")])
        for row in rows:
            self.assertGreater(len(list(row.all("rect", class_="bar"))), 5)
            self.assertRegex(row.one("td", **{"data-name": "p50"}).text, r"^[1-9]\.\d+\u202f\u00b5s$")
        self.assertIn("no alarms", page.one(id="alarms").text)

    def test_ports_that_neither_take_nor_give_time_are_apart(self):
        clock = double.Clock(("eth0", "eth1", "eth2", "eth3"))
        port, states = clock.port, ("SLAVE", "MASTER", "FAULTY", "LISTENING")
        clock.port = lambda i: {**port(i), "state": states[i]}
        page = self.show(clock)
        self.assertEqual([list(self.cards(page, side)) for side in ("upstream", "downstream", "aside")],
                         [["eth0"], ["eth1"], ["eth2", "eth3"]])
        self.assertFalse(page.one("div", class_="aside").is_hidden)

    def test_without_a_daemon_it_says_so(self):
        page = self.show(None)
        self.assertIn("No daemon", page.one(id="state").text)
        self.assertIn("no daemon there", page.one(id="banner").text)
        self.assertFalse(page.one(id="banner").is_hidden)
        self.assertIn("no daemon", page.one(id="pulse").text)

    def test_what_was_measured_before_the_daemon_went_stays_to_be_seen(self):
        def lose(exporter, daemon):
            exporter.metrics()
            daemon.close()
            exporter.wait_for(lambda now: value(now, "ebpf_bc_up") == 0)
        page = self.show(double.Clock(), before=lose)
        self.assertIn("No daemon", page.one(id="state").text)
        self.assertGreater(len(page.one(class_="trace").one("path", class_="curve").attributes["d"]), 1000)
        self.assertTrue(page.one(id="map").is_hidden)


class Source(Case):
    def test_the_page_names_no_other_resource(self):
        text = self.start().request("/")[2]
        self.assertNotRegex(text, r"(?i)\bsrc=|@import|url\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(")
        self.assertEqual(re.findall(r"(?i)href=\"([^\"]*)", text), ["data:,"])
        self.assertEqual(set(re.findall(r"https?://[^\"' ]+", text)), {"http://www.w3.org/2000/svg"})
