/* community_id.c: see community_id.h. */
#include "output/community_id.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "support/hash.h"
#include "support/ip.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58, SCTP = 132 };

/* ICMP types that come as request and reply; the spec pairs them. */
static const uint8_t icmp_pairs[][2] = { { 0, 8 }, { 8, 0 }, { 13, 14 }, { 14, 13 }, { 15, 16 }, { 16, 15 },
					 { 10, 9 }, { 9, 10 }, { 17, 18 }, { 18, 17 } };
static const uint8_t icmp6_pairs[][2] = { { 128, 129 }, { 129, 128 }, { 133, 134 }, { 134, 133 }, { 135, 136 },
					  { 136, 135 }, { 130, 131 }, { 131, 130 }, { 144, 145 }, { 145, 144 },
					  { 139, 140 }, { 140, 139 } };

static int counterpart(const uint8_t pairs[][2], size_t n, uint16_t type)
{
	for (size_t i = 0; i < n; i++)
		if (pairs[i][0] == type)
			return pairs[i][1];
	return -1;
}

static bool has_ports(uint8_t proto)
{
	return proto == TCP || proto == UDP || proto == SCTP || proto == ICMP || proto == ICMP6;
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return to + len;
}

static uint8_t *put16(uint8_t *to, uint16_t n)
{
	to[0] = n >> 8;
	to[1] = n & 0xff;
	return to + 2;
}

static void sha1(const uint8_t *bytes, size_t len, uint8_t digest[20])
{
	static __thread EVP_MD_CTX *ctx; /* one per thread for its life */
	EVP_MD *md = NULL; /* the same again */

	if (!ctx) {
		ctx = EVP_MD_CTX_new();
		md = EVP_MD_fetch(NULL, "SHA1", NULL);
	}
	if (!EVP_DigestInit_ex2(ctx, md, NULL) || !EVP_DigestUpdate(ctx, bytes, len) ||
	    !EVP_DigestFinal_ex(ctx, digest, NULL))
		memset(digest, 0, 20);
}

static void compute(const struct community_flow *f, uint16_t seed, char text[COMMUNITY_ID_TEXT])
{
	bool v4 = ip_is_v4(f->saddr) && ip_is_v4(f->daddr), swap;
	const uint8_t *a = f->saddr + (v4 ? 12 : 0), *b = f->daddr + (v4 ? 12 : 0);
	size_t size = v4 ? 4 : 16;
	uint16_t aport = f->sport, bport = f->dport;
	uint8_t bytes[2 + 16 + 16 + 2 + 4], *to = bytes, digest[20];
	bool one_way = false;
	int order;

	if (f->proto == ICMP || f->proto == ICMP6) {
		int other = f->proto == ICMP ?
				    counterpart(icmp_pairs, sizeof(icmp_pairs) / 2, f->sport) :
				    counterpart(icmp6_pairs, sizeof(icmp6_pairs) / 2, f->sport);

		one_way = other < 0;
		if (!one_way)
			bport = other;
	}
	order = memcmp(a, b, size);
	swap = !one_way && (order > 0 || (order == 0 && aport > bport));
	to = put16(to, seed);
	to = put(to, swap ? b : a, size);
	to = put(to, swap ? a : b, size);
	*to++ = f->proto;
	*to++ = 0;
	if (has_ports(f->proto)) {
		to = put16(to, swap ? bport : aport);
		to = put16(to, swap ? aport : bport);
	}
	sha1(bytes, to - bytes, digest);
	text[0] = '1';
	text[1] = ':';
	EVP_EncodeBlock((unsigned char *)text + 2, digest, sizeof(digest));
}

#define REMEMBERED 4096
#define KEY_BYTES 39

/* A flow's packets come close together, and SHA-1 is the dearest part of a line: the last flows' ids are
 * remembered, a newer one taking an older one's place. The hash is keyed and stands for the flow. */
void community_id(const struct community_flow *f, uint16_t seed, char text[COMMUNITY_ID_TEXT])
{
	uint8_t key[KEY_BYTES], *to = key;
	static __thread struct {
		uint64_t hash; /* 0: free */
		char text[COMMUNITY_ID_TEXT];
	} remembered[REMEMBERED], *r;
	uint64_t hash;

	to = put(to, f->saddr, 16);
	to = put(to, f->daddr, 16);
	to = put16(to, f->sport);
	to = put16(to, f->dport);
	to = put16(to, seed);
	*to = f->proto;
	hash = hash_bytes(key, KEY_BYTES, hash_seed()) | 1;
	r = &remembered[hash / 2 % REMEMBERED];
	if (r->hash != hash) {
		compute(f, seed, r->text);
		r->hash = hash;
	}
	memcpy(text, r->text, COMMUNITY_ID_TEXT);
}
