/* report.c: see report.h. */
#include "cmd/report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/flagged.h"
#include "capture/live.h"
#include "intel/intel.h"
#include "store/store.h"
#include "support/ip.h"
#include "support/log.h"

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		log_warning("status: cannot add %s", key);
}

static json_t *interfaces_json(const struct live *live)
{
	struct live_interface interface[CONFIG_MAX_LIST];
	size_t n = live_interfaces(live, interface, CONFIG_MAX_LIST);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct attachment *a = interface[i].attachment;

		json_array_append_new(list, json_pack("{s:s, s:b, s:s, s:s}", "name", interface[i].name, "present",
						      a->ifindex != 0, "xdp", xdp_mode_name(a->xdp), "tc",
						      tc_mode_name(a->tc)));
	}
	return list;
}

static json_t *ledger_json(const struct counters *c)
{
	json_t *o = json_object();

	set(o, "packets", json_integer(c->packets));
	set(o, "bytes", json_integer(c->bytes));
#define X(name, class, meaning) set(o, #name, json_integer(c->name));
	OUTCOMES(X)
#undef X
	set(o, "heads_evicted", json_integer(c->heads_evicted));
	set(o, "urgent", json_integer(c->urgent));
	return o;
}

static json_t *sinks_json(const struct outputs *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->n; i++) {
		struct sink_stats s = sink_stats(o->sink[i]);

		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "sink",
						      sink_spec(o->sink[i]), "sent", (json_int_t)s.sent, "dropped",
						      (json_int_t)s.dropped, "errors", (json_int_t)s.errors,
						      "queued_bytes", (json_int_t)s.queued, "working", !s.broken));
	}
	return list;
}

static json_t *lists_json(const struct intel *in, bool enforced)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->lists.n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:b, s:I, s:b, s:b}", "name", in->lists.item[i].name,
						      "entries", (json_int_t)in->report[i].entries, "refused",
						      (json_int_t)in->report[i].refused, "read", in->read[i],
						      "generation", (json_int_t)in->generation, "allow",
						      in->lists.item[i].allow, "blocked",
						      enforced && in->lists.item[i].enforce && !in->lists.item[i].allow));
	return list;
}

static void set_detection(json_t *root, const struct pipeline *p)
{
	struct ecs_detection d;
	json_t *verdicts = json_object(), *excused = json_object();

	if (!pipeline_detection(p, &d)) {
		json_decref(verdicts);
		json_decref(excused);
		return;
	}
	for (enum judgement i = 0; i < N_JUDGEMENTS; i++)
		set(verdicts, judgement_name(i), json_integer((json_int_t)d.judge.verdicts[i]));
	set(root, "profiles",
	    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "pairs", (json_int_t)d.profiles.pairs, "domains",
		      (json_int_t)d.profiles.domains, "clients", (json_int_t)d.profiles.clients, "pairs_evicted",
		      (json_int_t)d.profiles.pairs_evicted, "domains_evicted",
		      (json_int_t)d.profiles.domains_evicted, "clients_evicted",
		      (json_int_t)d.profiles.clients_evicted, "refused", (json_int_t)d.profiles.refused, "bytes",
		      (json_int_t)d.profiles.bytes));
	set(root, "verdicts", verdicts);
	for (enum excuse i = EXCUSE_NONE + 1; i < N_EXCUSES; i++)
		set(excused, excuse_name(i), json_integer((json_int_t)d.judge.excused[i]));
	set(root, "explained", excused);
	set(root, "detect",
	    json_pack("{s:I, s:I, s:I, s:s?, s:s?}", "judged", (json_int_t)d.judge.judged, "postponed",
		      (json_int_t)d.judge.postponed, "anomalies", (json_int_t)d.anomalies, "model", d.model_id,
		      "model_note", d.model_note));
}

static json_t *store_json(const struct report *r)
{
	struct store_stats s = store_stats(r->store);

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "path", r->store_path, "state",
			 s.degraded ? s.degraded : "ok", "rows", (json_int_t)s.rows, "batches",
			 (json_int_t)s.batches, "alerts", (json_int_t)s.alerts, "dropped", (json_int_t)s.dropped,
			 "errors", (json_int_t)s.errors, "queued_bytes", (json_int_t)s.queued, "bytes",
			 (json_int_t)s.bytes);
}

/* Seconds until then, or null. */
static json_t *seconds_left(uint64_t deadline_ns, uint64_t now_ns)
{
	if (!deadline_ns)
		return json_null();
	return json_integer(deadline_ns > now_ns ? (json_int_t)((deadline_ns - now_ns) / 1000000000) : 0);
}

static json_t *enforcement_json(const struct report *r, const struct counters *c)
{
	const struct enforcement *e = r->enforcement;

	return json_pack("{s:s, s:s, s:o, s:I, s:I}", "mode", enforce_mode_name(e->wanted), "state",
			 enforce_state_name(e->state), "seconds_left", seconds_left(e->deadline_ns, r->boot_ns),
			 "denied_listed", (json_int_t)c->denied_listed, "denied_flagged",
			 (json_int_t)c->denied_flagged);
}

/* Is it blocked now, and not only if the mode were another? */
struct flagged_list {
	json_t *list;
	bool enforced;
};

static void add_flagged(void *ctx, const struct flagged_key *key, const struct flagged *f)
{
	const struct flagged_list *flagged = ctx;
	char text[IP_TEXT + 1] = "";

	if (key->type == FLAGGED_HOST)
		text[ip_text(key->ip, text)] = '\0';
	else
		snprintf(text, sizeof(text), "%u", key->tgid);
	json_array_append_new(flagged->list, json_pack("{s:s, s:s, s:s, s:I, s:s#, s:I, s:b}", "type",
					      key->type == FLAGGED_HOST ? "host" : "process", "value", text,
					      "verdict", f->verdict == VERDICT_LISTED ? "listed" : "suspicious",
					      "score", (json_int_t)f->score, "reason", f->reason,
					      strnlen(f->reason, sizeof(f->reason)), "since_ns",
					      (json_int_t)f->since_ns, "blocked",
					      flagged->enforced && f->effect == EFFECT_BLOCKED));
}

char *report_text(const struct report *r)
{
	struct counters kernel = { 0 };
	struct counts counts;
	struct flagged_list flagged = { json_array(), enforcement_mode(r->enforcement) == ENFORCE_FLAGGED };
	json_t *root = json_object();
	char *text;

	(void)live_counters(r->live, &kernel); /* zeros tell */
	pipeline_counts(r->pipeline, &counts);
	flagged_each(live_flagged_fd(r->live), add_flagged, &flagged);
	set(root, "version", json_string(METSUKE_VERSION));
	set(root, "pid", json_integer(getpid()));
	set(root, "uptime_seconds", json_integer((json_int_t)r->uptime_s));
	set(root, "state", json_string(r->degraded ? "degraded" : "ok"));
	if (r->degraded)
		set(root, "reason", json_string(r->degraded));
	set(root, "interfaces", interfaces_json(r->live));
	set(root, "process_attribution", json_string(live_has_owner(r->live) ? "cgroup" : "none"));
	set(root, "ledger", ledger_json(&kernel));
	set(root, "enforcement", enforcement_json(r, &kernel));
	set(root, "events",
	    json_pack("{s:I, s:I, s:I}", "dns_queries", (json_int_t)counts.events[OBSERVED_DNS_QUERY],
		      "dns_responses", (json_int_t)counts.events[OBSERVED_DNS_RESPONSE], "http_requests",
		      (json_int_t)counts.events[OBSERVED_HTTP_REQUEST]));
	set(root, "owners",
	    json_pack("{s:I, s:I, s:I, s:I}", "socket", (json_int_t)counts.owner[OWNER_SOCKET], "primed",
		      (json_int_t)counts.owner[OWNER_PRIMED], "cached", (json_int_t)counts.owner[OWNER_CACHED],
		      "none", (json_int_t)counts.owner[OWNER_NONE]));
	set(root, "sinks", sinks_json(r->outputs));
	set(root, "lists", lists_json(pipeline_intel(r->pipeline), enforcement_mode(r->enforcement) != ENFORCE_OFF));
	set_detection(root, r->pipeline);
	if (r->store)
		set(root, "store", store_json(r));
	set(root, "flagged", flagged.list);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}
