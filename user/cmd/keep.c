/* keep.c: see keep.h. */
#include "cmd/keep.h"

#include <jansson.h>
#include <stdio.h>

#include "capture/owner.h"
#include "detect/verdict.h"
#include "store/load.h"
#include "support/ip.h"
#include "support/log.h"

#define NAME_TEXT 1024

static void load(struct store *s, struct pipeline *p, const char *path)
{
	struct store_loaded loaded = { 0 };

	if (!pipeline_profiles(p))
		return;
	if (store_load(s, pipeline_profiles(p), &loaded)) {
		log_warning("store %s: %s; profiles begin anew until it can be read", path,
			    store_stats(s).degraded);
		return;
	}
	if (loaded.pairs || loaded.damaged || loaded.left_out)
		log_info("store %s: %llu clients, %llu domains, %llu pairs; %llu damaged rows, %llu without room",
			 path, (unsigned long long)loaded.clients, (unsigned long long)loaded.domains,
			 (unsigned long long)loaded.pairs, (unsigned long long)loaded.damaged,
			 (unsigned long long)loaded.left_out);
}

int keep_open(const struct config *c, const char *sensor, struct pipeline *p, bool wait, struct store **ret_store)
{
	const struct store_options options = { .path = c->store_path,
					       .sensor = sensor,
					       .retention_seconds = c->retention_days * 86400,
					       .max_bytes = c->store_max_bytes,
					       .queue_bytes = c->store_queue_bytes,
					       .batch_seconds = c->batch_seconds,
					       .wait = wait };
	char error[512];

	*ret_store = NULL;
	if (!c->store_enabled)
		return 0;
	*ret_store = store_open(&options, error, sizeof(error));
	if (!*ret_store) {
		log_error("store %s: %s", c->store_path, error);
		return -1;
	}
	load(*ret_store, p, c->store_path);
	return 0;
}

struct profiles *keep_read(const struct config *c)
{
	const struct profile_limits limits = pipeline_profile_limits(c);
	struct profiles *p = profiles_new(&limits, NULL);
	struct store_loaded loaded = { 0 };
	enum store_fault fault = STORE_FAILED;
	char why[STORE_WHY] = "out of memory";
	struct load *l = p ? load_new(c->store_path, &fault, why) : NULL;

	if (!l) {
		log_error("store: %s", why);
		profiles_free(p);
		return NULL;
	}
	while (!load_some(l, p, SIZE_MAX, &loaded, &fault))
		;
	profiles_loaded(p);
	if (loaded.damaged || loaded.left_out)
		log_warning("store %s: %llu damaged rows, %llu without room are left out", c->store_path,
			    (unsigned long long)loaded.damaged, (unsigned long long)loaded.left_out);
	load_free(l);
	return p;
}

static const char *copy(char *to, struct text from)
{
	snprintf(to, NAME_TEXT, "%.*s", (int)from.len, from.len ? from.at : "");
	return from.len ? to : NULL;
}

void keep_told(struct store *s, const struct told *t)
{
	const struct observation *o = t->listed ? t->listed->o : t->odd->o;
	json_t *line;
	char client[IP_TEXT + 1], destination[IP_TEXT + 1], domain[NAME_TEXT];
	struct store_alert a = {
		.time_ns = o->time_ns,
		.event_id = t->event_id,
		.kind = t->listed ? "blocklist-match" : "anomaly",
		.severity = t->listed ? t->listed->match.list->severity : anomaly_severity(t->odd),
		.client = client,
		.destination = destination,
		.rule = !t->listed		 ? behaviours[t->odd->verdict->behaviour].rule
			: t->listed->match.entry ? "blocklist-domain"
						 : "blocklist-address",
		.list = t->listed ? t->listed->match.list->name : NULL,
		.line = t->line,
		.line_len = t->len,
	};

	client[ip_text(o->source.ip, client)] = '\0';
	destination[ip_text(o->destination.ip, destination)] = '\0';
	if (!t->listed)
		a.domain = t->odd->pair ? t->odd->pair->domain->key : NULL;
	else
		a.domain = copy(domain, t->listed->matched_ip ? observation_name(o) : t->listed->matched);
	if (o->process) {
		a.process = o->process->name;
		a.executable = o->process->executable;
		a.pid = o->process->pid;
	}
	line = json_loadb(t->line, t->len, 0, NULL); /* alerts are few */
	a.message = json_string_value(json_object_get(line, "message"));
	store_put_alert(s, &a);
	json_decref(line);
}
