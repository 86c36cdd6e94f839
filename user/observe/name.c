/* name.c: names of the wire and of people. */
#include "observe/name.h"

#include <stdbool.h>
#include <stdio.h>

#include "bounded.h"
#include "dns.h"

#define NAME_TEXT_MAX (4 * DNS_NAME_MAX + 1)
#define MAX_JUMPS 127

/* One of the others, escaped. */
static char *put_byte(char *out, uint8_t c)
{
	*out++ = '\\';
	if (c == '.' || c == '\\') {
		*out++ = c;
	} else if (c == '"') {
		out[-1] = c;
	} else {
		*out++ = '0' + c / 100;
		*out++ = '0' + c / 10 % 10;
		*out++ = '0' + c % 10;
	}
	return out;
}

/* Bytes that stand for themselves in a name and in JSON, in lower case; 0 for all others. */
static uint8_t plain_byte[256];

__attribute__((constructor)) static void fill_plain_bytes(void)
{
	for (int c = 0x21; c < 0x7f; c++)
		if (c != '.' && c != '\\' && c != '"')
			plain_byte[c] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The labels from `at` on, pointers followed. Returns the end of the text, or NULL with the mark. */
static char *read_labels(struct wire *w, size_t at, size_t *ret_end, bool *ret_plain, char *out)
{
	size_t end = 0, total = 1;
	unsigned int jumps = 0;
	bool plain = true;
	char *start = out;

	for (;;) {
		uint8_t label;

		if (at >= w->len) {
			w->marks |= MARK_truncated;
			return NULL;
		}
		label = w->bytes[at];
		if (label >= 0xc0) {
			if (at + 2 > w->len) {
				w->marks |= MARK_truncated;
				return NULL;
			}
			if (!end)
				end = at + 2;
			if (++jumps > MAX_JUMPS) {
				w->marks |= MARK_pointer_loop;
				return NULL;
			}
			at = (label & 0x3f) << 8 | w->bytes[at + 1];
			continue;
		}
		if (label & 0xc0) {
			w->marks |= MARK_label_type;
			return NULL;
		}
		at++;
		if (label == 0)
			break;
		if (at + label > w->len) {
			w->marks |= MARK_truncated;
			return NULL;
		}
		total += 1 + label;
		if (total > DNS_NAME_MAX) {
			w->marks |= MARK_name_length;
			return NULL;
		}
		if (out != start)
			*out++ = '.';
		for (const uint8_t *p = w->bytes + at, *stop = p + label; p < stop; p++) {
			if (plain_byte[*p]) {
				*out++ = plain_byte[*p];
			} else {
				out = put_byte(out, *p);
				plain = false;
			}
		}
		at += label;
	}
	if (out == start)
		*out++ = '.';
	*ret_end = end ? end : at;
	*ret_plain = plain;
	return out;
}

int name_read(struct wire *w, size_t *pos, struct arena *arena, struct text *ret_text)
{
	char *start = arena_take(arena, NAME_TEXT_MAX), *stop;
	size_t end;

	if (!start) {
		w->marks |= MARK_oversize;
		return -1;
	}
	stop = read_labels(w, *pos, &end, &ret_text->plain, start);
	arena_trim(arena, stop ? stop : start);
	if (!stop)
		return -1;
	*pos = end;
	ret_text->at = start;
	ret_text->len = stop - start;
	return 0;
}

struct number_name {
	uint16_t number;
	const char *name;
};

/* IANA "Domain Name System (DNS) Parameters" */
static const struct number_name types[] = {
	{ 1, "A" },	    { 2, "NS" },	{ 5, "CNAME" },	    { 6, "SOA" },	{ 10, "NULL" },
	{ 11, "WKS" },	    { 12, "PTR" },	{ 13, "HINFO" },    { 14, "MINFO" },	{ 15, "MX" },
	{ 16, "TXT" },	    { 17, "RP" },	{ 18, "AFSDB" },    { 24, "SIG" },	{ 25, "KEY" },
	{ 28, "AAAA" },	    { 29, "LOC" },	{ 33, "SRV" },	    { 35, "NAPTR" },	{ 37, "CERT" },
	{ 39, "DNAME" },    { 41, "OPT" },	{ 43, "DS" },	    { 44, "SSHFP" },	{ 46, "RRSIG" },
	{ 47, "NSEC" },	    { 48, "DNSKEY" },	{ 50, "NSEC3" },    { 51, "NSEC3PARAM" }, { 52, "TLSA" },
	{ 53, "SMIMEA" },   { 59, "CDS" },	{ 60, "CDNSKEY" },  { 61, "OPENPGPKEY" }, { 62, "CSYNC" },
	{ 63, "ZONEMD" },   { 64, "SVCB" },	{ 65, "HTTPS" },    { 99, "SPF" },	{ 249, "TKEY" },
	{ 250, "TSIG" },    { 251, "IXFR" },	{ 252, "AXFR" },    { 253, "MAILB" },	{ 255, "ANY" },
	{ 256, "URI" },	    { 257, "CAA" },
};

static const struct number_name classes[] = {
	{ 1, "IN" }, { 3, "CH" }, { 4, "HS" }, { 254, "NONE" }, { 255, "ANY" },
};

static const struct number_name rcodes[] = {
	{ 0, "NOERROR" },   { 1, "FORMERR" },	{ 2, "SERVFAIL" },  { 3, "NXDOMAIN" },	{ 4, "NOTIMP" },
	{ 5, "REFUSED" },   { 6, "YXDOMAIN" },	{ 7, "YXRRSET" },   { 8, "NXRRSET" },	{ 9, "NOTAUTH" },
	{ 10, "NOTZONE" },  { 11, "DSOTYPENI" }, { 16, "BADVERS" }, { 17, "BADKEY" },	{ 18, "BADTIME" },
	{ 19, "BADMODE" },  { 20, "BADNAME" },	{ 21, "BADALG" },   { 22, "BADTRUNC" }, { 23, "BADCOOKIE" },
};

static const struct number_name opcodes[] = {
	{ 0, "QUERY" }, { 1, "IQUERY" }, { 2, "STATUS" }, { 4, "NOTIFY" }, { 5, "UPDATE" }, { 6, "DSO" },
};

static const char *find_name(const struct number_name *table, size_t n, uint16_t number, const char *prefix,
			     char *scratch)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].number == number)
			return table[i].name;
	snprintf(scratch, 16, "%s%u", prefix, number);
	return scratch;
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *dns_type_name(uint16_t type, char *scratch)
{
	return find_name(types, COUNT(types), type, "TYPE", scratch);
}

const char *dns_class_name(uint16_t class, char *scratch)
{
	return find_name(classes, COUNT(classes), class, "CLASS", scratch);
}

const char *dns_rcode_name(uint16_t rcode, char *scratch)
{
	return find_name(rcodes, COUNT(rcodes), rcode, "RCODE", scratch);
}

const char *dns_opcode_name(uint16_t opcode, char *scratch)
{
	return find_name(opcodes, COUNT(opcodes), opcode, "OPCODE", scratch);
}
