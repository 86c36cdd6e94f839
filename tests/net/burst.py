"""burst.py: many lookups in little time, by a program of C."""
import json

from lab import want

# sender SERVER N EVERY PAUSE_US FIRST: N queries, EVERY of them at a time. A veth drops what its receiver does not
# take in time, hence the pause.
SENDER = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(53) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(53) };
	int v6 = strchr(argv[1], ':') != NULL, n = atoi(argv[2]), every = atoi(argv[3]);
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	static char query[64][64];
	static struct iovec parts[64];
	static struct mmsghdr all[64];

	inet_pton(v6 ? AF_INET6 : AF_INET, argv[1], v6 ? (void *)&to6.sin6_addr : (void *)&to4.sin_addr);
	if (connect(fd, v6 ? (void *)&to6 : (void *)&to4, v6 ? sizeof(to6) : sizeof(to4)))
		return 1;
	for (int sent = 0; sent < n;) {
		int more = n - sent < every ? n - sent : every;

		for (int i = 0; i < more; i++) {
			char label[16];

			sprintf(label, "b%07d", atoi(argv[5]) + sent + i);
			memcpy(query[i], "\0\0\1\0\0\1\0\0\0\0\0\0\10........\5burst\0\0\1\0\1", 33);
			memcpy(query[i] + 13, label, 8);
			parts[i] = (struct iovec){ query[i], 32 };
			all[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
		}
		more = sendmmsg(fd, all, more, 0);
		if (more < 0)
			return 2;
		sent += more;
		if (atoi(argv[4]))
			usleep(atoi(argv[4]));
	}
	return 0;
}
"""


class Burst:
    """Sends out of a veth end; a call returns how many packets the other end took: a veth drops what its receiver does not
    take in time."""

    def __init__(self, lab, ns, device):
        self.lab, self.ns, self.device = lab, ns, device
        self.program = lab.compile("sender", SENDER)

    def dropped(self):
        text = self.lab.sh("ip -n %s -s -j link show %s" % (self.ns, self.device))
        return json.loads(text)[0]["stats64"]["tx"]["dropped"]

    def start(self, server, n, every, pause, first=0):
        return self.lab.spawn(self.ns, [self.program, server, *map(str, (n, every, pause, first))])

    def __call__(self, server, n, every, pause, first=0):
        before = self.dropped()
        process = self.start(server, n, every, pause, first)
        process.communicate(timeout=60)
        want(process.returncode, 0, "the sender's exit status")
        return n - (self.dropped() - before)
