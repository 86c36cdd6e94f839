/* pipeline.c: a record's way through the user half: sound? whole head? decode, roles, join, count, lines. */
#include "pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/native.h"
#include "capture/owner.h"
#include "detect/accused.h"
#include "detect/allow.h"
#include "detect/judge.h"
#include "detect/known.h"
#include "detect/model.h"
#include "observe/arena.h"
#include "observe/decode.h"
#include "observe/domain.h"
#include "observe/heads.h"
#include "observe/networks.h"
#include "observe/queries.h"
#include "output/text.h"
#include "profile/hosts.h"
#include "profile/profile.h"
#include "pinned.h"
#include "roles.h"
#include "support/ip.h"
#include "support/log.h"

#define FLUSH_BYTES 65536

struct pipeline {
	struct pipeline_options options;
	struct domains *domains;
	struct networks *home;
	struct roles roles;
	struct queries *queries;
	struct heads *heads;
	struct native *native; /* reads heads that were put together */
	struct hosts *hosts;
	struct known *known;
	struct profiles *profiles;
	struct judge *judge;
	struct accused *accused; /* NULL: nobody wants to know */
	struct ecs *ecs;
	struct counts counts;
	uint64_t next_expiry_ns;
	struct {
		struct sink *sink;
		enum line_style style;
	} sinks[ECS_MAX_SINKS];
	size_t n_sinks;
	struct buf lines[3]; /* by enum line_style */
	unsigned int n_lines[3];
	bool style_used[3];
	struct observation observation;
	struct arena arena;
};

struct profile_limits pipeline_profile_limits(const struct config *c)
{
	return (struct profile_limits){ c->max_pairs, c->max_domains, c->max_clients, c->max_profile_bytes };
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
	const struct config *c = options->config;
	struct pipeline *p = calloc(1, sizeof(*p));
	struct settings settings;

	if (!p)
		return NULL;
	p->options = *options;
	config_settings(c, &settings);
	p->domains = domains_new(*c->public_suffix_list ? c->public_suffix_list : NULL);
	if (!p->domains) {
		log_error("cannot read the Public Suffix List%s%s", *c->public_suffix_list ? " " : "",
			  c->public_suffix_list);
		pipeline_free(p);
		return NULL;
	}
	p->home = networks_new(&c->home_networks);
	p->roles = (struct roles){ p->home, options->is_local, options->client_of, options->ctx };
	p->queries = queries_new(c->max_queries);
	p->heads = heads_new(c->max_heads);
	p->native = native_new(&settings);
	p->hosts = hosts_new();
	p->known = known_new(c->max_alerts, c->alert_window_seconds * 1000000000);
	p->ecs = ecs_new(&options->identity);
	if (options->flag)
		p->accused = accused_new(options->flag, options->ctx);
	if (c->detect) {
		const struct profile_limits limits = pipeline_profile_limits(c);

		p->profiles = profiles_new(&limits, options->prefixes);
		p->judge = judge_new(c, options->model);
		if (p->judge)
			judge_set_allow(p->judge, options->allow);
	}
	if (!p->home || !p->queries || !p->heads || !p->native || !p->hosts || !p->known || !p->ecs ||
	    (options->flag && !p->accused) || (c->detect && (!p->profiles || !p->judge))) {
		log_error("out of memory");
		pipeline_free(p);
		return NULL;
	}
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	domains_free(p->domains);
	networks_free(p->home);
	queries_free(p->queries);
	heads_free(p->heads);
	native_free(p->native);
	hosts_free(p->hosts);
	known_free(p->known);
	profiles_free(p->profiles);
	judge_free(p->judge);
	accused_free(p->accused);
	intel_free(p->options.intel);
	allow_free(p->options.allow);
	ecs_free(p->ecs);
	for (int i = 0; i < 3; i++)
		buf_free(&p->lines[i]);
	free(p);
}

int pipeline_add_sink(struct pipeline *p, struct sink *sink, enum line_style style)
{
	if (p->n_sinks == ECS_MAX_SINKS)
		return -1;
	p->sinks[p->n_sinks].sink = sink;
	p->sinks[p->n_sinks++].style = style;
	p->style_used[style] = true;
	return 0;
}

struct hosts *pipeline_hosts(struct pipeline *p)
{
	return p->hosts;
}

void pipeline_set_intel(struct pipeline *p, struct intel *intel)
{
	intel_free(p->options.intel);
	p->options.intel = intel;
}

const struct intel *pipeline_intel(const struct pipeline *p)
{
	return p->options.intel;
}

void pipeline_set_model(struct pipeline *p, struct model *model)
{
	if (p->judge)
		judge_set_model(p->judge, p->options.config, model);
	else
		model_free(model);
}

struct profiles *pipeline_profiles(struct pipeline *p)
{
	return p->profiles;
}

bool pipeline_detection(const struct pipeline *p, struct ecs_detection *d)
{
	const struct model *m;

	if (!p->judge)
		return false;
	m = judge_model(p->judge);
	profiles_counts(p->profiles, &d->profiles);
	d->judge = judge_counts(p->judge);
	d->anomalies = p->counts.anomalies;
	d->model_id = m ? m->id : NULL;
	d->model_note = m ? m->note : NULL;
	return true;
}

void pipeline_flags_again(const struct pipeline *p)
{
	if (p->accused)
		accused_tell_again(p->accused, p->options.flag, p->options.ctx);
}

void pipeline_set_time_offset(struct pipeline *p, int64_t time_offset_ns)
{
	p->options.time_offset_ns = time_offset_ns;
}

void pipeline_flush(struct pipeline *p)
{
	for (int style = 0; style < 3; style++) {
		struct buf *b = &p->lines[style];

		if (!b->len)
			continue;
		for (size_t i = 0; i < p->n_sinks; i++)
			if ((int)p->sinks[i].style == style)
				sink_push(p->sinks[i].sink, b->data, b->len, p->n_lines[style]);
		b->len = 0;
		p->n_lines[style] = 0;
	}
}

/* A line is whole or not there: what did not fit in memory is taken back and counted. */
static void end_line(struct pipeline *p, enum line_style style, size_t start)
{
	struct buf *b = &p->lines[style];

	if (b->failed) {
		b->len = start;
		b->failed = false;
		p->counts.rejected++;
		return;
	}
	p->n_lines[style]++;
	if (b->len >= FLUSH_BYTES)
		pipeline_flush(p);
}

static void emit(struct pipeline *p, const struct observation *o)
{
	for (int style = LINES_JSON; style <= LINES_COLOR; style++) {
		struct buf *b = &p->lines[style];
		size_t start = b->len;

		if (!p->style_used[style])
			continue;
		if (style == LINES_JSON)
			ecs_observation(p->ecs, b, o);
		else
			text_observation(b, o, style == LINES_COLOR);
		end_line(p, style, start);
	}
}

/* Accuses the client, and the process where it is known. */
static void flag(const struct pipeline *p, const struct observation *o, uint64_t ground, struct flagged *f)
{
	struct flagged_key key = { .type = FLAGGED_HOST };

	f->since_ns = o->time_ns;
	f->until_ns = o->time_ns + p->options.config->flag_seconds * 1000000000;
	memcpy(key.ip, o->source.ip, 16);
	accused_add(p->accused, &key, ground, f);
	if (!o->process)
		return;
	key = (struct flagged_key){ .type = FLAGGED_PROCESS, .tgid = o->process->pid, .start_ns = o->process->key.start_ns };
	accused_add(p->accused, &key, ground, f);
}

static void listed_reason(const struct alert *a, char *to, size_t size)
{
	char ip[IP_TEXT];
	size_t len = a->matched_ip ? ip_text(a->matched_ip, ip) : a->matched.len;

	snprintf(to, size, "%.20s: %.*s", a->match.list->name, (int)len, a->matched_ip ? ip : a->matched.at);
}

static void flag_listed(const struct pipeline *p, const struct alert *a)
{
	struct flagged f = { .score = a->match.list->severity,
			     .verdict = VERDICT_LISTED,
			     .effect = a->match.list->only_told ? EFFECT_TOLD : EFFECT_BLOCKED };

	if (!p->accused)
		return;
	listed_reason(a, f.reason, sizeof(f.reason));
	flag(p, a->o, accused_ground(VERDICT_LISTED, "", 0, f.reason, strlen(f.reason)), &f);
}

/* One for all hosts and processes that make up the client. */
static uint64_t ground_of(const struct client_profile *client, const char *what)
{
	return accused_ground(VERDICT_SUSPICIOUS + client->kind, client->key, strlen(client->key), what,
			      strlen(what));
}

/* what: the domain, or the rule of a verdict about the client as a whole. */
static void flag_suspicious(const struct pipeline *p, const struct observation *o,
			    const struct client_profile *client, const char *what, double score)
{
	struct flagged f = { .score = (uint32_t)(100 * score),
			     .verdict = VERDICT_SUSPICIOUS,
			     .effect = EFFECT_BLOCKED };

	snprintf(f.reason, sizeof(f.reason), "anomaly: %.50s", what);
	flag(p, o, ground_of(client, what), &f);
}

static void say_told(struct pipeline *p, const struct alert *listed, const struct anomaly *odd, uint64_t sequence,
		     const char *line, size_t len)
{
	char id[64];

	ecs_event_id(p->ecs, sequence, id, sizeof(id));
	p->options.told(p->options.ctx, &(struct told){ listed, odd, id, line, len });
}

static uint64_t say_json(struct pipeline *p, struct buf *b, const struct alert *listed, const struct anomaly *odd)
{
	if (listed)
		return ecs_alert(p->ecs, b, listed);
	return odd ? ecs_anomaly(p->ecs, b, odd) : 0;
}

/* Either kind of alert in every style that somebody reads. Returns its event.sequence. */
static uint64_t tell(struct pipeline *p, const struct alert *listed, const struct anomaly *odd)
{
	uint64_t sequence = 0;

	p->counts.alerts++;
	for (int style = LINES_JSON; style <= LINES_COLOR; style++) {
		struct buf *b = &p->lines[style];
		size_t start = b->len;

		if (!p->style_used[style] && (style != LINES_JSON || !p->options.told))
			continue;
		if (style == LINES_JSON)
			sequence = say_json(p, b, listed, odd);
		else if (listed)
			text_alert(b, listed, style == LINES_COLOR);
		else
			text_anomaly(b, odd, style == LINES_COLOR);
		if (style == LINES_JSON && p->options.told && !b->failed)
			say_told(p, listed, odd, sequence, b->data + start, b->len - start - 1);
		if (p->style_used[style])
			end_line(p, style, start);
		else
			*b = (struct buf){ b->data, start, b->cap, false };
	}
	return sequence ? sequence : p->counts.alerts;
}

/* For all, or for who sent this. */
static void withdraw(const struct pipeline *p, const struct observation *o, uint64_t ground, bool of_all)
{
	struct flagged_key key = { .type = FLAGGED_HOST };

	if (of_all)
		accused_withdraw(p->accused, ground);
	memcpy(key.ip, o->source.ip, 16);
	accused_withdraw_from(p->accused, &key, ground);
	if (!o->process)
		return;
	key = (struct flagged_key){ .type = FLAGGED_PROCESS, .tgid = o->process->pid };
	accused_withdraw_from(p->accused, &key, ground);
}

/* Did somebody say that this is fine although a list holds it? */
static bool is_allowed(struct pipeline *p, const struct alert *a, struct pair_profile *pair)
{
	const struct allow_entry *e;
	struct allow_question q;
	char reason[sizeof(((struct flagged *)0)->reason)];

	if (!p->options.allow)
		return false;
	allow_question_of(&q, a->o);
	q.listed = true;
	e = allow_match(p->options.allow, &q);
	if (!e && (a->matched.len || a->chain_name.len)) {
		q.name = a->matched.len ? a->matched : a->chain_name;
		e = allow_match(p->options.allow, &q);
	}
	if (!e)
		return false;
	if (p->accused) {
		listed_reason(a, reason, sizeof(reason));
		withdraw(p, a->o, accused_ground(VERDICT_LISTED, "", 0, reason, strlen(reason)), !e->program && !e->host);
	}
	if (pair && pair->state.judgement == JUDGED_LISTED) {
		pair->state.judgement = JUDGED_UNKNOWN;
		profiles_touch_pair(p->profiles, pair);
	}
	return true;
}

/* Did somebody say that this client is fine, with this domain or (NULL) whatever it does? */
static bool is_forgiven(const struct pipeline *p, const struct client_profile *client, const char *domain)
{
	struct allow_question q;
	uint8_t ip[2][16];

	allow_question_of_pair(&q, client, domain, ip);
	q.time_ns = profiles_now(p->profiles);
	return allow_match(p->options.allow, &q);
}

static bool forgive_pair(void *ctx, struct pair_profile *pair)
{
	struct pipeline *p = ctx;

	if (pair->state.judgement != JUDGED_SUSPICIOUS || !is_forgiven(p, pair->client, pair->domain->key))
		return true;
	judge_allowed(p->profiles, pair);
	if (p->accused)
		accused_withdraw(p->accused, ground_of(pair->client, pair->domain->key));
	return true;
}

static bool forgive_client(void *ctx, struct client_profile *client)
{
	struct pipeline *p = ctx;

	if ((!client->dga.told_ns && !client->nowhere_told_ns) || !is_forgiven(p, client, NULL))
		return true;
	client->dga.told_ns = client->nowhere_told_ns = 0;
	for (enum behaviour i = BEHAVIOUR_DGA; p->accused && i < N_BEHAVIOURS; i++)
		accused_withdraw(p->accused, ground_of(client, behaviours[i].rule));
	return true;
}

void pipeline_set_allow(struct pipeline *p, struct allow *allow)
{
	if (p->judge)
		judge_set_allow(p->judge, allow);
	allow_free(p->options.allow);
	p->options.allow = allow;
	if (!p->profiles || !allow)
		return;
	profiles_each_pair(p->profiles, forgive_pair, p);
	profiles_each_client(p->profiles, forgive_client, p);
}

const struct allow *pipeline_allow(const struct pipeline *p)
{
	return p->options.allow;
}

/* An alert follows the event of its message. */
static void alert(struct pipeline *p, const struct observation *o, struct pair_profile *pair)
{
	struct alert a;

	if (!p->options.intel || !known_check(p->known, p->options.intel, o, &a) || is_allowed(p, &a, pair))
		return;
	if (pair)
		judge_listed(p->judge, p->profiles, pair, o->time_ns);
	if (a.again) {
		known_told(p->known, &a, a.told_sequence, p->options.contact, p->options.ctx);
		return;
	}
	flag_listed(p, &a);
	known_told(p->known, &a, tell(p, &a, NULL), p->options.contact, p->options.ctx);
}

static void tell_odd(struct pipeline *p, const struct anomaly *a)
{
	p->counts.anomalies++;
	(void)tell(p, NULL, a);
}

/* What the pair has come to with this message, and its client. */
static void judge(struct pipeline *p, const struct observation *o, struct pair_profile *pair)
{
	bool was_suspicious = pair->state.judgement == JUDGED_SUSPICIOUS;
	struct anomaly a;
	enum judge_result result = judge_message(p->judge, p->profiles, pair, o, p->options.intel, &a);

	if (result != JUDGE_NOTHING && p->accused && pair->state.judgement == JUDGED_SUSPICIOUS)
		flag_suspicious(p, o, pair->client, pair->domain->key, pair->state.score);
	else if (result != JUDGE_NOTHING && p->accused && was_suspicious)
		accused_withdraw(p->accused, ground_of(pair->client, pair->domain->key));
	if (result == JUDGE_TELL)
		tell_odd(p, &a);
	if (judge_client(p->judge, p->profiles, pair->client, o, &a) != JUDGE_TELL)
		return;
	if (p->accused)
		flag_suspicious(p, o, a.client, behaviours[a.verdict->behaviour].rule, a.verdict->score);
	tell_odd(p, &a);
}

/* A response takes from its query what only the query's hook could know. */
static void join_query(struct pipeline *p, struct observation *o, const struct record_head *h,
		       struct owner_key *owner)
{
	const struct query *q = queries_find(p->queries, o);

	if (!q) {
		roles_find_client(&p->roles, o, h);
		q = queries_find(p->queries, o);
	}
	if (!q)
		return;
	o->query_ns = q->time_ns;
	o->source_bytes = q->bytes;
	o->ifindex = q->ifindex;
	o->forwarded = q->forwarded;
	o->direction = q->direction;
	memcpy(o->mac, q->mac, 6);
	*owner = q->owner;
	if (owner->quality)
		owner->quality = OWNER_CACHED;
}

static void count(struct pipeline *p, const struct observation *o)
{
	p->counts.events[o->kind]++;
	p->counts.owner[o->quality]++;
	for (int i = 0; o->marks && i < 16; i++)
		p->counts.marks[i] += o->marks >> i & 1;
	hosts_add(p->hosts, o);
}

static void observe(struct pipeline *p, const struct record *rec)
{
	struct observation *o = &p->observation;
	struct owner_key owner = rec->head.owner;
	struct pair_profile *pair = NULL;

	decode_record(rec, p->domains, &p->arena, o);
	o->time_ns = rec->head.time_ns + p->options.time_offset_ns;
	o->query_ns = 0;
	o->process = NULL;
	roles_set(&p->roles, o, &rec->head);
	if (o->direction == DIRECTION_INGRESS)
		memset(&owner, 0, sizeof(owner)); /* the asker is elsewhere; ours only answers */
	if (o->kind == OBSERVED_DNS_RESPONSE) {
		join_query(p, o, &rec->head, &owner);
	} else {
		if (o->forwarded)
			roles_find_client(&p->roles, o, &rec->head);
		if (o->kind == OBSERVED_DNS_QUERY)
			queries_add(p->queries, o, &owner);
	}
	o->quality = owner.quality;
	if (owner.quality && p->options.owners)
		o->process = owners_get(p->options.owners, &owner);
	if (o->kind != OBSERVED_SYN) { /* of interest for the lists alone */
		if (p->profiles)
			profiles_fetch(p->profiles, o);
		count(p, o);
		emit(p, o);
		if (p->profiles)
			pair = profiles_add(p->profiles, o);
	}
	alert(p, o, pair);
	if (pair)
		judge(p, o, pair);
}

static void observe_head(struct pipeline *p, struct head *head)
{
	struct record *rec = native_read_head(p->native, &head->first, head->bytes, head->len);
	uint8_t denied = head->denied;

	heads_done(p->heads, head);
	if (!rec)
		return;
	rec->denied = denied;
	observe(p, rec);
}

static void expire_heads(struct pipeline *p, uint64_t record_time_ns)
{
	struct head *head;

	while ((head = heads_expired(p->heads, record_time_ns)))
		observe_head(p, head);
}

static void add_part(struct pipeline *p, const struct record *part)
{
	struct head *head;
	bool again;

	do {
		head = heads_add(p->heads, part, &again);
		if (head)
			observe_head(p, head);
	} while (again);
}

void pipeline_feed(struct pipeline *p, const struct record *rec, size_t len)
{
	if (!record_is_sound(rec, len)) {
		p->counts.rejected++;
		return;
	}
	if (rec->head.time_ns >= p->next_expiry_ns) {
		expire_heads(p, rec->head.time_ns);
		p->next_expiry_ns = rec->head.time_ns + 1000000000;
	}
	if (rec->head.kind == RECORD_HTTP_PART)
		add_part(p, rec);
	else
		observe(p, rec);
}

void pipeline_tick(struct pipeline *p, uint64_t now_ns)
{
	expire_heads(p, now_ns - p->options.time_offset_ns);
	if (p->accused)
		accused_expire(p->accused, now_ns);
}

void pipeline_finish(struct pipeline *p)
{
	expire_heads(p, UINT64_MAX);
	pipeline_flush(p);
}

void pipeline_health(struct pipeline *p, const struct ecs_health *h)
{
	size_t start = p->lines[LINES_JSON].len;

	if (!p->style_used[LINES_JSON])
		return;
	ecs_health(p->ecs, &p->lines[LINES_JSON], h);
	end_line(p, LINES_JSON, start);
}

void pipeline_stats(struct pipeline *p, const struct ecs_stats *s)
{
	size_t start = p->lines[LINES_JSON].len;

	if (!p->style_used[LINES_JSON])
		return;
	ecs_stats(p->ecs, &p->lines[LINES_JSON], s);
	end_line(p, LINES_JSON, start);
}

void pipeline_counts(const struct pipeline *p, struct counts *counts)
{
	*counts = p->counts;
	counts->queries_evicted = queries_evicted(p->queries);
	counts->heads_orphaned = heads_orphans(p->heads);
	counts->hosts = hosts_count(p->hosts);
	counts->hosts_evicted = hosts_evicted(p->hosts);
	counts->processes_evicted = p->options.owners ? owners_evicted(p->options.owners) : 0;
}
