/* rows_packet.c: rows for include/packet.h up to UDP and TCP: links, tags, IP, fragments. */
#include "rows.h"

#define QUERY "wire=33 answers=0 no_edns payload=33"
#define V4 "v4 192.0.2.1:40000>192.0.2.53:53 "
#define V6 "v6 2001:db8::1:40000>2001:db8::53:53 "
#define MACS "macs=020000000001020000000002 "
#define NO_MACS "macs=000000000000000000000000 "
#define IP4_MORE 0x2000
#define IP4_KEEP 0x4000 /* don't fragment */

static void query(struct pkt *p)
{
	pkt_udp(p, 40000, 53);
	pkt_dns(p, 0x0100);
	pkt_question(p, "www.example.com", 1);
}

static struct pkt *eth_row(const char *name)
{
	struct pkt *p;

	row_new(name);
	p = row_frame();
	pkt_eth(p);
	return p;
}

static struct pkt *query4(const char *name)
{
	struct pkt *p = eth_row(name);

	pkt_ip4(p, 0);
	query(p);
	return p;
}

static struct pkt *query6(const char *name)
{
	struct pkt *p = eth_row(name);

	pkt_ip6(p);
	query(p);
	return p;
}

/* A query whose byte or word at an offset from the IP header is something else. */
static void poked8(struct pkt *p, unsigned int at, __u32 value, enum outcome outcome)
{
	pkt_poke8(p, p->ip + at, value);
	row_expect(outcome, 0, "");
}

static void poked16(struct pkt *p, unsigned int at, __u32 value, enum outcome outcome)
{
	pkt_poke16(p, p->ip + at, value);
	row_expect(outcome, 0, "");
}

/* The frame ends len bytes earlier, its headers unchanged. */
static void cut(struct pkt *p, unsigned int len, enum outcome outcome)
{
	p->len -= len;
	row_expect(outcome, 0, "");
}

static void plain_rows(void)
{
	struct pkt *p;

	query4("IPv4 query");
	row_expect(OUTCOME_dns, 0, V4 MACS "vlan=0 tunnel=0 proto=17 " QUERY);
	query6("IPv6 query");
	row_expect(OUTCOME_dns, 0, V6 MACS "vlan=0 tunnel=0 proto=17 " QUERY);

	p = query4("from port 53");
	pkt_poke16(p, p->l4, 53);
	pkt_poke16(p, p->l4 + 2, 40000);
	row_expect(OUTCOME_dns, 0, "192.0.2.1:53>192.0.2.53:40000 " QUERY);
	p = query4("port 54");
	poked16(p, 22, 54, OUTCOME_not_dns_port);
	p = query4("port 0 is no watched port");
	pkt_poke16(p, p->l4, 0);
	poked16(p, 22, 0, OUTCOME_not_dns_port);
	p = eth_row("last of the watched ports");
	pkt_ip4(p, 0);
	query(p);
	pkt_poke16(p, p->l4 + 2, 5353);
	row_expect(OUTCOME_not_dns_port, 0, "");
	row_new("the same port, watched")->settings.dns_ports[MAX_DNS_PORTS - 1] = 5353;
	*row_frame() = *p;
	row_expect(OUTCOME_dns, 0, QUERY);
	p = query4("bytes behind the IP packet are padding");
	p->n_lengths = 0;
	pkt_fill(p, 0xff, 20);
	row_expect(OUTCOME_dns, 0, QUERY);
}

static struct pkt *tagged(const char *name, __u32 outer, __u32 middle, __u32 inner)
{
	struct pkt *p = eth_row(name);

	pkt_vlan(p, outer, 0xe007);
	if (middle)
		pkt_vlan(p, middle, 9);
	if (inner)
		pkt_vlan(p, inner, 10);
	pkt_ip4(p, 0);
	query(p);
	return p;
}

static void link_rows(void)
{
	struct pkt *p;

	tagged("VLAN tag with priority bits", ETHERTYPE_VLAN, 0, 0);
	row_expect(OUTCOME_dns, 0, V4 "vlan=7 " MACS QUERY);
	tagged("802.1ad over 802.1Q", ETHERTYPE_QINQ, ETHERTYPE_VLAN, 0);
	row_expect(OUTCOME_dns, 0, V4 "vlan=7 " QUERY);
	tagged("0x9100 over 802.1Q", ETHERTYPE_QINQ_OLD, ETHERTYPE_VLAN, 0);
	row_expect(OUTCOME_dns, 0, V4 "vlan=7 " QUERY);
	tagged("three tags", ETHERTYPE_QINQ, ETHERTYPE_VLAN, ETHERTYPE_VLAN);
	row_expect(OUTCOME_not_ip, 0, "");
	p = tagged("no byte of the tag", ETHERTYPE_VLAN, 0, 0);
	cut(p, p->len - 14, OUTCOME_bad_link);
	p = tagged("half a tag", ETHERTYPE_VLAN, 0, 0);
	cut(p, p->len - 17, OUTCOME_bad_link);
	p = tagged("second tag cut", ETHERTYPE_QINQ, ETHERTYPE_VLAN, 0);
	cut(p, p->len - 21, OUTCOME_bad_link);
	p = query4("ARP");
	pkt_poke16(p, 12, 0x0806);
	row_expect(OUTCOME_not_ip, 0, "");
	p = query4("802.3 length instead of a type");
	pkt_poke16(p, 12, 75);
	row_expect(OUTCOME_not_ip, 0, "");
	p = query4("PPPoE");
	pkt_poke16(p, 12, 0x8864);
	row_expect(OUTCOME_not_ip, 0, "");
}

static struct pkt *linked(const char *name, enum link_type link, void (*header)(struct pkt *))
{
	struct pkt *p;

	row_new(name)->link = link;
	p = row_frame();
	if (header)
		header(p);
	return p;
}

static void capture_link_rows(void)
{
	struct pkt *p;

	p = linked("raw IPv4", LINK_IP, 0);
	pkt_ip4(p, 0);
	query(p);
	row_expect(OUTCOME_dns, 0, V4 NO_MACS QUERY);
	p = linked("raw IPv6", LINK_IP, 0);
	pkt_ip6(p);
	query(p);
	row_expect(OUTCOME_dns, 0, V6 NO_MACS QUERY);
	p = linked("raw, neither 4 nor 6", LINK_IP, 0);
	pkt_ip4(p, 0);
	query(p);
	poked8(p, 0, 0x55, OUTCOME_not_ip);
	p = linked("cooked", LINK_SLL, pkt_sll);
	pkt_ip4(p, 0);
	query(p);
	row_expect(OUTCOME_dns, 0, V4 NO_MACS "vlan=0 " QUERY);
	p = linked("cooked with a tag", LINK_SLL, pkt_sll);
	pkt_vlan(p, ETHERTYPE_VLAN, 0xe007);
	pkt_ip6(p);
	query(p);
	row_expect(OUTCOME_dns, 0, V6 NO_MACS "vlan=7 " QUERY);
	p = linked("cooked, tag cut", LINK_SLL, pkt_sll);
	pkt_vlan(p, ETHERTYPE_VLAN, 7);
	cut(p, 1, OUTCOME_bad_link);
	p = linked("cooked, cut", LINK_SLL, pkt_sll);
	cut(p, 1, OUTCOME_bad_link);
	p = linked("cooked 2", LINK_SLL2, pkt_sll2);
	pkt_ip6(p);
	query(p);
	row_expect(OUTCOME_dns, 0, V6 NO_MACS QUERY);
	p = linked("cooked 2, cut", LINK_SLL2, pkt_sll2);
	cut(p, 1, OUTCOME_bad_link);
	p = linked("loopback", LINK_NULL, pkt_null);
	pkt_ip4(p, 0);
	query(p);
	row_expect(OUTCOME_dns, 0, V4 NO_MACS QUERY);
	linked("loopback, nothing behind", LINK_NULL, pkt_null);
	row_expect(OUTCOME_bad_link, 0, "");
	p = linked("loopback, cut", LINK_NULL, pkt_null);
	cut(p, 1, OUTCOME_bad_link);
}

static void ip4_rows(void)
{
	struct pkt *p;

	p = eth_row("IPv4 with 40 bytes of options");
	pkt_ip4(p, 40);
	query(p);
	row_expect(OUTCOME_dns, 0, V4 QUERY);
	p = eth_row("IPv4 options cut");
	pkt_ip4(p, 40);
	query(p);
	cut(p, p->len - 14 - 59, OUTCOME_bad_ip);
	poked8(query4("IPv4 ihl 0"), 0, 0x40, OUTCOME_bad_ip);
	poked8(query4("IPv4 ihl 4"), 0, 0x44, OUTCOME_bad_ip);
	poked8(query4("IPv4 version 6"), 0, 0x65, OUTCOME_bad_ip);
	poked16(query4("IPv4 length below its header"), 2, 19, OUTCOME_bad_ip);
	p = query4("IPv4 header cut");
	cut(p, p->len - 14 - 19, OUTCOME_bad_ip);
	poked16(query4("IPv4 length 0: a super-packet"), 2, 0, OUTCOME_dns);
	row_expect(OUTCOME_dns, 0, QUERY);
	poked16(query4("IPv4 length beyond the frame"), 2, 1500, OUTCOME_dns);
	row_expect(OUTCOME_dns, 0, QUERY);
	poked8(query4("ICMP"), 9, 1, OUTCOME_not_transport);
	poked8(query4("SCTP"), 9, 132, OUTCOME_not_transport);

	p = query4("IPv4 first fragment");
	pkt_poke16(p, p->ip + 6, IP4_MORE);
	pkt_poke16(p, p->ip + 2, 20 + 8 + 24);
	p->len = p->ip + 20 + 8 + 24;
	row_expect(OUTCOME_dns, MARK_first_fragment | MARK_truncated, V4 "wire=24 payload=24");
	poked16(query4("IPv4 second fragment"), 6, 3, OUTCOME_fragment);
	poked16(query4("IPv4 middle fragment"), 6, IP4_MORE | 0x1000, OUTCOME_fragment);
	poked16(query4("IPv4 don't fragment"), 6, IP4_KEEP, OUTCOME_dns);
	row_expect(OUTCOME_dns, 0, QUERY);
}

static struct pkt *extended(const char *name, __u32 type, unsigned int len)
{
	struct pkt *p = eth_row(name);

	pkt_ip6(p);
	pkt_ext(p, type, len);
	return p;
}

static void ext_rows(void)
{
	struct pkt *p;

	query(extended("IPv6 hop-by-hop options", 0, 8));
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	query(extended("IPv6 routing header", 43, 24));
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	query(extended("IPv6 destination options", 60, 64));
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	query(extended("IPv6 authentication header", 51, 28));
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	query(extended("IPv6 longest extension", 60, 2048));
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	query(extended("IPv6 encrypted", 50, 8));
	row_expect(OUTCOME_not_transport, 0, "");
	p = eth_row("IPv6 six extensions");
	pkt_ip6(p);
	for (int i = 0; i < MAX_EXTENSIONS; i++)
		pkt_ext(p, 60, 8);
	query(p);
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	p = eth_row("IPv6 seven extensions");
	pkt_ip6(p);
	for (int i = 0; i < MAX_EXTENSIONS + 1; i++)
		pkt_ext(p, 60, 8);
	query(p);
	row_expect(OUTCOME_bad_extension, 0, "");
	p = eth_row("IPv6 seventh extension is an authentication header");
	pkt_ip6(p);
	for (int i = 0; i < MAX_EXTENSIONS; i++)
		pkt_ext(p, 60, 8);
	pkt_ext(p, 51, 24);
	query(p);
	row_expect(OUTCOME_bad_extension, 0, "");
	p = extended("IPv6 extension cut", 60, 8);
	cut(p, 1, OUTCOME_bad_extension);
	p = extended("IPv6 extension's own length beyond the frame", 60, 8);
	query(p);
	poked8(p, 41, 20, OUTCOME_bad_extension);
	p = extended("IPv6 extension beyond the IP length", 60, 16);
	query(p);
	poked16(p, 4, 8, OUTCOME_bad_extension);
}

static void ip6_rows(void)
{
	struct pkt *p;

	poked8(query6("IPv6 version 4"), 0, 0x45, OUTCOME_bad_ip);
	p = query6("IPv6 header cut");
	cut(p, p->len - 14 - 39, OUTCOME_bad_ip);
	poked8(query6("IPv6 no next header"), 6, 59, OUTCOME_not_transport);
	poked8(query6("ICMPv6"), 6, 58, OUTCOME_not_transport);
	p = query6("IPv6 jumbogram");
	pkt_poke16(p, p->ip + 4, 0);
	pkt_poke16(p, p->l4 + 4, 0);
	row_expect(OUTCOME_dns, MARK_truncated, V6 "wire=33");

	p = eth_row("IPv6 atomic fragment");
	pkt_ip6(p);
	pkt_fragment6(p, 0, 0);
	query(p);
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	p = eth_row("IPv6 first fragment");
	pkt_ip6(p);
	pkt_fragment6(p, 0, 1);
	query(p);
	pkt_poke16(p, p->l4 + 4, 1000);
	row_expect(OUTCOME_dns, MARK_first_fragment, V6 QUERY);
	p = eth_row("IPv6 later fragment");
	pkt_ip6(p);
	pkt_fragment6(p, 1, 0);
	query(p);
	row_expect(OUTCOME_fragment, 0, "");
	p = eth_row("IPv6 fragment header cut");
	pkt_ip6(p);
	pkt_fragment6(p, 0, 1);
	cut(p, 1, OUTCOME_bad_extension);
}

static void udp_rows(void)
{
	struct pkt *p;

	p = query4("UDP header cut");
	cut(p, p->len - p->l4 - 7, OUTCOME_bad_udp);
	poked16(query4("UDP length 7"), 24, 7, OUTCOME_bad_udp);
	poked16(query4("UDP length 0 over IPv4"), 24, 0, OUTCOME_bad_udp);
	poked16(query6("UDP length 0 over IPv6"), 44, 0, OUTCOME_dns);
	row_expect(OUTCOME_dns, 0, V6 QUERY);
	poked16(query4("IP length leaves no room for UDP"), 2, 27, OUTCOME_bad_udp);
	poked16(query4("UDP length 8"), 24, 8, OUTCOME_short_dns);
	poked16(query4("UDP length beyond IP"), 24, 42, OUTCOME_dns);
	row_expect(OUTCOME_dns, MARK_udp_length, QUERY);
	p = query4("UDP length below IP: the rest is no payload");
	pkt_poke16(p, p->ip + 24, 40);
	row_expect(OUTCOME_dns, MARK_truncated, "payload=32 wire=32");
}

static struct pkt *request(const char *name, unsigned int options)
{
	struct pkt *p = eth_row(name);

	pkt_ip4(p, 0);
	pkt_tcp(p, 40000, 80, 1000, options);
	pkt_http(p, "GET", "/x", "a.example");
	return p;
}

static void tcp_rows(void)
{
	struct pkt *p;

	request("TCP request", 0);
	row_expect(OUTCOME_http, 0, "v4 192.0.2.1:40000>192.0.2.53:80 proto=6 payload=36 " MACS "target=/x");
	request("TCP with 40 bytes of options", 40);
	row_expect(OUTCOME_http, 0, "payload=36 target=/x");
	p = eth_row("TCP over IPv6");
	pkt_ip6(p);
	pkt_tcp(p, 40000, 53, 1000, 12);
	pkt_http(p, "GET", "/x", "a.example");
	row_expect(OUTCOME_http, 0, V6 "proto=6 payload=36 target=/x");
	p = request("TCP header cut", 0);
	cut(p, p->len - p->l4 - 19, OUTCOME_bad_tcp);
	p = request("TCP options cut", 40);
	cut(p, p->len - p->l4 - 59, OUTCOME_bad_tcp);
	poked8(request("TCP data offset 0", 0), 32, 0, OUTCOME_bad_tcp);
	poked8(request("TCP data offset 4", 0), 32, 0x40, OUTCOME_bad_tcp);
	poked16(request("TCP header beyond the IP length", 20), 2, 59, OUTCOME_bad_tcp);
	poked16(request("TCP without payload", 20), 2, 60, OUTCOME_not_http);
	p = request("TCP in a first fragment", 0);
	pkt_poke16(p, p->ip + 6, IP4_MORE);
	row_expect(OUTCOME_http, MARK_first_fragment, "target=/x");
	p = request("TCP request with HTTP switched on", 0);
	row_expect(OUTCOME_http, 0, "target=/x");
	row_new("the same request with HTTP switched off")->settings.http = 0;
	*row_frame() = *p;
	row_expect(OUTCOME_not_http, 0, "");
}

void rows_packet(void)
{
	plain_rows();
	link_rows();
	capture_link_rows();
	ip4_rows();
	ext_rows();
	ip6_rows();
	udp_rows();
	tcp_rows();
}
