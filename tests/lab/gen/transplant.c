/* transplant.c: a capture's host becomes a host of the made-up network: address, hardware addresses, time, and the
 * resolver it asks. Everybody else stays who they are; frames that are not the host's are left out.
 * usage: labgen transplant --host OLD=NEW [--host OLD=NEW]... [--resolver OLD]... [--start SECONDS] IN OUT
 *
 * What comes out is Ethernet whatever went in, IP right below it. Differences of time stay, backward ones, too. */
#include "transplant.h"

#include <errno.h>
#include <getopt.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewrite.h"
#include "wire.h"
#include "world.h"

#define MOST_RULES 4096
#define DNS_PORT 53

struct transplant {
	struct rewrite rewrite;
	struct rewrite_rule rules[MOST_RULES];
	__s64 start; /* microseconds; -1: as it is */
	const char *in, *out;
	unsigned long long frames, kept;
	__s64 shift;
	__u8 *room;
};

static const char usage[] =
	"usage: labgen transplant --host OLD=NEW [--host OLD=NEW]... [--resolver OLD]... [--start SECONDS] IN OUT\n"
	"  --host       this address of the capture becomes that one; frames of no such host are left out\n"
	"  --resolver   this address becomes the network's resolver, 198.18.0.53; without it those that the hosts ask\n"
	"               and that are private or link-local\n"
	"  --start      the first frame's time, seconds since 1970; the others keep their distance\n";

static int add_rule(struct transplant *t, const char *from, const char *to, int is_host)
{
	struct rewrite_rule r = { .is_host = is_host };

	if (address_read(from, &r.from) || address_read(to, &r.to)) {
		fprintf(stderr, "labgen: transplant: %s=%s: not two addresses\n", from, to);
		return -1;
	}
	if (address_is4(&r.from) != address_is4(&r.to)) {
		fprintf(stderr, "labgen: transplant: %s=%s: one is IPv4, the other IPv6\n", from, to);
		return -1;
	}
	if (rewrite_rule_of(&t->rewrite, &r.from)) {
		fprintf(stderr, "labgen: transplant: %s: named twice\n", from);
		return -1;
	}
	if (t->rewrite.n == MOST_RULES) {
		fprintf(stderr, "labgen: transplant: %s: more than %d addresses\n", from, MOST_RULES);
		return -1;
	}
	t->rules[t->rewrite.n++] = r;
	return 0;
}

static int read_host(struct transplant *t, char *value)
{
	char *to = strchr(value, '=');

	if (!to) {
		fprintf(stderr, "labgen: transplant: --host %s: not OLD=NEW\n", value);
		return -1;
	}
	*to++ = 0;
	return add_rule(t, value, to, 1);
}

#define RESOLVER_TEXT "198.18.0.53"
#define RESOLVER6_TEXT "2001:db8:18::53"

static int add_resolver(struct transplant *t, const char *old)
{
	return add_rule(t, old, strchr(old, ':') ? RESOLVER6_TEXT : RESOLVER_TEXT, 0);
}

static int read_start(struct transplant *t, const char *value)
{
	char *end;
	double s = strtod(value, &end);

	if (end == value || *end || !(s >= 0 && s < 4294967296.0)) {
		fprintf(stderr, "labgen: transplant: --start %s: not seconds since 1970\n", value);
		return -1;
	}
	t->start = (__s64)(s * 1000000 + 0.5);
	return 0;
}

static int read_options(struct transplant *t, int argc, char **argv)
{
	static const struct option longs[] = { { "host", required_argument, NULL, 'h' },
					       { "resolver", required_argument, NULL, 'r' },
					       { "start", required_argument, NULL, 's' },
					       { 0 } };
	int option, err = 0;

	while (!err && (option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'h')
			err = read_host(t, optarg);
		else if (option == 'r')
			err = add_resolver(t, optarg);
		else if (option == 's')
			err = read_start(t, optarg);
		else
			err = -2;
	}
	if (!err && (optind != argc - 2 || !t->rewrite.n))
		err = -2;
	if (err == -2)
		fputs(usage, stderr);
	if (err)
		return -1;
	t->in = argv[argc - 2];
	t->out = argv[argc - 1];
	return 0;
}

static int is_local(const struct address *a)
{
	const __u8 *b = a->bytes;

	if (!address_is4(a))
		return (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || (b[0] & 0xfe) == 0xfc;
	return b[12] == 10 || (b[12] == 172 && (b[13] & 0xf0) == 16) || (b[12] == 192 && b[13] == 168) ||
	       (b[12] == 169 && b[13] == 254) || (b[12] == 100 && (b[13] & 0xc0) == 64);
}

static int is_host(const struct transplant *t, const struct address *a)
{
	const struct rewrite_rule *r = rewrite_rule_of(&t->rewrite, a);

	return r && r->is_host;
}

/* Calls for each frame with IP in it. 0, or -1 with a message printed. */
static int each(struct transplant *t,
		int (*what)(struct transplant *t, const struct pcap_pkthdr *head, const __u8 *ip, unsigned int len,
			    void *with),
		void *with)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(t->in, error);
	const u_char *frame;
	struct pcap_pkthdr *head;
	int got, err = 0;

	if (!in) {
		fprintf(stderr, "labgen: transplant: %s: %s\n", t->in, error);
		return -1;
	}
	while (!err && (got = pcap_next_ex(in, &head, &frame)) == 1) {
		int at = rewrite_find_ip(pcap_datalink(in), frame, head->caplen);

		t->frames++;
		if (at >= 0 && head->caplen - (unsigned int)at <= 65535)
			err = what(t, head, frame + at, head->caplen - (unsigned int)at, with);
	}
	if (!err && got == PCAP_ERROR) {
		if (with) /* once, of the two times that it is read */
			fprintf(stderr, "labgen: transplant: %s: %s; what stands before is kept\n", t->in,
				pcap_geterr(in));
		err = t->frames ? 0 : -1;
	}
	pcap_close(in);
	return err;
}

/* Private addresses that the hosts send questions to. */
static int see_resolver(struct transplant *t, const struct pcap_pkthdr *head, const __u8 *ip, unsigned int len,
			void *with)
{
	struct packet_ends e;
	char text[64];

	(void)head;
	(void)with;
	if (rewrite_ends(ip, len, &e) || (e.proto != 17 && e.proto != 6) || e.l4 + 4 > len)
		return 0;
	if ((ip[e.l4 + 2] << 8 | ip[e.l4 + 3]) != DNS_PORT || !is_host(t, &e.from) || !is_local(&e.to) ||
	    rewrite_rule_of(&t->rewrite, &e.to))
		return 0;
	address_text(&e.to, text, sizeof(text));
	return add_resolver(t, text);
}

/* A host's is made from its address as all of the network's are (wire.c); everybody else is behind the gateway. */
static void hardware_address(const struct transplant *t, const struct address *old, const struct address *new,
			     __u8 mac[6])
{
	static const __u8 gateway[6] = { 2, 0, 0, 0, 0, 1 };
	const __u8 *b = new->bytes;

	if (is_host(t, old)) {
		mac[0] = 2;
		mac[1] = 1;
		memcpy(mac + 2, b + 12, 4);
	} else if (address_is4(new) && b[12] >= 224 && b[12] < 240) {
		memcpy(mac, "\x01\x00\x5e", 3);
		mac[3] = b[13] & 0x7f;
		memcpy(mac + 4, b + 14, 2);
	} else if (address_is4(new) && b[12] == 255) {
		memset(mac, 0xff, 6);
	} else if (!address_is4(new) && b[0] == 0xff) {
		memcpy(mac, "\x33\x33", 2);
		memcpy(mac + 2, b + 12, 4);
	} else {
		memcpy(mac, gateway, 6);
	}
}

static int move(struct transplant *t, const struct pcap_pkthdr *head, const __u8 *ip, unsigned int len, void *with)
{
	struct pcap_pkthdr out = { .caplen = len + 14, .len = head->len - (head->caplen - len) + 14 };
	__s64 at = (__s64)head->ts.tv_sec * 1000000 + head->ts.tv_usec;
	struct packet_ends before, after;

	if (rewrite_ends(ip, len, &before) || (!is_host(t, &before.from) && !is_host(t, &before.to)))
		return 0;
	memcpy(t->room + 14, ip, len);
	rewrite_packet(&t->rewrite, t->room + 14, len);
	rewrite_ends(t->room + 14, len, &after);
	hardware_address(t, &before.to, &after.to, t->room);
	hardware_address(t, &before.from, &after.from, t->room + 6);
	memcpy(t->room + 12, ip[0] >> 4 == 4 ? "\x08\x00" : "\x86\xdd", 2);
	if (!t->kept++ && t->start >= 0)
		t->shift = t->start - at;
	at += t->shift;
	if (at < 0) {
		fprintf(stderr, "labgen: transplant: %s: a frame would be before 1970\n", t->in);
		return -1;
	}
	out.ts.tv_sec = (time_t)(at / 1000000);
	out.ts.tv_usec = (suseconds_t)(at % 1000000);
	pcap_dump(with, &out, t->room);
	return 0;
}

static int run(struct transplant *t)
{
	pcap_t *dead;
	pcap_dumper_t *out;
	int chosen = 0, err;

	for (unsigned int i = 0; i < t->rewrite.n; i++)
		chosen |= !t->rules[i].is_host;
	if (!chosen && each(t, see_resolver, NULL))
		return -1;
	t->frames = 0;
	t->room = malloc(14 + 65535);
	dead = pcap_open_dead(DLT_EN10MB, 262144);
	out = dead && t->room ? pcap_dump_open(dead, t->out) : NULL;
	if (!out) {
		fprintf(stderr, "labgen: transplant: %s\n", dead ? pcap_geterr(dead) : "out of memory");
		err = -1;
	} else {
		err = each(t, move, out);
		if (pcap_dump_flush(out) || ferror(pcap_dump_file(out))) {
			perror(t->out);
			err = -1;
		}
		pcap_dump_close(out);
	}
	if (dead)
		pcap_close(dead);
	free(t->room);
	return err;
}

int transplant_main(int argc, char **argv)
{
	struct transplant *t = calloc(1, sizeof(*t));
	int err;

	if (!t) {
		fprintf(stderr, "labgen: out of memory\n");
		return 1;
	}
	t->start = -1;
	t->rewrite.rules = t->rules;
	if (read_options(t, argc, argv)) {
		free(t);
		return 2;
	}
	err = run(t);
	if (!err && !t->kept) {
		fprintf(stderr, "labgen: transplant: %s: no frame of any such host\n", t->in);
		err = -1;
	}
	if (!err)
		printf("%s: %llu of %llu frames\n", t->out, t->kept, t->frames);
	free(t);
	return err ? 1 : 0;
}
