/* prefix_text.c: see prefix_text.h. */
#include "observe/prefix_text.h"

#include <arpa/inet.h>
#include <string.h>

#include "support/ip.h"

#define AS_RESERVED UINT32_MAX /* RFC 7300 */

static bool is_blank(char c)
{
	return c == '\t' || c == ' ';
}

/* A whole number at *at, which moves behind it; false: none, or one above most. */
static bool number(const char **at, const char *end, uint64_t most, uint64_t *ret)
{
	const char *c = *at;
	uint64_t n = 0;

	for (; c < end && *c >= '0' && *c <= '9'; c++) {
		n = n * 10 + (*c - '0');
		if (n > most)
			return false;
	}
	if (c == *at)
		return false;
	*at = c;
	*ret = n;
	return true;
}

const char *prefix_as(const char *text, size_t len, uint32_t *ret_as)
{
	const char *at = text, *end = text + len;
	uint64_t n, first = 0;

	if (len > 2 && (at[0] == 'A' || at[0] == 'a') && (at[1] == 'S' || at[1] == 's'))
		at += 2;
	for (;;) {
		if (!number(&at, end, UINT32_MAX, &n))
			return "not an AS number (1 to 4294967294), nor several with _ or , between";
		if (n == 0)
			return "AS 0 announces nothing (RFC 7607)";
		if (n == AS_RESERVED)
			return "AS 4294967295 is reserved (RFC 7300)";
		if (!first)
			first = n;
		if (at == end)
			break;
		if (*at != '_' && *at != ',')
			return "not an AS number (1 to 4294967294), nor several with _ or , between";
		at++;
	}
	*ret_as = first;
	return NULL;
}

const char *prefix_network(struct prefix_entry *e, const uint8_t ip[16], unsigned int bits)
{
	if (bits == 0 || (bits == 96 && ip_is_v4(ip)))
		return "a default route is no network";
	if (!prefix_entry_set(e, ip, bits))
		return "bits are set behind the length";
	return NULL;
}

static bool address(const char *text, size_t len, uint8_t ip[16], bool *ret_v4)
{
	char copy[INET6_ADDRSTRLEN];

	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	memset(ip, 0, 16);
	*ret_v4 = inet_pton(AF_INET, copy, ip + 12) == 1;
	if (!*ret_v4)
		return inet_pton(AF_INET6, copy, ip) == 1;
	ip[10] = ip[11] = 0xff;
	return true;
}

struct field {
	const char *at;
	size_t len;
};

/* Up to most fields; the last one may hold the rest. */
static size_t split(const char *at, const char *end, struct field *field, size_t most)
{
	size_t n = 0;

	while (n < most) {
		while (at < end && is_blank(*at))
			at++;
		if (at == end)
			break;
		field[n].at = at;
		while (at < end && !is_blank(*at))
			at++;
		field[n].len = at - field[n].at;
		n++;
	}
	return n;
}

static enum prefix_line refuse(struct prefix_refusal *refusal, struct field f, const char *why)
{
	*refusal = (struct prefix_refusal){ f.at, f.len, why };
	return PREFIX_LINE_REFUSED;
}

enum prefix_line prefix_line(const char *line, size_t len, struct prefix_entry *e, struct prefix_refusal *refusal)
{
	struct field whole = { line, len }, f[4], length, as, network;
	size_t n = split(line, line + len, f, 4), want = 3;
	const char *slash, *at, *why;
	uint64_t bits = 0;
	uint8_t ip[16];
	bool v4;

	if (n == 0 || *f[0].at == '#' || *f[0].at == ';')
		return PREFIX_LINE_EMPTY;
	network = f[0];
	slash = memchr(f[0].at, '/', f[0].len);
	if (slash) {
		length = (struct field){ slash + 1, f[0].at + f[0].len - (slash + 1) };
		f[0].len = slash - f[0].at;
		want = 2;
	} else if (n > 1) {
		length = f[1];
		network.len = f[1].at + f[1].len - f[0].at;
	}
	if (n != want)
		return refuse(refusal, whole, "not address, length and AS");
	as = f[want - 1];
	if (!address(f[0].at, f[0].len, ip, &v4))
		return refuse(refusal, f[0], "not an address");
	at = length.at;
	if (!number(&at, length.at + length.len, v4 ? 32 : 128, &bits) || at != length.at + length.len)
		return refuse(refusal, length, v4 ? "not a length (1 to 32)" : "not a length (1 to 128)");
	why = prefix_network(e, ip, bits + (v4 ? 96 : 0));
	if (why)
		return refuse(refusal, network, why);
	why = prefix_as(as.at, as.len, &e->as);
	return why ? refuse(refusal, as, why) : PREFIX_LINE_ENTRY;
}
