/* look.c: see look.h. */
#include "look.h"

#include <stdlib.h>
#include <string.h>

#include "observe/decode.h"
#include "observe/heads.h"
#include "packets.h"

struct look {
	struct native *native;
	struct native *joiner; /* reads heads that were put together */
	struct heads *heads;
	const struct record *joined;
};

struct look *look_new(const struct settings *settings)
{
	struct look *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	l->native = native_new(settings);
	l->joiner = native_new(settings);
	l->heads = heads_new(16);
	if (!l->native || !l->joiner || !l->heads)
		abort();
	return l;
}

void look_free(struct look *l)
{
	native_free(l->native);
	native_free(l->joiner);
	heads_free(l->heads);
	free(l);
}

static const char *bad_text(struct text text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return "decoded text is not printable ASCII";
	return NULL;
}

static const char *bad_texts(const struct observation *o)
{
	const char *wrong = NULL;

	if (o->kind == OBSERVED_HTTP_REQUEST) {
		const struct text texts[] = {
			o->http.method,
			o->http.target,
			o->http.host,
			o->http.agent,
			o->http.referrer,
			o->http.domain.registered,
			o->http.domain.subdomain,
			o->http.domain.suffix,
		};

		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !wrong; i++)
			wrong = bad_text(texts[i]);
		return wrong;
	}
	wrong = bad_text(o->dns.question);
	for (unsigned int i = 0; i < o->dns.n_answers && !wrong; i++) {
		wrong = bad_text(o->dns.answers[i].name);
		if (!wrong)
			wrong = bad_text(o->dns.answers[i].data);
	}
	return wrong;
}

/* Decodes a copy that ends where the record does. */
static const char *decode(const struct record *rec)
{
	static struct observation o;
	static struct arena arena;
	static struct domains *domains;
	struct record *copy;
	const char *wrong;

	if (!domains)
		domains = domains_new(NULL);
	if (!domains)
		return "no Public Suffix List to decode with";
	if (!record_is_sound(rec, rec->head.len))
		return "record_is_sound() refuses the record";
	if (rec->head.kind == RECORD_HTTP_PART || rec->head.kind == RECORD_SYN)
		return NULL;
	copy = malloc(rec->head.len);
	if (!copy)
		abort();
	memcpy(copy, rec, rec->head.len);
	decode_record(copy, domains, &arena, &o);
	wrong = bad_texts(&o);
	if (!wrong && (o.marks & rec->head.marks) != rec->head.marks)
		wrong = "decoding lost a mark";
	free(copy);
	return wrong;
}

static const char *join(struct look *l, const struct record *part)
{
	const char *wrong = NULL;
	struct head *head;
	bool again;

	do {
		head = heads_add(l->heads, part, &again);
		if (!head)
			break;
		l->joined = native_read_head(l->joiner, &head->first, head->bytes, head->len);
		wrong = l->joined ? decode(l->joined) : NULL;
		heads_done(l->heads, head);
	} while (again && !wrong);
	return wrong;
}

/* The short way, which changes nothing but the ledger, must count what the walk counts. */
static const char *skip(struct look *l, const __u8 *data, unsigned int len, enum link_type link,
			enum outcome *ret_outcome)
{
	struct counters before = *native_counters(l->native);
	struct seen s = { 0 };

	*ret_outcome = OUTCOME_NONE;
	if (!native_skip(l->native, data, len, link))
		return NULL;
	seen_counters(&s, &before, native_counters(l->native));
	*ret_outcome = s.outcome;
	return seen_unsound(&s, len);
}

const char *look_frame(struct look *l, const __u8 *data, unsigned int len, enum link_type link, struct seen *s)
{
	enum outcome skipped;
	const char *wrong = skip(l, data, len, link, &skipped);

	if (wrong)
		return wrong;
	l->joined = NULL;
	seen_native(s, l->native, data, len, link);
	wrong = seen_unsound(s, len);
	if (!wrong && skipped != OUTCOME_NONE && skipped != s->outcome)
		return "the short way ends otherwise than the walk";
	if (wrong || !s->n_records)
		return wrong;
	wrong = decode(&s->rec);
	if (!wrong && s->rec.head.kind == RECORD_HTTP_PART)
		wrong = join(l, &s->rec);
	return wrong;
}

const struct record *look_joined(const struct look *l)
{
	return l->joined;
}

static void stain_with(struct look *l, struct pkt *p)
{
	static struct seen unused;

	seen_native(&unused, l->native, p->data, p->len, LINK_ETHERNET);
}

void look_stain(struct look *l)
{
	static struct pkt dns, http;

	if (!dns.len) {
		pkt_eth(&dns);
		pkt_ip4(&dns, 0);
		pkt_udp(&dns, 40000, 53);
		pkt_fill(&dns, 0xff, 4096);
		pkt_eth(&http);
		pkt_ip4(&http, 0);
		pkt_tcp(&http, 40000, 80, 1, 0);
		pkt_text(&http, "PUT ");
		while (http.len < http.payload + 4000)
			pkt_text(&http, "NECT TIONS ETE ");
		pkt_text(&http, "HTTP/1.1\r\n\r\n");
	}
	stain_with(l, &dns);
	stain_with(l, &http);
}
