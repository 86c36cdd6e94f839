/* seen.c: see seen.h. */
#include "seen.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *outcome_name(enum outcome out)
{
	static const char *const names[] = {
#define X(name, class, meaning) #name,
		OUTCOMES(X)
#undef X
			"none",
	};

	return names[out];
}

void seen_counters(struct seen *s, const struct counters *before, const struct counters *after)
{
	const __u64 *was = &before->dns, *is = &after->dns;

	s->packets = after->packets - before->packets;
	s->bytes = after->bytes - before->bytes;
	s->evicted = after->heads_evicted - before->heads_evicted;
	s->denied_listed = after->denied_listed - before->denied_listed;
	s->denied_flagged = after->denied_flagged - before->denied_flagged;
	s->urgent = after->urgent - before->urgent;
	s->n_outcomes = 0;
	s->outcome = OUTCOME_NONE;
	for (unsigned int i = 0; i < N_OUTCOMES; i++) {
		s->n_outcomes += is[i] - was[i];
		if (is[i] != was[i])
			s->outcome = i;
	}
	s->marks = 0;
#define X(name, bit, meaning) s->marks |= after->mark_##name != before->mark_##name ? MARK_##name : 0;
	MARKS(X)
#undef X
}

void seen_record(struct seen *s, const void *record, unsigned int len)
{
	s->n_records++;
	s->len = len;
	if (len > sizeof(s->record))
		len = sizeof(s->record);
	memcpy(s->record, record, len);
}

void seen_native(struct seen *s, struct native *n, const __u8 *data, unsigned int len, enum link_type link)
{
	struct counters before = *native_counters(n);
	struct record *rec = native_look(n, data, len, link, NULL);

	s->n_records = 0;
	s->len = 0;
	seen_counters(s, &before, native_counters(n));
	if (rec)
		seen_record(s, rec, rec->head.len);
}

static const char *unsound_record(const struct record *rec, unsigned int len)
{
	unsigned int parts = 0;

	if (len > RECORD_MAX || len < sizeof(*rec))
		return "record of an impossible length";
	if (rec->head.len != len)
		return "head.len is not the record's length";
	if (rec->head.version != RECORD_VERSION)
		return "record version";
	switch (rec->head.kind) {
	case RECORD_DNS:
		parts = rec->dns.wire_len;
		break;
	case RECORD_HTTP:
		for (unsigned int i = 0; i < N_HTTP_FIELDS; i++)
			parts += rec->http.field_len[i];
		break;
	case RECORD_HTTP_PART:
		parts = rec->raw.wire_len;
		break;
	case RECORD_SYN:
		break;
	default:
		return "record kind";
	}
	if (parts != len - sizeof(*rec))
		return "head.len is not the sum of its parts";
	return NULL;
}

const char *seen_unsound(const struct seen *s, unsigned int frame_len)
{
	static const __u8 kinds[] = { RECORD_DNS, RECORD_HTTP, RECORD_HTTP_PART, RECORD_SYN };

	if (s->n_outcomes != 1)
		return "not exactly one outcome";
	if (s->packets != 1)
		return "packets did not move by one";
	if (s->bytes != frame_len)
		return "bytes did not move by the frame's length";
	if (s->n_records != (s->outcome <= OUTCOME_LAST_EMITTED))
		return "record and outcome contradict each other";
	if (!s->n_records)
		return s->marks ? "marks counted without a record" : NULL;
	if (s->rec.head.kind != kinds[s->outcome])
		return "record kind and outcome contradict each other";
	if (s->rec.head.marks != s->marks)
		return "marks counted and marks in the record differ";
	return unsound_record(&s->rec, s->len);
}

const char *seen_difference(const struct seen *a, const struct seen *b)
{
	struct record x, y;

	if (a->outcome != b->outcome)
		return "outcomes differ";
	if (a->marks != b->marks)
		return "marks differ";
	if (a->evicted != b->evicted)
		return "heads_evicted differ";
	if (a->n_records != b->n_records || a->len != b->len)
		return "records differ in length";
	if (!a->n_records)
		return NULL;
	x = a->rec;
	y = b->rec;
	y.head.time_ns = x.head.time_ns;
	y.head.owner = x.head.owner;
	y.head.ifindex = x.head.ifindex;
	y.head.ingress_ifindex = x.head.ingress_ifindex;
	y.head.hook = x.head.hook;
	if (memcmp(&x.head, &y.head, sizeof(x.head)))
		return "heads differ";
	if (memcmp(x._part, y._part, sizeof(x._part)))
		return "parts differ";
	if (memcmp(a->record + sizeof(x), b->record + sizeof(x), a->len - sizeof(x)))
		return "bytes differ";
	return NULL;
}

struct text {
	char *at;
	char *end;
};

static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->end - t->at, format, args);
	va_end(args);
	t->at = n < t->end - t->at ? t->at + n : t->end - 1;
}

static void add_bytes(struct text *t, const __u8 *data, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		add(t, data[i] > ' ' && data[i] < 0x7f ? "%c" : "\\x%02x", data[i]);
}

static void add_addr(struct text *t, const __u8 addr[16], unsigned int family, unsigned int port)
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, family == 4 ? addr + 12 : addr, ip, sizeof(ip));
	add(t, "%s:%u", ip, port);
}

static void add_head(struct text *t, const struct record_head *h)
{
	add(t, "v%u proto=%u ", h->family, h->proto);
	add_addr(t, h->saddr, h->family, h->sport);
	add(t, ">");
	add_addr(t, h->daddr, h->family, h->dport);
	add(t, " payload=%u vlan=%u tunnel=%u macs=", h->payload_len, h->vlan, h->tunnel);
	for (unsigned int i = 0; i < 12; i++)
		add(t, "%02x", i < 6 ? h->smac[i] : h->dmac[i - 6]);
}

static void add_http(struct text *t, const struct record *rec)
{
	static const char *const names[] = { "method", "target", "host", "agent", "referrer", "length" };
	const __u8 *value = (const __u8 *)(rec + 1);

	add(t, " head=%u minor=%u chunked=%u", rec->http.head_len, rec->http.minor, rec->http.chunked);
	for (unsigned int i = 0; i < N_HTTP_FIELDS; i++) {
		unsigned int len = rec->http.field_len[i];

		if (!(rec->http.have & 1 << i)) {
			add(t, " no_%s", names[i]);
			continue;
		}
		add(t, " n_%s=%u %s=", names[i], len, names[i]);
		add_bytes(t, value, len);
		value += len;
	}
}

void seen_words(const struct seen *s, char text[SEEN_TEXT])
{
	struct text t = { text, text + SEEN_TEXT };
	const struct record *rec = &s->rec;

	add(&t, "evicted=%llu ", (unsigned long long)s->evicted);
	if (!s->n_records)
		return;
	add_head(&t, &rec->head);
	switch (rec->head.kind) {
	case RECORD_DNS:
		add(&t, " wire=%u answers=%u", rec->dns.wire_len, rec->dns.n_answers);
		if (rec->dns.edns)
			add(&t, " edns=%u/%04x/%u/%u", rec->dns.edns_size, rec->dns.edns_flags,
			    rec->dns.edns_rcode, rec->dns.edns_version);
		else
			add(&t, " no_edns");
		break;
	case RECORD_HTTP:
		add_http(&t, rec);
		break;
	case RECORD_HTTP_PART:
		add(&t, " seq=%u wire=%u first=%u last=%u", rec->raw.seq, rec->raw.wire_len, rec->raw.first,
		    rec->raw.last);
		break;
	case RECORD_SYN:
		add(&t, " syn=%u flags=%u", rec->syn.seq, rec->syn.tcp_flags);
		break;
	}
}

static bool has_word(const char *text, const char *word, size_t len)
{
	for (const char *at = text; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == len && !memcmp(at, word, len))
			return true;
		at += n;
	}
	return false;
}

static void mark_names(char *to, size_t size, unsigned int marks)
{
	to[0] = '\0';
#define X(name, bit, meaning)                                                                                     \
	if (marks & MARK_##name && strlen(to) + 40 < size)                                                        \
		strcat(to, " " #name);
	MARKS(X)
#undef X
}

const char *seen_unexpected(const struct seen *s, const struct step *step)
{
	static char text[SEEN_TEXT], why[2 * SEEN_TEXT], is[256], want[256];

	if (s->outcome != step->outcome) {
		snprintf(why, sizeof(why), "outcome %s, expected %s", outcome_name(s->outcome),
			 outcome_name(step->outcome));
		return why;
	}
	if (s->marks != step->marks) {
		mark_names(is, sizeof(is), s->marks);
		mark_names(want, sizeof(want), step->marks);
		snprintf(why, sizeof(why), "marks:%s, expected:%s", is, want);
		return why;
	}
	seen_words(s, text);
	for (const char *word = step->words; *word; word += strspn(word, " ")) {
		size_t len = strcspn(word, " ");

		if (!has_word(text, word, len)) {
			snprintf(why, sizeof(why), "no %.*s in: %s", (int)len, word, text);
			return why;
		}
		word += len;
	}
	return NULL;
}
