/* flood.c: the frames of a capture, over and over, out of one interface at one rate. It sends for a live sensor
 * that is measured, and only in a network namespace of its own. One JSON object. usage: flood CAPTURE IFACE
 * PACKETS_PER_SECOND SECONDS */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_FRAMES 200000
#define MAX_RATE 2000000
#define MAX_SECONDS 3600
#define TICK_NS 500000
#define BATCH 128 /* a veth's own queue has 256 places */

static struct mmsghdr messages[MAX_FRAMES];
static struct iovec frames[MAX_FRAMES];
static bool is_dns[MAX_FRAMES], is_http[MAX_FRAMES];
static unsigned int n_frames;

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Another one than that of whoever started it. */
static bool own_namespace(void)
{
	struct stat here, there;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", getppid());
	return !stat("/proc/self/ns/net", &here) && !stat(path, &there) && here.st_ino != there.st_ino;
}

/* Enough for what gencap writes: IPv4 without options behind Ethernet. */
static void classify(unsigned int i)
{
	const unsigned char *d = frames[i].iov_base;
	size_t len = frames[i].iov_len;

	if (len < 66 || d[12] != 8 || d[13])
		return;
	is_dns[i] = d[23] == 17 && ((d[34] << 8 | d[35]) == 53 || (d[36] << 8 | d[37]) == 53);
	is_http[i] = d[23] == 6 && len > 70 && (!memcmp(d + 66, "GET ", 4) || !memcmp(d + 66, "HEAD", 4));
}

static void read_capture(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *head;
	const u_char *data;

	if (!pcap) {
		fprintf(stderr, "flood: %s\n", error);
		exit(1);
	}
	while (n_frames < MAX_FRAMES && pcap_next_ex(pcap, &head, &data) == 1) {
		struct iovec *f = &frames[n_frames];

		f->iov_base = malloc(head->caplen);
		if (!f->iov_base)
			fail("memory");
		memcpy(f->iov_base, data, head->caplen);
		f->iov_len = head->caplen;
		messages[n_frames].msg_hdr.msg_iov = f;
		messages[n_frames].msg_hdr.msg_iovlen = 1;
		classify(n_frames++);
	}
	pcap_close(pcap);
	if (!n_frames) {
		fprintf(stderr, "flood: %s: no packets\n", path);
		exit(1);
	}
}

/* The queueing discipline is left out: what is measured is the way from the device to the sensor. */
static int open_socket(const char *iface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(iface) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	if (!to.sll_ifindex || fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		fail(iface);
	return fd;
}

static double clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static unsigned long long sent, failed, sent_dns, sent_http;

static void send_some(int fd, unsigned long long want)
{
	static unsigned int at;

	while (want) {
		unsigned int n = want < BATCH ? want : BATCH;
		int done;

		if (n > n_frames - at)
			n = n_frames - at;
		done = sendmmsg(fd, messages + at, n, 0);
		if (done <= 0) { /* the first of them did not go out */
			failed++;
			done = 1;
		} else {
			sent += done;
			for (unsigned int i = at; i < at + done; i++) {
				sent_dns += is_dns[i];
				sent_http += is_http[i];
			}
		}
		at = (at + done) % n_frames;
		want -= done;
	}
}

/* What is due, a tick at a time. Who was kept from its core catches up, but at no more than twice the rate: a
 * burst is another load than the one that was asked for. */
static double flood(int fd, double rate, unsigned long long total)
{
	unsigned long long most = 2 * rate * TICK_NS / 1e9 + 1;
	double start = clock_ns(CLOCK_MONOTONIC), next = start;

	while (sent + failed < total) {
		unsigned long long due = (clock_ns(CLOCK_MONOTONIC) - start) / 1e9 * rate + 1 - (sent + failed);
		struct timespec until;

		if (due > total - sent - failed)
			due = total - sent - failed;
		send_some(fd, due < most ? due : most);
		next += TICK_NS;
		until.tv_sec = next / 1e9;
		until.tv_nsec = next - until.tv_sec * 1e9;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	return clock_ns(CLOCK_MONOTONIC) - start;
}

int main(int argc, char **argv)
{
	unsigned long rate = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	double seconds = argc == 5 ? strtod(argv[4], NULL) : 0, cpu, wall;
	int fd;

	if (rate == 0 || rate > MAX_RATE || !(seconds > 0 && seconds <= MAX_SECONDS)) {
		fprintf(stderr, "usage: flood CAPTURE IFACE PACKETS_PER_SECOND SECONDS\n");
		return 2;
	}
	if (!own_namespace()) {
		fprintf(stderr, "flood: sends only in a network namespace of its own\n");
		return 1;
	}
	read_capture(argv[1]);
	fd = open_socket(argv[2]);
	(void)prctl(PR_SET_TIMERSLACK, 1); /* default is 50 us: only the pace suffers */
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	wall = flood(fd, rate, rate * seconds);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("{\"sent\":%llu,\"failed\":%llu,\"dns\":%llu,\"http\":%llu", sent, failed, sent_dns, sent_http);
	printf(",\"seconds\":%.3f,\"rate\":%.0f,\"cpu_ns\":%.0f}\n", wall / 1e9, sent / (wall / 1e9), cpu);
	return 0;
}
