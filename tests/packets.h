/* packets.h: frames for tests, built layer by layer. Each layer writes its type into the one before it, and
 * every length field grows with what is appended: a frame is right at any moment, and wrong only where a
 * test pokes it afterwards. Checksums stay zero. */
#ifndef METSUKE_TESTS_PACKETS_H
#define METSUKE_TESTS_PACKETS_H

#include <linux/types.h>

#define PKT_MAX 9216
#define PKT_LENGTHS 8

/* Offsets of the counts in a DNS header name its sections. */
enum pkt_section { PKT_QUESTION = 4, PKT_ANSWER = 6, PKT_AUTHORITY = 8, PKT_ADDITIONAL = 10 };

struct pkt {
	unsigned int len;
	unsigned int ip;      /* where the innermost IP header starts */
	unsigned int l4;      /* ... the innermost UDP or TCP header */
	unsigned int payload; /* ... what that carries */
	unsigned int type_at; /* the field that names the next layer */
	unsigned int type_len;
	unsigned int n_lengths;
	unsigned int length_at[PKT_LENGTHS];
	__u8 data[PKT_MAX];
};

void pkt_bytes(struct pkt *p, const void *data, unsigned int len);
void pkt_fill(struct pkt *p, __u8 byte, unsigned int len);
void pkt_text(struct pkt *p, const char *text);
void pkt_put8(struct pkt *p, __u32 value);
void pkt_put16(struct pkt *p, __u32 value);
void pkt_put32(struct pkt *p, __u32 value);
void pkt_poke8(struct pkt *p, unsigned int at, __u32 value);
void pkt_poke16(struct pkt *p, unsigned int at, __u32 value);

void pkt_eth(struct pkt *p);
void pkt_vlan(struct pkt *p, __u32 tpid, __u32 tci);
void pkt_sll(struct pkt *p);
void pkt_sll2(struct pkt *p);
void pkt_null(struct pkt *p);
/* 192.0.2.1 to 192.0.2.53, 2001:db8::1 to 2001:db8::53. */
void pkt_ip4(struct pkt *p, unsigned int options);
void pkt_ip6(struct pkt *p);
/* IPv6 extension header of len bytes. */
void pkt_ext(struct pkt *p, __u32 type, unsigned int len);
void pkt_fragment6(struct pkt *p, __u32 offset, int more);
void pkt_gre(struct pkt *p, __u32 flags);
void pkt_vxlan(struct pkt *p);
void pkt_udp(struct pkt *p, __u32 sport, __u32 dport);
void pkt_tcp(struct pkt *p, __u32 sport, __u32 dport, __u32 seq, unsigned int options);

void pkt_dns(struct pkt *p, __u32 flags);
void pkt_count(struct pkt *p, enum pkt_section section);
void pkt_label(struct pkt *p, unsigned int len);
/* Dotted text without escapes; "" is the root. */
void pkt_name(struct pkt *p, const char *name);
/* Compression pointer; the offset counts from the DNS header. */
void pkt_pointer(struct pkt *p, __u32 offset);
void pkt_question(struct pkt *p, const char *name, __u32 type);
/* A record with the first question's name. */
void pkt_record(struct pkt *p, enum pkt_section section, __u32 type, const void *rdata, unsigned int len);
void pkt_edns(struct pkt *p, __u32 size, __u32 rcode, __u32 version, __u32 flags);

void pkt_http(struct pkt *p, const char *method, const char *target, const char *host);

#endif
