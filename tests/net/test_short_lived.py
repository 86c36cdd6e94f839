#!/usr/bin/env python3
"""test_short_lived.py: a thousand processes in a row that live for one packet. Each carries a number in its arguments
and in the name it asks for, so that a wrong process shows."""
import signal

from lab import Fail, Sensor, address, case, check, main, until, want

N = 1000

# A process that asks and exits without waiting for an answer: spawner SERVER4 SERVER6 FIRST N.
SPAWNER = r"""
#include <arpa/inet.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* child NUMBER SERVER: even numbers use sendto, odd ones connect and send. */
static int child(const char *number, const char *server)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(53) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(53) };
	int v6 = strchr(server, ':') != NULL, fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	struct sockaddr *to = v6 ? (void *)&to6 : (void *)&to4;
	socklen_t size = v6 ? sizeof(to6) : sizeof(to4);
	char q[64] = "\0\0\1\0\0\1\0\0\0\0\0\0";
	int n = 12 + sprintf(q + 13, "n%s", number) + 1;

	q[12] = n - 13;
	memcpy(q + n, "\4life\0\0\1\0\1", 10);
	n += 10;
	inet_pton(to->sa_family, server, v6 ? (void *)&to6.sin6_addr : (void *)&to4.sin_addr);
	if (atoi(number) / 2 % 2)
		return connect(fd, to, size) || send(fd, q, n, 0) != n;
	return sendto(fd, q, n, 0, to, size) != n;
}

int main(int argc, char **argv)
{
	extern char **environ;
	int first = argc > 4 ? atoi(argv[3]) : 0, n = argc > 4 ? atoi(argv[4]) : 0, status, wrong = 0;

	if (argc == 3)
		return child(argv[1], argv[2]);
	printf("%d\n", getpid());
	for (int i = first; i < first + n; i++) {
		char number[16];
		char *args[] = { argv[0], number, argv[1 + i % 2], NULL };
		pid_t pid;

		sprintf(number, "%d", i);
		if (posix_spawn(&pid, argv[0], NULL, NULL, args, environ) || waitpid(pid, &status, 0) != pid || status)
			wrong++;
		printf("%d %d\n", i, pid);
	}
	return wrong != 0;
}
"""


def compare(sensor, program, servers, spawned):
    """Each query of the spawned against its process. Returns how many have none; a wrong one is a failure."""
    unknown = []
    asked = {"n%d.life" % number: (number, pid, parent) for number, pid, parent in spawned}

    def queries():
        return sensor.find(lambda e: e["event"]["action"] == "dns-query" and e["dns"]["question"]["name"] in asked)

    until(lambda: len(queries()) >= len(asked), 20)
    found = queries()
    missing = sorted(number for name, (number, _, _) in asked.items()
                     if name not in {e["dns"]["question"]["name"] for e in found})
    check(not missing, "queries not seen: %d," % len(missing), missing)
    want(len(found), len(asked), "queries")
    want(len({e["dns"]["question"]["name"] for e in found}), len(asked), "names")
    for e in found:
        number, pid, parent = asked[e["dns"]["question"]["name"]]
        p = e.get("process")
        if not p:
            unknown.append(number)
            continue
        want((p["pid"], p["parent"]["pid"], p.get("command_line"), p.get("executable"), p.get("name")),
             (pid, parent, "%s %d %s" % (program, number, servers[number % 2]), program, "lives"),
             "process of %d" % number)
        want(e["network"]["type"], ("ipv4", "ipv6")[number % 2], "network.type")
    print("# unknown: %d of %d" % (len(unknown), len(asked)))
    if len(unknown) > 1:
        raise Fail("processes not known: %s" % unknown)


def spawned_by(text):
    parent, *lines = text.split("\n")
    return [(*map(int, line.split()), int(parent)) for line in lines if line]


def wait_for_way(lab, ns, server):
    """Until packets get there: while the neighbour is not known yet, only a few of them wait for it."""
    with lab.socket(ns, 6 if ":" in server else 4) as s:
        s.settimeout(0.2)
        s.connect((server, 9))  # closed: an ICMP error says that a packet arrived

        def refused():
            try:
                s.send(b"x")
                s.recv(1)
            except ConnectionRefusedError:
                return True
            except OSError:
                return False

        check(until(refused), "no way to", server)


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    lab.link(ns, "eth0", outside, "up0", 2)
    servers = [address(2, 2), address(2, 2, 6)]
    sinks = [lab.socket(outside, family) for family in (4, 6)]
    for sink, server in zip(sinks, servers):
        sink.bind((server, 53))  # unread: no ICMP errors come back
        wait_for_way(lab, ns, server)
    program = lab.compile("lives", SPAWNER)
    sensor = Sensor(lab, ns, ["eth0"])
    with case("%d processes of one packet each, one after the other" % N):
        done = lab.run(ns, [program, *servers, "0", str(N)], timeout=60)
        want(done.status, 0, "the spawner's exit status")
        compare(sensor, program, servers, spawned_by(done.out))
    with case("%d processes of one packet each, four at a time" % N):
        spawners = [lab.spawn(ns, [program, *servers, str(N * (i + 1)), str(N // 4)]) for i in range(4)]
        texts = [s.communicate(timeout=60)[0].decode() for s in spawners]
        compare(sensor, program, servers, [s for text in texts for s in spawned_by(text)])
    with case("no process is made up for packets of a socket in another namespace"):
        with lab.socket(outside) as s:
            s.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0\7outside\4life\0\0\1\0\1", (address(2, 1), 53))
        e = sensor.about("outside.life", 1)[0]
        check("process" not in e, "a process:", e)
    with case("the ledger has them all and lost none"):
        ledger = sensor.settle()["ledger"]
        want((ledger["dns"], ledger["lost_bulk"]), (2 * N + 1, 0), "dns, lost_bulk")
        want(sensor.stop(signal.SIGTERM), 0, "exit status")


if __name__ == "__main__":
    main(test)
