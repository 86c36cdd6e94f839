/* rdata.c: record data as text. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>

#include "bounded.h"
#include "observe/name.h"
#include "support/ip.h"

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
	TYPE_SPF = 99,
	TYPE_CAA = 257,
};

/* The data being written: text that grows at the arena's end, read from bytes[pos..end). */
struct rdata {
	struct wire *wire;
	struct arena *arena;
	size_t pos;
	size_t end;
	char *start;
	bool bad;  /* does not fit its type */
	bool full; /* no room left */
};

static void put_text(struct rdata *r, const char *s, size_t len)
{
	char *to = arena_take(r->arena, len);

	if (to)
		memcpy(to, s, len);
	else
		r->full = true;
}

static void put_str(struct rdata *r, const char *s)
{
	put_text(r, s, strlen(s));
}

static void put_number(struct rdata *r, uint32_t n)
{
	char digits[12];

	put_text(r, digits, snprintf(digits, sizeof(digits), "%u", n));
}

/* The next n bytes of the data, or NULL. */
static const uint8_t *take(struct rdata *r, size_t n)
{
	const uint8_t *p = r->wire->bytes + r->pos;

	if (r->bad || n > r->end - r->pos) {
		r->bad = true;
		return NULL;
	}
	r->pos += n;
	return p;
}

static void put16(struct rdata *r)
{
	const uint8_t *p = take(r, 2);

	if (p)
		put_number(r, wire16(p));
}

static void put32(struct rdata *r)
{
	const uint8_t *p = take(r, 4);

	if (p)
		put_number(r, wire32(p));
}

/* The text lands right behind what was written: name_read() takes from the same arena. */
static void put_name(struct rdata *r)
{
	struct text name;

	if (r->bad)
		return;
	if (name_read(r->wire, &r->pos, r->arena, &name) || r->pos > r->end)
		r->bad = true;
}

/* Printable ASCII as it is, the rest as \DDD. */
static void put_escaped(struct rdata *r, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c[5] = { p[i] };

		if (p[i] == '\\')
			put_text(r, "\\\\", 2);
		else if (p[i] >= 0x20 && p[i] < 0x7f)
			put_text(r, c, 1);
		else
			put_text(r, c, snprintf(c, sizeof(c), "\\%03u", p[i]));
	}
}

/* Character-strings one after the other, as SPF and DKIM read them (RFC 7208 3.3). */
static void put_strings(struct rdata *r)
{
	while (r->pos < r->end && !r->bad) {
		const uint8_t *len = take(r, 1), *s = len ? take(r, *len) : NULL;

		if (s)
			put_escaped(r, s, *len);
	}
}

static void put_hex(struct rdata *r, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		char c[2] = { digits[p[i] >> 4], digits[p[i] & 15] };

		put_text(r, c, 2);
	}
}

static size_t address_text(const uint8_t *p, int family, char *to)
{
	return family == AF_INET ? ip4_text(p, to) : ip6_text(p, to);
}

/* In place, but for the last bytes of the arena: what is written may be shorter than the room for it. */
static void put_address(struct rdata *r, const uint8_t *p, int family)
{
	char text[IP_TEXT], *to = arena_take(r->arena, IP_TEXT);

	if (to)
		arena_trim(r->arena, to + address_text(p, family, to));
	else
		put_text(r, text, address_text(p, family, text));
}

static void put_addresses(struct rdata *r, size_t end, int family)
{
	size_t size = family == AF_INET ? 4 : 16;

	for (bool first = true; r->pos < end && !r->bad; first = false) {
		const uint8_t *p = r->pos + size <= end ? take(r, size) : NULL;

		if (!p) {
			r->bad = true;
			return;
		}
		if (!first)
			put_str(r, ",");
		put_address(r, p, family);
	}
}

static void put_alpn(struct rdata *r, size_t end)
{
	for (bool first = true; r->pos < end && !r->bad; first = false) {
		const uint8_t *len = take(r, 1), *s = len ? take(r, *len) : NULL;

		if (!s || r->pos > end) {
			r->bad = true;
			return;
		}
		if (!first)
			put_str(r, ",");
		put_escaped(r, s, *len);
	}
}

/* One SvcParam, RFC 9460 2.1 and 14.3.2. */
static void put_service_param(struct rdata *r)
{
	static const char *const keys[] = { "mandatory", "alpn", "no-default-alpn", "port",
					    "ipv4hint",	 "ech",	 "ipv6hint" };
	const uint8_t *head = take(r, 4);
	uint32_t key, len;
	size_t end;

	if (!head)
		return;
	key = wire16(head);
	len = wire16(head + 2);
	end = r->pos + len;
	if (end > r->end) {
		r->bad = true;
		return;
	}
	put_str(r, " ");
	if (key < sizeof(keys) / sizeof(keys[0])) {
		put_str(r, keys[key]);
	} else {
		put_str(r, "key");
		put_number(r, key);
	}
	if (len == 0)
		return;
	put_str(r, "=");
	if (key == 1)
		put_alpn(r, end);
	else if (key == 3 && len == 2)
		put16(r);
	else if (key == 4)
		put_addresses(r, end, AF_INET);
	else if (key == 6)
		put_addresses(r, end, AF_INET6);
	else
		put_hex(r, take(r, len), len);
}

static void put_soa(struct rdata *r)
{
	put_name(r);
	put_str(r, " ");
	put_name(r);
	for (int i = 0; i < 5; i++) {
		put_str(r, " ");
		put32(r);
	}
}

static void put_caa(struct rdata *r)
{
	const uint8_t *head = take(r, 2), *tag = head ? take(r, head[1]) : NULL;

	if (!tag)
		return;
	put_number(r, head[0]);
	put_str(r, " ");
	put_escaped(r, tag, head[1]);
	put_str(r, " ");
	put_escaped(r, r->wire->bytes + r->pos, r->end - r->pos);
	r->pos = r->end;
}

static void put_by_type(struct rdata *r, uint16_t type)
{
	switch (type) {
	case TYPE_A:
		put_addresses(r, r->pos + 4, AF_INET);
		break;
	case TYPE_AAAA:
		put_addresses(r, r->pos + 16, AF_INET6);
		break;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
		put_name(r);
		break;
	case TYPE_MX:
		put16(r);
		put_str(r, " ");
		put_name(r);
		break;
	case TYPE_TXT:
	case TYPE_SPF:
		put_strings(r);
		break;
	case TYPE_SOA:
		put_soa(r);
		break;
	case TYPE_SRV:
		for (int i = 0; i < 3; i++) {
			put16(r);
			put_str(r, " ");
		}
		put_name(r);
		break;
	case TYPE_SVCB:
	case TYPE_HTTPS:
		put16(r);
		put_str(r, " ");
		put_name(r);
		while (r->pos < r->end && !r->bad)
			put_service_param(r);
		break;
	case TYPE_CAA:
		put_caa(r);
		break;
	default:
		r->bad = true;
		break;
	}
	if (r->pos != r->end)
		r->bad = true;
}

static bool has_text_form(uint16_t type)
{
	switch (type) {
	case TYPE_A:
	case TYPE_AAAA:
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
	case TYPE_MX:
	case TYPE_TXT:
	case TYPE_SPF:
	case TYPE_SOA:
	case TYPE_SRV:
	case TYPE_SVCB:
	case TYPE_HTTPS:
	case TYPE_CAA:
		return true;
	default:
		return false;
	}
}

int rdata_read(struct wire *w, size_t pos, size_t len, uint16_t type, struct arena *arena, struct text *ret_text)
{
	struct rdata r = { .wire = w, .arena = arena, .pos = pos, .end = pos + len };

	r.start = arena->bytes + arena->used;
	if (has_text_form(type) && len > 0) {
		put_by_type(&r, type);
		if (r.bad)
			w->marks |= MARK_rdata;
	} else {
		r.bad = len > 0;
	}
	if (r.bad && !r.full) {
		char head[16];

		arena_trim(arena, r.start);
		put_text(&r, head, snprintf(head, sizeof(head), "\\# %zu ", len));
		put_hex(&r, w->bytes + pos, len);
	}
	if (r.full) {
		arena_trim(arena, r.start);
		w->marks |= MARK_oversize;
		return -1;
	}
	ret_text->at = r.start;
	ret_text->len = arena->bytes + arena->used - r.start;
	ret_text->plain = !r.bad && (type == TYPE_A || type == TYPE_AAAA);
	return 0;
}
