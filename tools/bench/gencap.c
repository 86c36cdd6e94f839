/* gencap.c: captures for the bench, the same for the same seed. usage: gencap dns|http|mixed PACKETS SEED FILE
 *
 * dns: queries and their responses with one to four answers. http: connections of a request and a few
 * segments of its response. mixed: 3 % DNS, 4 % HTTP requests, the rest as on a link: TLS, QUIC, a little ARP. */
#include <pcap/pcap.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packets.h"

static pcap_dumper_t *out;
static struct pkt p;
static __u64 seed, usec = 1767225600000000ULL;

/* xorshift64*: 0..n - 1 */
static unsigned int below(unsigned int n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static void write_packet(void)
{
	struct pcap_pkthdr head = { .caplen = p.len, .len = p.len };

	usec += 1 + below(40);
	head.ts.tv_sec = usec / 1000000;
	head.ts.tv_usec = usec % 1000000;
	pcap_dump((__u8 *)out, &head, p.data);
}

/* client: 0..65535, one of 198.18/16, server: one of 198.19/16. back: towards the client. */
static void start_packet(unsigned int client, unsigned int server, int back)
{
	memset(&p, 0, offsetof(struct pkt, data));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_poke16(&p, p.ip + (back ? 16 : 12), 198 << 8 | 18);
	pkt_poke16(&p, p.ip + (back ? 18 : 14), client);
	pkt_poke16(&p, p.ip + (back ? 12 : 16), 198 << 8 | 19);
	pkt_poke16(&p, p.ip + (back ? 14 : 18), server);
}

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

/* A connection, or a piece of one. seq: of the client and of the server, what comes next. */
struct conn {
	unsigned int client, server, port;
	__u32 seq[2];
};

static struct conn new_conn(unsigned int port)
{
	return (struct conn){ below(65536), below(4096), port, { below(1 << 30), below(1 << 30) } };
}

/* One segment: text, then filler. Programs that follow connections believe only in right numbers. */
static void segment(struct conn *c, int back, unsigned int flags, const char *text, unsigned int filler)
{
	unsigned int port = 1024 + c->client % 60000;
	__u32 ack = flags & ACK ? c->seq[!back] : 0;

	start_packet(c->client, c->server, back);
	pkt_tcp(&p, back ? c->port : port, back ? port : c->port, c->seq[back], 12);
	pkt_poke16(&p, p.l4 + 8, ack >> 16);
	pkt_poke16(&p, p.l4 + 10, ack & 0xffff);
	pkt_poke8(&p, p.l4 + 13, flags);
	pkt_text(&p, text);
	pkt_fill(&p, 0xa7, filler);
	c->seq[back] += p.len - p.payload + (flags & (SYN | FIN) ? 1 : 0);
	write_packet();
}

static const char *const words[] = { "mail", "cdn",   "img",  "api",  "login", "static", "edge", "news",
				     "shop", "video", "auth", "data", "media", "sync",	 "app",	 "docs" };
static const char *const endings[] = { "com", "net", "org", "co.uk", "de", "io", "com.br", "jp" };

static void make_name(char *to, size_t size)
{
	snprintf(to, size, "%s-%u.%s%u.%s", words[below(16)], below(1000), words[below(16)], below(20000),
		 endings[below(8)]);
}

static void dns(int response, unsigned int client, unsigned int id, const char *name, int ip6)
{
	__u8 addr[16] = { 0x20, 1, 0xd, 0xb8 };
	unsigned int answers = response ? 1 + below(4) : 0;

	start_packet(client, 53, response);
	pkt_udp(&p, response ? 53 : 1024 + client % 60000, response ? 1024 + client % 60000 : 53);
	pkt_dns(&p, response ? 0x8180 : 0x0100);
	pkt_poke16(&p, p.payload, id);
	pkt_question(&p, name, ip6 ? 28 : 1);
	for (unsigned int i = 0; i < answers; i++) {
		addr[2] = below(256);
		addr[3] = below(256);
		pkt_record(&p, PKT_ANSWER, ip6 ? 28 : 1, addr, ip6 ? 16 : 4);
	}
	pkt_edns(&p, 1232, 0, 0, 0);
	write_packet();
}

static unsigned int dns_exchange(void)
{
	unsigned int client = below(65536), id = below(65536), ip6 = below(4) == 0;
	char name[128];

	make_name(name, sizeof(name));
	dns(0, client, id, name, ip6);
	dns(1, client, id, name, ip6);
	return 2;
}

static void http_request(struct conn *c)
{
	char host[128], text[1024];

	make_name(host, sizeof(host));
	snprintf(text, sizeof(text),
		 "%s /%s/%s/item-%u.html?session=%08x&page=%u HTTP/1.1\r\nHost: %s\r\n"
		 "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
		 "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
		 "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"
		 "Referer: http://%s/\r\nConnection: keep-alive\r\n\r\n",
		 below(10) ? "GET" : "HEAD", words[below(16)], words[below(16)], below(100000), below(1 << 30),
		 below(50), host, host);
	segment(c, 0, PSH | ACK, text, 0);
}

/* Handshake, request, three segments of response, acknowledgements, end. */
static unsigned int http_connection(void)
{
	struct conn c = new_conn(80);

	segment(&c, 0, SYN, "", 0);
	segment(&c, 1, SYN | ACK, "", 0);
	segment(&c, 0, ACK, "", 0);
	http_request(&c);
	segment(&c, 1, PSH | ACK, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2320\r\n\r\n",
		1000);
	segment(&c, 1, ACK, "", 1200);
	segment(&c, 1, PSH | ACK, "", 120);
	segment(&c, 0, ACK, "", 0);
	segment(&c, 0, FIN | ACK, "", 0);
	segment(&c, 1, FIN | ACK, "", 0);
	return 10;
}

static unsigned int mixed(void)
{
	struct conn web = new_conn(80), tls = new_conn(443);
	unsigned int what = below(1000);

	if (what < 15)
		return dns_exchange();
	if (what < 56) { /* 41 of 1015 packets */
		http_request(&web);
	} else if (what < 66) {
		memset(&p, 0, offsetof(struct pkt, data));
		pkt_eth(&p);
		pkt_poke16(&p, 12, 0x0806);
		pkt_fill(&p, 0, 46);
		write_packet();
	} else if (what < 220) {
		start_packet(tls.client, tls.server, below(4) > 0);
		pkt_udp(&p, 443, 40000);
		pkt_fill(&p, 0x43, 1200);
		write_packet();
	} else if (what < 500) {
		segment(&tls, what & 1, ACK, "", 0);
	} else {
		segment(&tls, what & 1, PSH | ACK, "\x17\x03\x03", 1197);
	}
	return 1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned int (*write)(void);
	} kinds[] = { { "dns", dns_exchange }, { "http", http_connection }, { "mixed", mixed } };
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	unsigned int packets = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc != 5 || !pcap) {
		fprintf(stderr, "usage: gencap dns|http|mixed PACKETS SEED FILE\n");
		return 2;
	}
	seed = strtoul(argv[3], NULL, 10) | 1ULL << 63;
	out = pcap_dump_open(pcap, argv[4]);
	if (!out) {
		fprintf(stderr, "gencap: %s\n", pcap_geterr(pcap));
		return 1;
	}
	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int n = 0; n < packets && !strcmp(kinds[i].name, argv[1]);)
			n += kinds[i].write();
	if (pcap_dump_flush(out)) {
		perror(argv[4]);
		return 1;
	}
	pcap_dump_close(out);
	pcap_close(pcap);
	return 0;
}
