/* apps.c: what is said over connections: HTTP, TLS, IRC; and NTP. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

#define NOISE (1 << 20)

/* Bytes that look like nothing, from any place on. */
static const __u8 *noise(struct host *h, unsigned int len)
{
	static __u8 bytes[NOISE];
	static int made;

	if (!made) {
		struct rng r = rng_start(1, 1);

		for (unsigned int i = 0; i < NOISE; i++)
			bytes[i] = rng_next(&r) >> 32;
		made = 1;
	}
	if (len > NOISE / 2)
		abort();
	return bytes + rng_below(&h->rng, NOISE - len);
}

/* A message in one piece, so that head and body share a segment. */
static void with_noise(struct tcp *t, int out, const char *head, unsigned int size)
{
	unsigned int len = strlen(head);
	__u8 *all = malloc(len + size);

	if (!all)
		abort();
	memcpy(all, head, len);
	if (size)
		memcpy(all + len, noise(t->host, size), size);
	(out ? tcp_say : tcp_hear)(t, all, len + size);
	free(all);
}

static void __attribute__((format(printf, 3, 4))) line(struct tcp *t, int out, const char *form, ...)
{
	char text[1024];
	va_list args;

	va_start(args, form);
	vsnprintf(text, sizeof(text), form, args);
	va_end(args);
	(out ? tcp_say : tcp_hear)(t, text, strlen(text));
}

static void http_request(struct tcp *t, const char *method, const char *host, const char *path, const char *agent,
			 unsigned int sent)
{
	char head[1536], length[64] = "";

	if (sent)
		snprintf(length, sizeof(length), "Content-Length: %u\r\n", sent);
	snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%sAccept: */*\r\n%s\r\n", method, path,
		 host, agent ? "User-Agent: " : "", agent ? agent : "", agent ? "\r\n" : "", length);
	with_noise(t, 1, head, sent);
}

void http_refused(struct tcp *t, const char *method, const char *host, const char *path, const char *agent,
		  unsigned int sent, const char *status)
{
	http_request(t, method, host, path, agent, sent);
	line(t, 0, "HTTP/1.1 %s\r\nServer: web\r\nContent-Length: 0\r\n\r\n", status);
}

void http_exchange(struct tcp *t, const char *method, const char *host, const char *path, const char *agent,
		   unsigned int sent, const char *type, unsigned int size)
{
	char head[1024];

	if (t->lab->most && size > t->lab->most)
		size = t->lab->most;
	http_request(t, method, host, path, agent, sent);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nServer: web\r\nContent-Type: %s\r\nContent-Length: %u\r\n\r\n", type, size);
	with_noise(t, 0, head, size);
}

static void put(__u8 **at, __u64 value, unsigned int bytes)
{
	while (bytes--)
		*(*at)++ = value >> (8 * bytes);
}

static void put_noise(__u8 **at, struct host *h, unsigned int len)
{
	memcpy(*at, noise(h, len), len);
	*at += len;
}

/* ClientHello with the server's name in it, ServerHello, and then sealed records (TLS 1.3 as middle boxes see it).
 */
void tls_start(struct tcp *t, const char *name)
{
	__u8 hello[512], *at = hello;
	unsigned int len = strlen(name), extensions = 9 + len + 7;

	put(&at, 0x160301, 3);
	put(&at, 4 + 2 + 32 + 1 + 32 + 2 + 6 + 2 + 2 + extensions, 2);
	put(&at, 1, 1);
	put(&at, 2 + 32 + 1 + 32 + 2 + 6 + 2 + 2 + extensions, 3);
	put(&at, 0x0303, 2);
	put_noise(&at, t->host, 32);
	put(&at, 32, 1);
	put_noise(&at, t->host, 32);
	put(&at, 6, 2);
	put(&at, 0x130113021303, 6);
	put(&at, 0x0100, 2);
	put(&at, extensions, 2);
	put(&at, 0, 2); /* server_name */
	put(&at, len + 5, 2);
	put(&at, len + 3, 2);
	put(&at, 0, 1);
	put(&at, len, 2);
	memcpy(at, name, len);
	at += len;
	put(&at, 0x002b0003020304, 7); /* supported_versions */
	tcp_say(t, hello, at - hello);

	at = hello;
	put(&at, 0x160303, 3);
	put(&at, 4 + 2 + 32 + 1 + 32 + 3 + 2 + 6, 2);
	put(&at, 2, 1);
	put(&at, 2 + 32 + 1 + 32 + 3 + 2 + 6, 3);
	put(&at, 0x0303, 2);
	put_noise(&at, t->host, 32);
	put(&at, 32, 1);
	put_noise(&at, t->host, 32);
	put(&at, 0x130100, 3);
	put(&at, 6, 2);
	put(&at, 0x002b00020304, 6);
	put(&at, 0x140303000101, 6);
	tcp_hear(t, hello, at - hello);
	tls_exchange(t, 53, 1800 + rng_below(&t->host->rng, 2400));
}

/* One side's bytes in records of at most 16 KiB. */
static void sealed(struct tcp *t, int out, unsigned int size)
{
	unsigned int room;
	__u8 *all, *at;

	if (t->lab->most && size > t->lab->most)
		size = t->lab->most;
	room = size + 5 * (size / 16384 + 1);
	at = all = malloc(room);
	if (!all)
		abort();
	while (size) {
		unsigned int part = size < 16384 ? size : 16384;

		put(&at, 0x170303, 3);
		put(&at, part, 2);
		put_noise(&at, t->host, part);
		size -= part;
	}
	(out ? tcp_say : tcp_hear)(t, all, at - all);
	free(all);
}

void tls_exchange(struct tcp *t, unsigned int sent, unsigned int size)
{
	sealed(t, 1, sent);
	sealed(t, 0, size);
}

void irc_join(struct tcp *t, const char *server, const char *nick, const char *channel, const char *topic)
{
	line(t, 1, "NICK %s\r\nUSER %s 0 * :%s\r\n", nick, nick, nick);
	line(t, 0, ":%s 001 %s :Welcome %s\r\n:%s 376 %s :End of MOTD command\r\n", server, nick, nick, server,
	     nick);
	line(t, 1, "JOIN %s\r\n", channel);
	line(t, 0, ":%s!u@h JOIN :%s\r\n:%s 332 %s %s :%s\r\n:%s 366 %s %s :End of NAMES list\r\n", nick, channel,
	     server, nick, channel, topic, server, nick, channel);
}

void irc_ping(struct tcp *t, const char *server)
{
	line(t, 0, "PING :%s\r\n", server);
	line(t, 1, "PONG :%s\r\n", server);
}

void irc_said(struct tcp *t, const char *nick, const char *channel, const char *text)
{
	line(t, 0, ":%s!u@h PRIVMSG %s :%s\r\n", nick, channel, text);
}

void ntp_exchange(struct lab *l, struct host *h, __u32 ip, __u64 at)
{
	struct end ours = { h->ip, 123 }, theirs = { ip, 123 };

	for (int back = 0; back < 2; back++) {
		__u64 stamp = (at / SEC + 2208988800ULL) << 32 | (at % SEC * 4294);
		struct pkt p;

		if (back)
			wire_udp(&p, theirs, ours, 0, 0);
		else
			wire_udp(&p, ours, theirs, 1, h->ip_id++);
		pkt_put32(&p, back ? 0x240206e9 : 0x230006ec);
		pkt_fill(&p, 0, 8);
		pkt_put32(&p, back ? 0x47505300 : 0);
		pkt_fill(&p, 0, 16);
		for (int i = 0; i < 2; i++) {
			pkt_put32(&p, !i && !back ? 0 : stamp >> 32);
			pkt_put32(&p, !i && !back ? 0 : stamp);
		}
		wire_send(&l->wire, &p, at);
		at += 8 * MSEC + rng_below(&h->rng, 4000);
	}
}
