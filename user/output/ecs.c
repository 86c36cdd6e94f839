/* ecs.c: see ecs.h. What is the same in every line of a run is written once and copied. */
#include "output/ecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/owner.h"
#include "observe/name.h"
#include "output/community_id.h"
#include "output/ip.h"
#include "output/json.h"
#include "support/interface.h"

#define MAX_RELATED_IPS 64
#define MAX_RELATED_HOSTS 32

struct ecs {
	uint64_t sequence;
	char ephemeral_id[32];
	struct buf agent;    /* "agent":{...} */
	struct buf host;     /* "host":{...}, unclosed */
	struct buf observer; /* "observer":{... unclosed */
};

struct ecs *ecs_new(const struct ecs_identity *id)
{
	struct ecs *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	snprintf(e->ephemeral_id, sizeof(e->ephemeral_id), "%s", id->ephemeral_id);
	js_open(&e->agent, "agent");
	js_raw(&e->agent, "type", "\"metsuke\"");
	js_raw(&e->agent, "version", "\"" METSUKE_VERSION "\"");
	js_str(&e->agent, "id", id->agent_id);
	js_str(&e->agent, "ephemeral_id", id->ephemeral_id);
	js_close(&e->agent);
	js_open(&e->host, "host");
	js_str(&e->host, "name", id->hostname);
	js_str(&e->host, "id", id->host_id);
	js_open(&e->observer, "observer");
	js_raw(&e->observer, "type", "\"sensor\"");
	js_raw(&e->observer, "vendor", "\"metsuke\"");
	js_raw(&e->observer, "product", "\"metsuke\"");
	js_raw(&e->observer, "version", "\"" METSUKE_VERSION "\"");
	js_str(&e->observer, "hostname", id->hostname);
	if (e->agent.failed || e->host.failed || e->observer.failed) {
		ecs_free(e);
		return NULL;
	}
	return e;
}

void ecs_free(struct ecs *e)
{
	if (!e)
		return;
	buf_free(&e->agent);
	buf_free(&e->host);
	buf_free(&e->observer);
	free(e);
}

/* The line's first members, event.* left open for what belongs to the kind. */
static void open_event(struct ecs *e, struct buf *b, uint64_t time_ns, const char *head, size_t head_len)
{
	uint64_t n = ++e->sequence;
	char digits[7];

	buf_lit(b, "{\"@timestamp\":");
	js_time(b, time_ns);
	buf_lit(b, ",\"ecs\":{\"version\":\"9.4.0\"},\"event\":{");
	buf_put(b, head, head_len);
	buf_lit(b, ",\"module\":\"metsuke\",\"provider\":\"ebpf\",\"id\":\"");
	buf_str(b, e->ephemeral_id);
	buf_char(b, '-');
	if (n < 1000000) {
		for (int i = 5; i >= 0; i--, n /= 10)
			digits[i] = '0' + n % 10;
		buf_put(b, digits, 6);
	} else {
		buf_u64(b, n);
	}
	buf_char(b, '"');
	js_number(b, "sequence", e->sequence);
}

#define EVENT_HEAD(kind, category, type, action, dataset)                                               \
	"\"kind\":\"" kind "\",\"category\":[" category "],\"type\":[" type "],\"action\":\"" action \
	"\",\"dataset\":\"metsuke." dataset "\""

#define open_literal(e, b, ns, head) open_event((e), (b), (ns), head, sizeof(head) - 1)

static void put_constant(struct buf *b, const struct buf *text)
{
	buf_char(b, ',');
	buf_put(b, text->data, text->len);
}

/* agent, host and observer; ifindex 0: no interface to name. */
static void put_origin(const struct ecs *e, struct buf *b, uint32_t ifindex, bool with_host)
{
	const char *name = interface_name(ifindex);

	put_constant(b, &e->agent);
	if (with_host) {
		put_constant(b, &e->host);
		js_close(b);
	}
	put_constant(b, &e->observer);
	if (name) {
		js_open(b, "ingress");
		js_open(b, "interface");
		js_str(b, "name", name);
		js_key(b, "id");
		buf_char(b, '"');
		buf_u64(b, ifindex);
		buf_lit(b, "\"}}");
	}
	js_close(b);
}

static const char *const directions[] = {
	[DIRECTION_EGRESS] = "egress",	   [DIRECTION_INGRESS] = "ingress",   [DIRECTION_OUTBOUND] = "outbound",
	[DIRECTION_INBOUND] = "inbound", [DIRECTION_INTERNAL] = "internal", [DIRECTION_EXTERNAL] = "external",
};

static void put_network(struct buf *b, const struct observation *o)
{
	struct community_flow flow = { .sport = o->source.port, .dport = o->destination.port, .proto = o->proto };
	char id[COMMUNITY_ID_TEXT];

	js_open(b, "network");
	if (o->family == 6)
		js_raw(b, "type", "\"ipv6\"");
	else
		js_raw(b, "type", "\"ipv4\"");
	if (o->proto == 17)
		js_members(b, "\"transport\":\"udp\",\"iana_number\":\"17\",\"protocol\":\"dns\"");
	else
		js_members(b, "\"transport\":\"tcp\",\"iana_number\":\"6\",\"protocol\":\"http\"");
	js_str(b, "direction", directions[o->direction]);
	memcpy(flow.saddr, o->source.ip, 16);
	memcpy(flow.daddr, o->destination.ip, 16);
	community_id(&flow, 0, id);
	js_str(b, "community_id", id);
	if (o->vlan) {
		js_open(b, "vlan");
		js_key(b, "id");
		buf_char(b, '"');
		buf_u64(b, o->vlan);
		buf_lit(b, "\"}");
	}
	js_close(b);
}

static void put_mac(struct buf *b, const uint8_t mac[6])
{
	static const char digits[] = "0123456789ABCDEF";

	js_key(b, "mac");
	buf_char(b, '"');
	for (int i = 0; i < 6; i++) {
		if (i)
			buf_char(b, '-');
		buf_char(b, digits[mac[i] >> 4]);
		buf_char(b, digits[mac[i] & 15]);
	}
	buf_char(b, '"');
}

static void put_endpoints(struct buf *b, const struct observation *o, struct text domain)
{
	static const uint8_t no_mac[6];

	js_open(b, "source");
	js_key(b, "ip");
	js_ip(b, o->source.ip);
	js_number(b, "port", o->source.port);
	if (o->source_bytes)
		js_number(b, "bytes", o->source_bytes);
	if (memcmp(o->mac, no_mac, 6))
		put_mac(b, o->mac);
	js_close(b);
	js_open(b, "destination");
	js_key(b, "ip");
	js_ip(b, o->destination.ip);
	js_number(b, "port", o->destination.port);
	if (o->destination_bytes)
		js_number(b, "bytes", o->destination_bytes);
	if (domain.len)
		js_text(b, "domain", domain);
	js_close(b);
}

struct ip_set {
	uint8_t ip[MAX_RELATED_IPS][16];
	size_t n;
};

static void put_related_ip(struct buf *b, struct ip_set *set, const uint8_t ip[16])
{
	for (size_t i = 0; i < set->n; i++)
		if (!memcmp(set->ip[i], ip, 16))
			return;
	if (set->n == MAX_RELATED_IPS)
		return;
	memcpy(set->ip[set->n++], ip, 16);
	js_element(b);
	js_ip(b, ip);
}

static void answer_ip(const struct dns_answer *a, uint8_t ip[16])
{
	if (a->type == 28) {
		memcpy(ip, a->addr, 16);
		return;
	}
	memset(ip, 0, 10);
	ip[10] = ip[11] = 0xff;
	memcpy(ip + 12, a->addr, 4);
}

struct text_set {
	struct text text[MAX_RELATED_HOSTS];
	size_t n;
};

static void put_related_host(struct buf *b, struct text_set *set, struct text name)
{
	if (!name.len || text_is(name, ".") || set->n == MAX_RELATED_HOSTS)
		return;
	for (size_t i = 0; i < set->n; i++)
		if (set->text[i].len == name.len && !memcmp(set->text[i].at, name.at, name.len))
			return;
	set->text[set->n++] = name;
	js_element(b);
	js_string(b, name.at, name.len);
}

static void put_related(struct buf *b, const struct observation *o)
{
	struct ip_set ips;
	struct text_set hosts;

	ips.n = hosts.n = 0;
	js_open(b, "related");
	js_key(b, "ip");
	buf_char(b, '[');
	put_related_ip(b, &ips, o->source.ip);
	put_related_ip(b, &ips, o->destination.ip);
	if (o->kind == OBSERVED_DNS_RESPONSE) {
		for (size_t i = 0; i < o->dns.n_answers; i++) {
			uint8_t ip[16];

			if (!o->dns.answers[i].addr)
				continue;
			answer_ip(&o->dns.answers[i], ip);
			put_related_ip(b, &ips, ip);
		}
	}
	buf_char(b, ']');
	if (o->process && o->process->user) {
		js_key(b, "user");
		buf_char(b, '[');
		js_cstr(b, o->process->user);
		buf_char(b, ']');
	}
	js_key(b, "hosts");
	buf_char(b, '[');
	if (o->kind == OBSERVED_HTTP_REQUEST) {
		put_related_host(b, &hosts, o->http.host);
	} else {
		put_related_host(b, &hosts, o->dns.question);
		for (size_t i = 0; i < o->dns.n_answers; i++)
			if (o->dns.answers[i].type == 5)
				put_related_host(b, &hosts, o->dns.answers[i].data);
	}
	if (b->data[b->len - 1] == '[') /* no name is known: no field */
		b->len -= strlen(",\"hosts\":[");
	else
		buf_char(b, ']');
	js_close(b);
}

static void put_process(struct buf *b, const struct observation *o)
{
	const struct process *p = o->process;

	if (!p)
		return;
	js_open(b, "process");
	js_number(b, "pid", p->pid);
	if (p->name)
		js_str(b, "name", p->name);
	if (p->executable)
		js_str(b, "executable", p->executable);
	if (p->command_line)
		js_str(b, "command_line", p->command_line);
	js_str(b, "entity_id", p->entity_id);
	js_key(b, "start");
	js_time(b, p->start_ns);
	if (p->ppid) {
		js_open(b, "parent");
		js_number(b, "pid", p->ppid);
		if (p->parent_name)
			js_str(b, "name", p->parent_name);
		js_close(b);
	}
	js_close(b);
	js_open(b, "user");
	js_key(b, "id");
	buf_char(b, '"');
	buf_u64(b, p->key.uid);
	buf_char(b, '"');
	if (p->user)
		js_str(b, "name", p->user);
	js_close(b);
	if (p->container) {
		js_open(b, "container");
		js_str(b, "id", p->container);
		js_close(b);
	}
}

static void put_domain_parts(struct buf *b, const struct domain_parts *d)
{
	if (d->registered.len)
		js_text(b, "registered_domain", d->registered);
	if (d->subdomain.len)
		js_text(b, "subdomain", d->subdomain);
	if (d->suffix.len)
		js_text(b, "top_level_domain", d->suffix);
}

/* Bits of the header's second word, RFC 1035 4.1.1 and RFC 4035 3. */
static void put_header_flags(struct buf *b, const struct dns_observation *dns)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} flags[] = { { 0x0400, "AA" }, { 0x0200, "TC" }, { 0x0100, "RD" },
		      { 0x0080, "RA" }, { 0x0020, "AD" }, { 0x0010, "CD" } };

	js_key(b, "header_flags");
	buf_char(b, '[');
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (dns->flags & flags[i].bit) {
			js_element(b);
			js_string(b, flags[i].name, 2);
		}
	}
	if (dns->edns_do) {
		js_element(b);
		js_string(b, "DO", 2);
	}
	buf_char(b, ']');
}

static void put_question(struct buf *b, const struct dns_observation *dns)
{
	char scratch[16];

	js_open(b, "question");
	js_text(b, "name", dns->question);
	js_str(b, "type", dns->has_question ? dns_type_name(dns->type, scratch) : "");
	js_str(b, "class", dns->has_question ? dns_class_name(dns->class, scratch) : "");
	put_domain_parts(b, &dns->domain);
	js_close(b);
}

static void put_answers(struct buf *b, const struct dns_observation *dns)
{
	char scratch[16];
	bool addresses = false;
	uint8_t ip[16];

	if (dns->n_answers == 0)
		return;
	js_key(b, "answers");
	buf_char(b, '[');
	for (size_t i = 0; i < dns->n_answers; i++) {
		const struct dns_answer *a = &dns->answers[i];

		js_element(b);
		buf_char(b, '{');
		js_text(b, "name", a->name);
		js_str(b, "type", dns_type_name(a->type, scratch));
		js_str(b, "class", dns_class_name(a->class, scratch));
		js_number(b, "ttl", a->ttl);
		js_text(b, "data", a->data);
		js_close(b);
		addresses |= a->addr != NULL;
	}
	buf_char(b, ']');
	if (!addresses)
		return;
	js_key(b, "resolved_ip");
	buf_char(b, '[');
	for (size_t i = 0; i < dns->n_answers; i++) {
		if (!dns->answers[i].addr)
			continue;
		answer_ip(&dns->answers[i], ip);
		js_element(b);
		js_ip(b, ip);
	}
	buf_char(b, ']');
}

static void put_dns(struct buf *b, const struct observation *o)
{
	const struct dns_observation *dns = &o->dns;
	char scratch[16];

	js_open(b, "dns");
	if (o->kind == OBSERVED_DNS_QUERY)
		js_raw(b, "type", "\"query\"");
	else
		js_raw(b, "type", "\"answer\"");
	js_key(b, "id");
	buf_char(b, '"');
	buf_u64(b, dns->id);
	buf_char(b, '"');
	js_str(b, "op_code", dns_opcode_name(dns->flags >> 11 & 15, scratch));
	put_header_flags(b, dns);
	if (o->kind == OBSERVED_DNS_RESPONSE)
		js_str(b, "response_code", dns_rcode_name(dns->rcode, scratch));
	put_question(b, dns);
	put_answers(b, dns);
	js_close(b);
}

static void put_http(struct buf *b, const struct observation *o)
{
	const struct http_observation *http = &o->http;

	js_open(b, "http");
	js_key(b, "version");
	if (http->minor >= 0) {
		buf_lit(b, "\"1.");
		buf_u64(b, http->minor);
		buf_char(b, '"');
	} else {
		buf_lit(b, "\"0.9\"");
	}
	js_open(b, "request");
	js_text(b, "method", http->method);
	if (http->head_len && !http->chunked)
		js_number(b, "bytes", http->head_len + (http->content_length > 0 ? http->content_length : 0));
	if (http->content_length >= 0) {
		js_open(b, "body");
		js_number(b, "bytes", http->content_length);
		js_close(b);
	}
	if (http->has_referrer)
		js_text(b, "referrer", http->referrer);
	js_close(b);
	js_close(b);
}

/* The path without its query, and what goes by its extension. */
static void put_path(struct buf *b, struct text target)
{
	struct text path = target, query = { "", 0 }, extension = { "", 0 };
	const char *mark = memchr(target.at, '?', target.len);

	if (mark) {
		path.len = mark - target.at;
		query = (struct text){ mark + 1, target.len - path.len - 1 };
	}
	for (size_t i = path.len; i > 0 && path.at[i - 1] != '/'; i--) {
		if (path.at[i - 1] == '.') {
			extension = (struct text){ path.at + i, path.len - i };
			break;
		}
	}
	js_text(b, "path", path);
	if (mark)
		js_text(b, "query", query);
	if (extension.len)
		js_text(b, "extension", extension);
}

/* absolute-form, as sent to a proxy (RFC 9112 3.2.2): where the path starts, or 0. */
static size_t absolute_path(struct text target)
{
	const char *slash;

	if (target.len < 8 || memcmp(target.at, "http://", 7))
		return 0;
	slash = memchr(target.at + 7, '/', target.len - 7);
	return slash ? (size_t)(slash - target.at) : target.len;
}

static void put_url(struct buf *b, const struct observation *o)
{
	const struct http_observation *http = &o->http;
	uint32_t port = http->host_port ? http->host_port : http->host.len ? 80 : o->destination.port;
	size_t skip = absolute_path(http->target);

	js_open(b, "url");
	js_text(b, "original", http->target);
	if (skip) {
		js_text(b, "full", http->target);
	} else if (http->host.len && http->target.len && http->target.at[0] == '/') {
		js_key(b, "full");
		buf_lit(b, "\"http://");
		buf_put(b, http->host.at, http->host.len);
		if (http->host_port && http->host_port != 80) {
			buf_char(b, ':');
			buf_u64(b, http->host_port);
		}
		buf_put(b, http->target.at, http->target.len); /* both escaped: no quote, no backslash */
		buf_char(b, '"');
	}
	js_raw(b, "scheme", "\"http\"");
	if (http->host.len)
		js_text(b, "domain", http->host);
	js_number(b, "port", port);
	put_path(b, (struct text){ http->target.at + skip, http->target.len - skip });
	put_domain_parts(b, &http->domain);
	js_close(b);
	if (http->has_agent) {
		js_open(b, "user_agent");
		js_text(b, "original", http->agent);
		js_close(b);
	}
}

static const char *const qualities[] = {
	[OWNER_SOCKET] = "socket",
	[OWNER_PRIMED] = "primed",
	[OWNER_CACHED] = "cached",
};

static const char *const mark_names[16] = {
#define X(name, bit, meaning) [bit] = #name,
	MARKS(X) DECODE_MARKS(X)
#undef X
};

/* Our own fields: how the process is known, what was odd, EDNS, the tunnel. */
static void put_own(struct buf *b, const struct observation *o)
{
	bool edns = o->kind != OBSERVED_HTTP_REQUEST && o->dns.edns;

	if (!o->process && !o->marks && !edns && !o->tunnel)
		return;
	js_open(b, "metsuke");
	if (o->process) {
		js_open(b, "owner");
		js_str(b, "quality", qualities[o->quality]);
		js_close(b);
	}
	if (edns) {
		js_open(b, "dns");
		js_open(b, "edns");
		js_number(b, "udp_size", o->dns.edns_size);
		buf_lit(b, "}}");
	}
	if (o->tunnel) {
		js_open(b, "tunnel");
		js_str(b, "type",
		       o->tunnel == 1 ? "gre" : o->tunnel == 2 ? "ipip" : "vxlan");
		js_close(b);
	}
	if (o->marks) {
		js_key(b, "marks");
		buf_char(b, '[');
		for (int i = 0; i < 16; i++) {
			if (o->marks >> i & 1 && mark_names[i]) {
				js_element(b);
				js_cstr(b, mark_names[i]);
			}
		}
		buf_char(b, ']');
	}
	js_close(b);
}

static void put_outcome(struct buf *b, const struct observation *o)
{
	if (o->dns.flags & 0x0200)
		js_raw(b, "outcome", "\"unknown\"");
	else if (o->dns.rcode == 0)
		js_raw(b, "outcome", "\"success\"");
	else
		js_raw(b, "outcome", "\"failure\"");
	if (!o->query_ns)
		return;
	js_key(b, "start");
	js_time(b, o->query_ns);
	js_key(b, "end");
	js_time(b, o->time_ns);
	js_number(b, "duration", o->time_ns - o->query_ns);
}

void ecs_observation(struct ecs *e, struct buf *b, const struct observation *o)
{
	struct text domain = { "", 0 };

	switch (o->kind) {
	case OBSERVED_DNS_QUERY:
		open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\"", "\"connection\",\"protocol\"", "dns-query", "dns"));
		break;
	case OBSERVED_DNS_RESPONSE:
		open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\"", "\"connection\",\"protocol\"", "dns-response", "dns"));
		put_outcome(b, o);
		break;
	default:
		open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\",\"web\"", "\"connection\",\"protocol\",\"access\"",
					"http-request", "http"));
		domain = o->http.host;
		break;
	}
	js_close(b);
	put_origin(e, b, o->ifindex, !o->forwarded);
	if (o->forwarded)
		buf_lit(b, ",\"tags\":[\"forwarded\"]");
	put_network(b, o);
	put_endpoints(b, o, domain);
	put_related(b, o);
	put_process(b, o);
	if (o->kind == OBSERVED_HTTP_REQUEST) {
		put_http(b, o);
		put_url(b, o);
	} else {
		put_dns(b, o);
	}
	put_own(b, o);
	buf_lit(b, "}\n");
}

static void put_service(struct buf *b, const char *degraded)
{
	js_open(b, "service");
	js_raw(b, "name", "\"metsuke\"");
	js_raw(b, "type", "\"metsuke\"");
	js_raw(b, "version", "\"" METSUKE_VERSION "\"");
	js_str(b, "state", degraded ? "degraded" : "ok");
	js_close(b);
}

/* The ledger: totals as the schema names them, then every counter by its own name. */
static void put_kernel_stats(struct buf *b, const struct counters *c)
{
	uint64_t events = c->dns + c->http + c->http_part;

	js_open(b, "kernel");
	js_number(b, "packets", c->packets);
	js_number(b, "bytes", c->bytes);
	js_number(b, "events", events);
	js_number(b, "ringbuf_drops", c->lost_bulk);
	js_number(b, "heads_evicted", c->heads_evicted);
	js_open(b, "parse_errors");
	js_number(b, "dns", c->short_dns);
	js_number(b, "ip", c->bad_ip + c->bad_extension);
	js_number(b, "link", c->bad_link);
	js_number(b, "tcp", c->bad_tcp);
	js_number(b, "tunnel", c->bad_tunnel);
	js_number(b, "udp", c->bad_udp);
	js_close(b);
	js_open(b, "outcome");
#define X(name, class, meaning) js_number(b, #name, c->name);
	OUTCOMES(X)
#undef X
	js_close(b);
	js_close(b);
}

static void put_sink_stats(struct buf *b, const struct ecs_stats *s)
{
	js_open(b, "sink");
	for (size_t i = 0; i < s->n_sinks; i++) {
		if (i)
			buf_char(b, ',');
		js_cstr(b, s->sinks[i].name);
		buf_lit(b, ":{");
		js_number(b, "sent", s->sinks[i].sent);
		js_number(b, "dropped", s->sinks[i].dropped);
		js_number(b, "errors", s->sinks[i].errors);
		js_number(b, "queue_depth", s->sinks[i].queue_depth);
		js_close(b);
	}
	js_close(b);
}

static void put_reader_stats(struct buf *b, const struct counts *s)
{
	js_open(b, "events");
	js_number(b, "dns", s->events[OBSERVED_DNS_QUERY] + s->events[OBSERVED_DNS_RESPONSE]);
	js_number(b, "http", s->events[OBSERVED_HTTP_REQUEST]);
	js_close(b);
	js_open(b, "marks");
	for (int i = 0; i < 16; i++) {
		if (!mark_names[i])
			continue;
		if (b->data[b->len - 1] != '{')
			buf_char(b, ',');
		js_cstr(b, mark_names[i]);
		buf_char(b, ':');
		buf_u64(b, s->marks[i]);
	}
	js_close(b);
	js_open(b, "owner");
	js_number(b, "socket", s->owner[OWNER_SOCKET]);
	js_number(b, "primed", s->owner[OWNER_PRIMED]);
	js_number(b, "cached", s->owner[OWNER_CACHED]);
	js_number(b, "none", s->owner[OWNER_NONE]);
	js_close(b);
	js_open(b, "reader");
	js_number(b, "rejected", s->rejected);
	js_number(b, "heads_orphaned", s->heads_orphaned);
	js_number(b, "queries_evicted", s->queries_evicted);
	js_number(b, "processes_evicted", s->processes_evicted);
	js_number(b, "hosts", s->hosts);
	js_number(b, "hosts_evicted", s->hosts_evicted);
	js_close(b);
}

void ecs_stats(struct ecs *e, struct buf *b, const struct ecs_stats *s)
{
	open_literal(e, b, s->end_ns, EVENT_HEAD("metric", "\"process\"", "\"info\"", "stats", "stats"));
	js_key(b, "start");
	js_time(b, s->start_ns);
	js_key(b, "end");
	js_time(b, s->end_ns);
	js_number(b, "duration", s->end_ns - s->start_ns);
	if (s->degraded)
		js_str(b, "reason", s->degraded);
	js_close(b);
	put_origin(e, b, 0, true);
	put_service(b, s->degraded);
	js_open(b, "process");
	js_number(b, "pid", (uint64_t)getpid());
	js_raw(b, "name", "\"metsuke\"");
	js_number(b, "uptime", s->uptime_s);
	js_close(b);
	js_open(b, "metsuke");
	js_open(b, "stats");
	put_kernel_stats(b, s->kernel);
	put_reader_stats(b, &s->reader);
	put_sink_stats(b, s);
	js_open(b, "memory");
	js_number(b, "rss_bytes", s->rss_bytes);
	js_close(b);
	js_open(b, "cpu");
	js_key(b, "pct");
	buf_printf(b, "%.4f", s->cpu_pct);
	js_close(b);
	buf_lit(b, "}}}\n");
}

void ecs_health(struct ecs *e, struct buf *b, const struct ecs_health *h)
{
	switch (h->action) {
	case ECS_STARTED:
		open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"start\"", "metsuke-started", "health"));
		break;
	case ECS_STOPPED:
		open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"end\"", "metsuke-stopped", "health"));
		break;
	case ECS_RELOADED:
		open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"change\"", "config-reloaded", "health"));
		break;
	case ECS_LOST:
		open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"info\"", "events-lost", "health"));
		js_key(b, "start");
		js_time(b, h->start_ns);
		js_key(b, "end");
		js_time(b, h->time_ns);
		break;
	}
	if (h->degraded)
		js_str(b, "reason", h->degraded);
	js_close(b);
	put_constant(b, &e->agent);
	put_constant(b, &e->host);
	if (h->action == ECS_STARTED) {
		js_open(b, "os");
		js_raw(b, "type", "\"linux\"");
		js_str(b, "kernel", h->kernel);
		js_close(b);
	}
	js_close(b);
	put_constant(b, &e->observer);
	js_close(b);
	put_service(b, h->degraded);
	js_open(b, "process");
	js_number(b, "pid", (uint64_t)getpid());
	js_raw(b, "name", "\"metsuke\"");
	js_close(b);
	js_str(b, "message", h->message);
	js_open(b, "log");
	js_str(b, "level", h->degraded || h->action == ECS_LOST ? "warning" : "info");
	js_close(b);
	if (h->action == ECS_STARTED) {
		js_open(b, "metsuke");
		js_open(b, "capabilities");
		js_str(b, "xdp", h->xdp);
		js_str(b, "tc", h->tc);
		js_raw(b, "ringbuf", "true");
		js_str(b, "process_attribution", h->attribution);
		buf_lit(b, "}}");
	} else if (h->action == ECS_LOST) {
		js_open(b, "metsuke");
		js_open(b, "lost");
		js_number(b, "ring", h->lost_ring);
		js_number(b, "reader", h->lost_reader);
		js_number(b, "sink", h->lost_sink);
		buf_lit(b, "}}");
	}
	buf_lit(b, "}\n");
}
