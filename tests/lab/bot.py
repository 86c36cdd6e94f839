#!/usr/bin/env python3
"""bot.py: the life of a bot in the lab (Mihara et al., Figure 2), or of a person on a chat network: nothing but lookups, an
IRC session, and downloads from servers in namespaces. usage: bot.py TITLE SOURCE RESOLVER CHANNEL FETCH SERVER...

A SERVER is name/irc/port or name/http/port: the first tells what to fetch, the last is joined afterwards, for the
time of one ping. FETCH: name or address, for what the Host field of a download has."""
import os
import re
import socket
import struct
import sys

TITLE, SOURCE, RESOLVER, CHANNEL, FETCH = sys.argv[1:6]
SERVERS = [server.split("/") for server in sys.argv[6:]]


def skip_name(message, at):
    while message[at] and message[at] < 0xc0:
        at += message[at] + 1
    return at + (2 if message[at] else 1)


def lookup(name):
    """The first address that the resolver answers with, by packets of our own."""
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    ident = os.urandom(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((SOURCE, 0))
        s.settimeout(2)
        for _ in range(3):
            s.sendto(ident + struct.pack(">5H", 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 1, 1), (RESOLVER, 53))
            try:
                message = s.recv(4096)
                break
            except socket.timeout:
                pass
        else:
            sys.exit("%s: no answer for %s" % (TITLE, name))
    at = skip_name(message, 12) + 4
    for _ in range(struct.unpack(">H", message[6:8])[0]):
        at = skip_name(message, at)
        kind, size = struct.unpack(">H6xH", message[at:at + 10])
        at += 10 + size
        if kind == 1:
            return socket.inet_ntoa(message[at - 4:at])
    sys.exit("%s: no address for %s" % (TITLE, name))


def connect(ip, port):
    return socket.create_connection((ip, int(port)), 20, (SOURCE, 0))


def get(ip, port, host, path):
    with connect(ip, port) as s:
        s.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/4.0\r\nConnection: close\r\n\r\n" % (path, host)).encode())
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        sys.exit("%s: http://%s%s: %r" % (TITLE, host, path, head[:60]))
    return body


class Irc:
    def __init__(self, ip, port):
        self.socket = connect(ip, port)
        self.lines = self.socket.makefile("rb")
        nick = re.sub("[^a-z0-9]", "", TITLE.lower())[:8]
        self.say("NICK %s\r\nUSER %s 0 * :%s" % (nick, nick, nick))
        self.until(" 376 ", " 422 ")

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def until(self, *words):
        """Answers pings up to the line that has one of these; returns it."""
        for line in self.lines:
            text = line.decode().strip()
            if text.startswith("PING"):
                self.say("PONG" + text[4:])
            if any(word in text for word in words):
                return text
        sys.exit("%s: the IRC server hung up" % TITLE)

    def join(self, channel):
        self.say("JOIN " + channel)
        return self.until(" 332 ", " 366 ")



def order(name, protocol, port):
    """What the first server says."""
    if protocol == "http":
        return get(lookup(name), port, "%s:%s" % (name, port), "/gate.php?ch=" + CHANNEL.strip("#")).decode()
    irc = Irc(lookup(name), port)
    text = irc.join(CHANNEL)
    irc.say("QUIT")
    return text


def fetch(url):
    host, path = re.match("http://([^/]+)(/.*)", url).groups()
    ip = lookup(host)
    size = len(get(ip, 80, ip if FETCH == "address" else host, path))
    if not 27 * 1024 <= size <= 314 * 1024:
        sys.exit("%s: %s: %d bytes" % (TITLE, url, size))


def settle(name, protocol, port):
    if protocol == "http":
        get(lookup(name), port, "%s:%s" % (name, port), "/gate.php?ch=none")
        return
    irc = Irc(lookup(name), port)
    irc.join("#room")
    irc.until("PING")
    irc.say("QUIT")


if len(SERVERS) > 1:
    for address in re.findall(r"http://\S+", order(*SERVERS[0])):
        fetch(address)
settle(*SERVERS[-1])
