"""Lets python-fido2, and its own device tests, use what `cardea-sim` plays.

As a module it is of use to any program that is written with python-fido2:

    import fido2.hid, cardea_sim
    device = fido2.hid.CtapHidDevice(cardea_sim.descriptor(path), cardea_sim.Connection(path))

As a pytest plugin (`-p cardea_sim`) it gives the device tests a key at a socket (`--key`), the
scripted person at a control socket (`--hand`), and writes down what became of each test
(`--record`).
"""

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fido2.hid
import pytest
from fido2.hid.base import CtapHidConnection, HidDescriptor

REPORT = 64


class Connection(CtapHidConnection):
    """CTAPHID over the socket of `cardea-sim key`: one message is one report."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)

    def read_packet(self):
        report = self.socket.recv(REPORT)
        if len(report) != REPORT:
            raise OSError("the key was unplugged")
        return report

    def write_packet(self, data):
        self.socket.send(data)

    def close(self):
        self.socket.close()


def descriptor(path):
    """What the device node of such a key would say."""
    return HidDescriptor(path, 0, 0, REPORT, REPORT, "cardea-sim", None)


def is_plugged_in(path):
    """An unplugged key hangs up at once; one that is plugged in answers."""
    try:
        connection = Connection(path)
        try:
            init = b"\xff\xff\xff\xff\x86\x00\x08" + os.urandom(8)
            connection.write_packet(init.ljust(REPORT, b"\0"))
            return len(connection.read_packet()) == REPORT
        finally:
            connection.close()
    except OSError:
        return False


class Hand:
    """The scripted person, at the control socket of `cardea-sim`."""

    def __init__(self, path):
        self.path = path

    def do(self, line):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.path)
            control.sendall(line.encode() + b"\n")
            answer = control.makefile().readline().strip()
        if answer != "ok":
            raise RuntimeError(f"{line}: {answer}")


def hand_server(hand):
    """The device tests move their authenticator through a small web service, by which their makers
    drive a robot: `/usb6/touch/on`, `/usb6/power/off` and so on. This is that service."""
    acts = {"touch/on": "touch", "power/on": "insert", "power/off": "remove"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            act = acts.get(self.path.partition("/usb6/")[2])
            try:
                # `touch/off`, and a look whether anybody is there, ask for nothing.
                if act is not None:
                    hand.do(act)
                self.send_response(200)
            except (OSError, RuntimeError) as error:
                self.send_response(409, str(error))
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def pytest_addoption(parser):
    parser.addoption("--key", help="socket of cardea-sim key")
    parser.addoption("--hand", help="control socket of cardea-sim")
    parser.addoption("--record", help="file for what became of each test, a line of JSON each")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Before the device tests take these three functions for themselves."""
    key = early_config.known_args_namespace.key
    if key:
        fido2.hid.list_descriptors = lambda: [descriptor(key)] if is_plugged_in(key) else []
        fido2.hid.get_descriptor = descriptor
        fido2.hid.open_connection = lambda opened: Connection(opened.path)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    hand = config.getoption("hand")
    if hand:
        server = hand_server(Hand(hand))
        config.option.controller = "http://127.0.0.1:%d" % server.server_address[1]
    record = config.getoption("record")
    if record:
        config.pluginmanager.register(Record(record))


class Record:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    def pytest_runtest_logreport(self, report):
        # A test has three phases. What passes before and after it is not worth a line.
        if report.passed and report.when != "call":
            return
        why = report.longrepr[2] if report.skipped else report.longreprtext
        line = {"test": report.nodeid, "outcome": report.outcome, "why": why}
        print(json.dumps(line), file=self.file, flush=True)
