/* decode.c: see decode.h. */
#include "observe/decode.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bounded.h"
#include "dns.h"
#include "http.h"
#include "observe/name.h"

bool record_is_sound(const struct record *rec, size_t len)
{
	size_t bytes, fields = 0;

	if (len < sizeof(*rec) || rec->head.len != len || rec->head.version != RECORD_VERSION)
		return false;
	bytes = len - sizeof(*rec);
	switch (rec->head.kind) {
	case RECORD_DNS:
		return rec->dns.wire_len == bytes && bytes >= DNS_HEADER;
	case RECORD_HTTP:
		for (int i = 0; i < N_HTTP_FIELDS; i++)
			fields += rec->http.field_len[i];
		return fields == bytes;
	case RECORD_HTTP_PART:
		return rec->raw.wire_len == bytes && bytes > 0;
	case RECORD_SYN:
		return bytes == 0;
	default:
		return false;
	}
}

/* A pointer to the first name behind the header. */
#define NAME_OF_QUESTION (0xc000 | DNS_HEADER)

static bool read_question(struct wire *w, size_t *pos, struct arena *arena, struct dns_observation *dns)
{
	if (name_read(w, pos, arena, &dns->question))
		return false;
	if (*pos + 4 > w->len) {
		w->marks |= MARK_truncated;
		return false;
	}
	dns->has_question = true;
	dns->type = wire16(w->bytes + *pos);
	dns->class = wire16(w->bytes + *pos + 2);
	*pos += 4;
	return true;
}

static bool read_answer(struct wire *w, size_t *pos, struct arena *arena, struct dns_observation *dns)
{
	struct dns_answer *a;
	size_t rdlength;

	if (dns->n_answers == MAX_ANSWERS) {
		w->marks |= MARK_too_many;
		return false;
	}
	a = &dns->answers[dns->n_answers];
	*a = (struct dns_answer){ 0 };
	if (dns->has_question && *pos + 2 <= w->len && wire16(w->bytes + *pos) == NAME_OF_QUESTION) {
		a->name = dns->question; /* as nearly always */
		*pos += 2;
	} else if (name_read(w, pos, arena, &a->name)) {
		return false;
	}
	if (*pos + 10 > w->len) {
		w->marks |= MARK_truncated;
		return false;
	}
	a->type = wire16(w->bytes + *pos);
	a->class = wire16(w->bytes + *pos + 2);
	a->ttl = wire32(w->bytes + *pos + 4);
	rdlength = wire16(w->bytes + *pos + 8);
	*pos += 10;
	if (rdlength > w->len - *pos) {
		w->marks |= MARK_truncated;
		return false;
	}
	if ((a->type == 1 && rdlength == 4) || (a->type == 28 && rdlength == 16))
		a->addr = w->bytes + *pos;
	if (rdata_read(w, *pos, rdlength, a->type, arena, &a->data))
		return false;
	*pos += rdlength;
	dns->n_answers++;
	return true;
}

static void decode_dns(const struct record *rec, struct domains *domains, struct arena *arena,
		       struct observation *o)
{
	struct dns_observation *dns = &o->dns;
	struct wire w = { (const uint8_t *)(rec + 1), rec->dns.wire_len, 0 };
	uint32_t questions = wire16(w.bytes + 4), answers = wire16(w.bytes + 6);
	size_t pos = DNS_HEADER;

	dns->question = (struct text){ "", 0 };
	dns->domain = (struct domain_parts){ 0 };
	dns->has_question = false;
	dns->type = dns->class = 0;
	dns->n_answers = 0;
	dns->id = wire16(w.bytes);
	dns->flags = wire16(w.bytes + 2);
	dns->rcode = (dns->flags & 15) | rec->dns.edns_rcode << 4;
	dns->edns = rec->dns.edns;
	dns->edns_do = rec->dns.edns_flags >> 15;
	dns->edns_size = rec->dns.edns_size;
	o->kind = dns->flags & 0x8000 ? OBSERVED_DNS_RESPONSE : OBSERVED_DNS_QUERY;
	if (questions > 0 && read_question(&w, &pos, arena, dns)) {
		struct text unused;
		bool ok = true;

		domains_split(domains, dns->question, &dns->domain);
		for (uint32_t i = 1; i < questions && ok; i++) {
			ok = !name_read(&w, &pos, arena, &unused) && pos + 4 <= w.len;
			pos += 4;
		}
		for (uint32_t i = 0; i < answers && ok; i++)
			ok = read_answer(&w, &pos, arena, dns);
	} else if (questions == 0) {
		for (uint32_t i = 0; i < answers && read_answer(&w, &pos, arena, dns); i++)
			;
	}
	o->marks |= w.marks;
}

static struct text trim(const char *at, size_t len)
{
	while (len > 0 && (*at == ' ' || *at == '\t'))
		at++, len--;
	while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	return (struct text){ at, len };
}

/* What stays as it is: in header values, in a host, in a method or target. */
enum { KEEP_VALUE = 1, KEEP_HOST = 2, KEEP_TARGET = 4 };
static uint8_t kept[256];

__attribute__((constructor)) static void fill_kept(void)
{
	for (int c = 0x20; c < 0x7f; c++) {
		kept[c] = KEEP_VALUE;
		if (c != '\\' && c != '"')
			kept[c] |= c == ' ' ? KEEP_HOST : KEEP_HOST | KEEP_TARGET;
	}
}

/* Field bytes as printable ASCII, the rest as %XX. */
static struct text escape(struct arena *arena, struct text raw, uint8_t keep, uint16_t *marks)
{
	static const char digits[] = "0123456789ABCDEF";
	char *start = arena_take(arena, 3 * raw.len + 1), *out = start;
	size_t i = 0;

	if (!start)
		return (struct text){ "", 0 };
	while (i < raw.len && kept[(uint8_t)raw.at[i]] & keep)
		i++;
	memcpy(out, raw.at, i);
	for (out += i; i < raw.len; i++) {
		uint8_t c = raw.at[i];

		if (kept[c] & keep) {
			*out++ = c;
			continue;
		}
		if (c < 0x20 && c != '\t')
			*marks |= MARK_control_bytes;
		*out++ = '%';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
	}
	arena_trim(arena, out);
	return (struct text){ start, out - start, keep != KEEP_VALUE };
}

static int64_t read_length(struct text value)
{
	int64_t n = 0;

	if (value.len == 0 || value.len > 18)
		return -1;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return -1;
		n = n * 10 + (value.at[i] - '0');
	}
	return n;
}

/* Host = uri-host [ ":" port ] (RFC 9110 7.2): cuts the port off. */
static void split_host(struct http_observation *http)
{
	struct text host = http->host;
	size_t colon = host.len;
	uint32_t port = 0;

	while (colon > 0 && host.at[colon - 1] >= '0' && host.at[colon - 1] <= '9')
		colon--;
	if (colon < 2 || host.at[colon - 1] != ':')
		return;
	if (memchr(host.at, ':', colon - 1) && host.at[colon - 2] != ']')
		return; /* an IPv6 address without its brackets */
	for (size_t i = colon; i < host.len && port <= 65535; i++)
		port = port * 10 + (host.at[i] - '0');
	http->host_port = port <= 65535 ? port : 0;
	http->host.len = colon - 1;
}

/* What an absolute target names, or CONNECT's: the host, whatever the Host field says (RFC 9112 3.2.2 and 3.3).
 * Userinfo is left out. Empty: the target is a path. */
static struct text target_authority(struct text method, struct text target)
{
	struct text name = target;

	if (method.len != 7 || memcmp(method.at, "CONNECT", 7)) {
		if (target.len < 8 || strncasecmp(target.at, "http://", 7))
			return (struct text){ "", 0 };
		name = (struct text){ target.at + 7, target.len - 7 };
	}
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] == '/' || name.at[i] == '?' || name.at[i] == '#')
			name.len = i;
	for (size_t i = name.len; i > 0; i--)
		if (name.at[i - 1] == '@')
			return (struct text){ name.at + i, name.len - i };
	return name;
}

/* A request line whose version is cut or odd ("GET / HTTP/1."): the target ends before it all the same. */
static void drop_odd_version(struct text *target)
{
	for (size_t i = target->len; i >= 6; i--) {
		if (!memcmp(target->at + i - 6, " HTTP/", 6)) {
			target->len = i - 6;
			return;
		}
	}
}

static void lower(char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] |= 0x20;
}

static void decode_http(const struct record *rec, struct domains *domains, struct arena *arena,
			struct observation *o)
{
	struct http_observation *http = &o->http;
	const char *at = (const char *)(rec + 1);
	struct text field[N_HTTP_FIELDS], named, name;

	for (int i = 0; i < N_HTTP_FIELDS; i++) {
		field[i] = trim(at, rec->http.field_len[i]);
		at += rec->http.field_len[i];
	}
	o->kind = OBSERVED_HTTP_REQUEST;
	if (rec->http.minor == HTTP_NO_VERSION)
		drop_odd_version(&field[HTTP_TARGET]);
	http->method = escape(arena, field[HTTP_METHOD], KEEP_TARGET, &o->marks);
	http->target = escape(arena, field[HTTP_TARGET], KEEP_TARGET, &o->marks);
	named = target_authority(field[HTTP_METHOD], field[HTTP_TARGET]);
	http->host = escape(arena, named.len ? named : field[HTTP_HOST], KEEP_HOST, &o->marks);
	http->agent = escape(arena, field[HTTP_AGENT], KEEP_VALUE, &o->marks);
	http->referrer = escape(arena, field[HTTP_REFERRER], KEEP_VALUE, &o->marks);
	lower((char *)http->host.at, http->host.len);
	http->host_in_target = named.len;
	http->has_agent = rec->http.have >> HTTP_AGENT & 1;
	http->has_referrer = rec->http.have >> HTTP_REFERRER & 1;
	http->chunked = rec->http.chunked;
	http->minor = rec->http.minor == HTTP_NO_VERSION ? -1 : rec->http.minor;
	http->content_length = read_length(field[HTTP_LENGTH]);
	http->head_len = rec->http.head_len;
	http->host_port = 0;
	http->domain = (struct domain_parts){ 0 };
	split_host(http);
	name = http->host;
	if (name.len > 1 && name.at[name.len - 1] == '.') /* the root's: the same name */
		name.len--;
	if (name.len)
		domains_split(domains, name, &http->domain);
}

void decode_record(const struct record *rec, struct domains *domains, struct arena *arena, struct observation *o)
{
	arena->used = 0;
	o->family = rec->head.family;
	o->proto = rec->head.proto;
	o->vlan = rec->head.vlan;
	o->tunnel = rec->head.tunnel;
	o->denied = rec->denied;
	o->marks = rec->head.marks;
	if (rec->head.kind == RECORD_DNS)
		decode_dns(rec, domains, arena, o);
	else if (rec->head.kind == RECORD_HTTP)
		decode_http(rec, domains, arena, o);
	else
		o->kind = OBSERVED_SYN;
}
