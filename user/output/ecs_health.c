/* ecs_health.c: what the sensor says of itself: stats, started, stopped, reloaded, lost. */
#include <unistd.h>

#include "output/ecs_line.h"

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
	uint64_t events = c->dns + c->http + c->http_part + c->syn;

	js_open(b, "kernel");
	js_number(b, "packets", c->packets);
	js_number(b, "bytes", c->bytes);
	js_number(b, "events", events);
	js_number(b, "ringbuf_drops", c->lost_bulk + c->lost_urgent);
	js_number(b, "heads_evicted", c->heads_evicted);
	js_number(b, "urgent", c->urgent);
	js_open(b, "denied");
	js_number(b, "listed", c->denied_listed);
	js_number(b, "flagged", c->denied_flagged);
	js_close(b);
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

static void put_count(struct buf *b, const char *name, uint64_t n)
{
	if (b->data[b->len - 1] != '{')
		buf_char(b, ',');
	js_cstr(b, name);
	buf_char(b, ':');
	buf_u64(b, n);
}

static void put_reader_stats(struct buf *b, const struct counts *s)
{
	js_open(b, "events");
	js_number(b, "dns", s->events[OBSERVED_DNS_QUERY] + s->events[OBSERVED_DNS_RESPONSE]);
	js_number(b, "http", s->events[OBSERVED_HTTP_REQUEST]);
	js_close(b);
	js_open(b, "marks");
	for (int i = 0; i < 16; i++)
		if (ecs_mark_names[i])
			put_count(b, ecs_mark_names[i], s->marks[i]);
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

static void put_detection_stats(struct buf *b, const struct ecs_detection *d)
{
	const struct profile_counts *p = &d->profiles;

	js_open(b, "profiles");
	js_number(b, "pairs", p->pairs);
	js_number(b, "domains", p->domains);
	js_number(b, "clients", p->clients);
	js_number(b, "pairs_evicted", p->pairs_evicted);
	js_number(b, "domains_evicted", p->domains_evicted);
	js_number(b, "clients_evicted", p->clients_evicted);
	js_number(b, "refused", p->refused);
	js_number(b, "size_bytes", p->bytes);
	js_close(b);
	js_open(b, "verdicts");
	for (enum judgement i = 0; i < N_JUDGEMENTS; i++)
		put_count(b, judgement_name(i), d->judge.verdicts[i]);
	js_close(b);
	js_open(b, "detect");
	js_number(b, "judged", d->judge.judged);
	js_number(b, "postponed", d->judge.postponed);
	js_number(b, "anomalies", d->anomalies);
	if (d->model_id)
		js_str(b, "model", d->model_id);
	js_close(b);
}

static void put_store_stats(struct buf *b, const struct store_stats *s)
{
	js_open(b, "store");
	js_number(b, "rows", s->rows);
	js_number(b, "batches", s->batches);
	js_number(b, "alerts", s->alerts);
	js_number(b, "dropped", s->dropped);
	js_number(b, "errors", s->errors);
	js_number(b, "damaged", s->damaged);
	js_number(b, "expired", s->expired);
	js_number(b, "pruned", s->pruned);
	js_number(b, "queue_bytes", s->queued);
	js_number(b, "size_bytes", s->bytes);
	js_str(b, "state", s->degraded ? s->degraded : "ok");
	js_close(b);
}

void ecs_stats(struct ecs *e, struct buf *b, const struct ecs_stats *s)
{
	ecs_open_literal(e, b, s->end_ns, EVENT_HEAD("metric", "\"process\"", "\"info\"", "stats", "stats"));
	js_key(b, "start");
	js_time(b, s->start_ns);
	js_key(b, "end");
	js_time(b, s->end_ns);
	js_number(b, "duration", s->end_ns - s->start_ns);
	if (s->degraded)
		js_str(b, "reason", s->degraded);
	js_close(b);
	ecs_put_origin(e, b, 0, true);
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
	if (s->detection)
		put_detection_stats(b, s->detection);
	if (s->store)
		put_store_stats(b, s->store);
	js_open(b, "memory");
	js_number(b, "rss_bytes", s->rss_bytes);
	js_close(b);
	js_open(b, "cpu");
	js_key(b, "pct");
	buf_printf(b, "%.4f", s->cpu_pct);
	js_close(b);
	buf_lit(b, "}}}\n");
}

static void put_intel(struct buf *b, const struct intel *in)
{
	js_open(b, "intel");
	js_number(b, "generation", in->generation);
	js_number(b, "entries", indicators_count(in->set));
	js_key(b, "lists");
	buf_char(b, '[');
	for (size_t i = 0; i < in->lists.n; i++) {
		const struct list_report *r = &in->report[i];

		js_element(b);
		buf_char(b, '{');
		js_str(b, "name", in->lists.item[i].name);
		js_str(b, "path", in->lists.item[i].path);
		js_safe(b, "format", list_format_names[r->format]);
		js_key(b, "read");
		buf_str(b, in->read[i] ? "true" : "false");
		js_number(b, "entries", r->entries);
		js_number(b, "exceptions", r->exceptions);
		js_number(b, "doubles", r->duplicates);
		js_number(b, "refused", r->refused);
		js_close(b);
	}
	buf_lit(b, "]}");
}

void ecs_health(struct ecs *e, struct buf *b, const struct ecs_health *h)
{
	switch (h->action) {
	case ECS_STARTED:
		ecs_open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"start\"", "metsuke-started", "health"));
		break;
	case ECS_STOPPED:
		ecs_open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"end\"", "metsuke-stopped", "health"));
		break;
	case ECS_RELOADED:
		ecs_open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"change\"", "config-reloaded", "health"));
		break;
	case ECS_INTEL:
		ecs_open_literal(e, b, h->time_ns,
			     EVENT_HEAD("event", "\"process\"", "\"change\"", "intel-loaded", "health"));
		break;
	case ECS_LOST:
		ecs_open_literal(e, b, h->time_ns,
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
	ecs_put_constant(b, &e->agent);
	ecs_put_constant(b, &e->host);
	if (h->action == ECS_STARTED) {
		js_open(b, "os");
		js_raw(b, "type", "\"linux\"");
		js_str(b, "kernel", h->kernel);
		js_close(b);
	}
	js_close(b);
	ecs_put_constant(b, &e->observer);
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
	} else if (h->action == ECS_INTEL) {
		js_open(b, "metsuke");
		put_intel(b, h->intel);
		js_close(b);
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
