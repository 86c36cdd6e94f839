/* packets.c: see packets.h. */
#include "packets.h"

#include <stdlib.h>
#include <string.h>

static void grow16(__u8 *at, unsigned int by)
{
	unsigned int value = (at[0] << 8 | at[1]) + by;

	at[0] = value >> 8;
	at[1] = value;
}

static __u8 *append(struct pkt *p, unsigned int len)
{
	__u8 *at = p->data + p->len;

	if (len > PKT_MAX - p->len)
		abort();
	p->len += len;
	for (unsigned int i = 0; i < p->n_lengths; i++)
		grow16(p->data + p->length_at[i], len);
	return at;
}

void pkt_bytes(struct pkt *p, const void *data, unsigned int len)
{
	memcpy(append(p, len), data, len);
}

void pkt_fill(struct pkt *p, __u8 byte, unsigned int len)
{
	memset(append(p, len), byte, len);
}

void pkt_text(struct pkt *p, const char *text)
{
	pkt_bytes(p, text, strlen(text));
}

void pkt_put8(struct pkt *p, __u32 value)
{
	pkt_fill(p, value, 1);
}

void pkt_put16(struct pkt *p, __u32 value)
{
	pkt_put8(p, value >> 8);
	pkt_put8(p, value);
}

void pkt_put32(struct pkt *p, __u32 value)
{
	pkt_put16(p, value >> 16);
	pkt_put16(p, value);
}

void pkt_poke8(struct pkt *p, unsigned int at, __u32 value)
{
	if (at >= p->len)
		abort();
	p->data[at] = value;
}

void pkt_poke16(struct pkt *p, unsigned int at, __u32 value)
{
	pkt_poke8(p, at, value >> 8);
	pkt_poke8(p, at + 1, value);
}

/* The next layer is this EtherType, or this protocol where the field has one byte. */
static void name_layer(struct pkt *p, __u32 ethertype, __u32 proto)
{
	if (p->type_len == 2)
		pkt_poke16(p, p->type_at, ethertype);
	else if (p->type_len == 1)
		pkt_poke8(p, p->type_at, proto);
	p->type_len = 0;
}

static void next_type(struct pkt *p, unsigned int at, unsigned int len)
{
	p->type_at = at;
	p->type_len = len;
}

/* From here on the field counts what is appended, beginning with `value`. */
static void open_length(struct pkt *p, unsigned int at, unsigned int value)
{
	if (p->n_lengths == PKT_LENGTHS)
		abort();
	pkt_poke16(p, at, value);
	p->length_at[p->n_lengths++] = at;
}

void pkt_eth(struct pkt *p)
{
	static const __u8 mac[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };

	name_layer(p, 0x6558, 143);
	pkt_bytes(p, mac, sizeof(mac));
	next_type(p, p->len, 2);
	pkt_put16(p, 0);
}

void pkt_vlan(struct pkt *p, __u32 tpid, __u32 tci)
{
	name_layer(p, tpid, 0);
	pkt_put16(p, tci);
	next_type(p, p->len, 2);
	pkt_put16(p, 0);
}

void pkt_sll(struct pkt *p)
{
	pkt_fill(p, 0, 16);
	next_type(p, 14, 2);
}

void pkt_sll2(struct pkt *p)
{
	pkt_fill(p, 0, 20);
	next_type(p, 0, 2);
}

void pkt_null(struct pkt *p)
{
	pkt_bytes(p, "\2\0\0", 4);
}

void pkt_ip4(struct pkt *p, unsigned int options)
{
	static const __u8 addrs[8] = { 192, 0, 2, 1, 192, 0, 2, 53 };

	name_layer(p, 0x0800, 4);
	p->ip = p->len;
	pkt_put32(p, (0x45 + options / 4) << 24);
	pkt_put32(p, 0x12340000);
	pkt_put32(p, 64 << 24);
	next_type(p, p->ip + 9, 1);
	pkt_bytes(p, addrs, sizeof(addrs));
	pkt_fill(p, 1, options);
	open_length(p, p->ip + 2, 20 + options);
}

void pkt_ip6(struct pkt *p)
{
	static const __u8 addrs[32] = { 0x20, 1, 0xd, 0xb8, [15] = 1, 0x20, 1, 0xd, 0xb8, [31] = 0x53 };

	name_layer(p, 0x86dd, 41);
	p->ip = p->len;
	pkt_put32(p, 6 << 28);
	pkt_put32(p, 64);
	next_type(p, p->ip + 6, 1);
	pkt_bytes(p, addrs, sizeof(addrs));
	open_length(p, p->ip + 4, 0);
}

void pkt_ext(struct pkt *p, __u32 type, unsigned int len)
{
	unsigned int at = p->len;

	name_layer(p, 0, type);
	pkt_fill(p, 0, len);
	pkt_poke8(p, at + 1, type == 51 ? len / 4 - 2 : len / 8 - 1);
	next_type(p, at, 1);
}

void pkt_fragment6(struct pkt *p, __u32 offset, int more)
{
	unsigned int at = p->len;

	name_layer(p, 0, 44);
	pkt_put16(p, 0);
	pkt_put16(p, offset << 3 | !!more);
	pkt_put32(p, 0x12345678);
	next_type(p, at, 1);
}

void pkt_gre(struct pkt *p, __u32 flags)
{
	name_layer(p, 0, 47);
	pkt_put16(p, flags);
	next_type(p, p->len, 2);
	pkt_put16(p, 0);
	pkt_fill(p, 0, 4 * (!!(flags & 0x8000) + !!(flags & 0x2000) + !!(flags & 0x1000)));
}

void pkt_vxlan(struct pkt *p)
{
	pkt_put32(p, 0x08 << 24);
	pkt_put32(p, 42 << 8);
}

void pkt_udp(struct pkt *p, __u32 sport, __u32 dport)
{
	name_layer(p, 0, 17);
	p->l4 = p->len;
	pkt_put16(p, sport);
	pkt_put16(p, dport);
	pkt_put32(p, 0);
	open_length(p, p->l4 + 4, 8);
	p->payload = p->len;
}

void pkt_tcp(struct pkt *p, __u32 sport, __u32 dport, __u32 seq, unsigned int options)
{
	name_layer(p, 0, 6);
	p->l4 = p->len;
	pkt_put16(p, sport);
	pkt_put16(p, dport);
	pkt_put32(p, seq);
	pkt_put32(p, 1);
	pkt_put32(p, (5 + options / 4) << 28 | 0x18 << 16 | 0xffff);
	pkt_put32(p, 0);
	pkt_fill(p, 1, options);
	p->payload = p->len;
}

void pkt_dns(struct pkt *p, __u32 flags)
{
	p->payload = p->len;
	pkt_put16(p, 0x1234);
	pkt_put16(p, flags);
	pkt_fill(p, 0, 8);
}

void pkt_count(struct pkt *p, enum pkt_section section)
{
	grow16(p->data + p->payload + section, 1);
}

void pkt_label(struct pkt *p, unsigned int len)
{
	pkt_put8(p, len);
	pkt_fill(p, 'a', len);
}

void pkt_name(struct pkt *p, const char *name)
{
	while (*name) {
		unsigned int len = strcspn(name, ".");

		pkt_put8(p, len);
		pkt_bytes(p, name, len);
		name += len + (name[len] == '.');
	}
	pkt_put8(p, 0);
}

void pkt_pointer(struct pkt *p, __u32 offset)
{
	pkt_put16(p, 0xc000 | offset);
}

void pkt_question(struct pkt *p, const char *name, __u32 type)
{
	pkt_count(p, PKT_QUESTION);
	pkt_name(p, name);
	pkt_put16(p, type);
	pkt_put16(p, 1);
}

void pkt_record(struct pkt *p, enum pkt_section section, __u32 type, const void *rdata, unsigned int len)
{
	pkt_count(p, section);
	pkt_pointer(p, 12);
	pkt_put16(p, type);
	pkt_put16(p, 1);
	pkt_put32(p, 300);
	pkt_put16(p, len);
	pkt_bytes(p, rdata, len);
}

void pkt_edns(struct pkt *p, __u32 size, __u32 rcode, __u32 version, __u32 flags)
{
	pkt_count(p, PKT_ADDITIONAL);
	pkt_name(p, "");
	pkt_put16(p, 41);
	pkt_put16(p, size);
	pkt_put8(p, rcode);
	pkt_put8(p, version);
	pkt_put16(p, flags);
	pkt_put16(p, 0);
}

void pkt_http(struct pkt *p, const char *method, const char *target, const char *host)
{
	pkt_text(p, method);
	pkt_text(p, " ");
	pkt_text(p, target);
	pkt_text(p, " HTTP/1.1\r\nHost: ");
	pkt_text(p, host);
	pkt_text(p, "\r\n\r\n");
}
