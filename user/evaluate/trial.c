/* trial.c: see trial.h. Two pipelines at most see each record: one that judges and has no lists of what is bad, and one
 * that has nothing else, so that neither takes anything from the other. */
#include "evaluate/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/native.h"
#include "detect/judge.h"
#include "detect/model.h"
#include "evaluate/feed.h"
#include "identity.h"
#include "intel/intel.h"
#include "observe/prefix_tables.h"
#include "pipeline.h"
#include "support/ip.h"
#include "support/log.h"

#define PROGRESS_EVERY 65536 /* frames */

struct trial {
	struct evaluation *e;
	const struct trial_options *o;
	struct pipeline *judging, *listing; /* listing: NULL where nothing is asked about lists */
	const struct model *model;	    /* the judging pipeline's */
	struct prefix_tables *prefixes;
	bool out_of_memory;
};

static void add_finding(struct trial *t, struct finding f, const char *client, struct text domain)
{
	struct evaluation *e = t->e;
	struct finding *more = evaluation_more(e->findings, &e->room_findings, e->n_findings, sizeof(f));

	if (more)
		e->findings = more;
	f.sensor = (uint32_t)e->n_sensors - 1;
	f.client = texts_keep(&e->texts, client, strlen(client));
	f.domain = texts_keep(&e->texts, domain.at, domain.len);
	if (!more || !f.client || !f.domain)
		t->out_of_memory = true;
	else
		e->findings[e->n_findings++] = f;
}

static struct text whole(const char *text)
{
	return (struct text){ text, strlen(text) };
}

static void on_anomaly(void *ctx, const struct told *told)
{
	const struct anomaly *a = told->odd;

	if (!a)
		return;
	add_finding(ctx, (struct finding){ .rule = behaviours[a->verdict->behaviour].rule,
				     .time_ns = a->o->time_ns,
				     .since_ns = a->verdict->start_ns,
				     .checkins = a->verdict->checkins,
				     .score = a->verdict->score },
		    a->client->key, whole(a->pair ? a->pair->domain->key : ""));
}

static void on_listed(void *ctx, const struct told *told)
{
	struct trial *t = ctx;
	const struct alert *a = told->listed;
	char client[IP_TEXT + 1], server[IP_TEXT + 1];
	struct text domain;
	const char *list;

	if (!a)
		return;
	client[ip_text(a->o->source.ip, client)] = '\0';
	server[ip_text(a->o->destination.ip, server)] = '\0';
	domain = observation_name(a->o);
	list = texts_keep(&t->e->texts, a->match.list->name, strlen(a->match.list->name));
	if (!list) {
		t->out_of_memory = true;
		return;
	}
	add_finding(t, (struct finding){ .listed = true,
				   .rule = a->match.entry ? "blocklist-domain" : "blocklist-address",
				   .list = list,
				   .time_ns = a->o->time_ns,
				   .since_ns = a->o->time_ns },
		    client, domain.len ? domain : whole(server));
}

static struct pipeline *judging_pipeline(struct trial *t, struct pipeline_options *po)
{
	const struct config *c = t->o->config;
	struct model *model;
	char error[512];

	po->config = c;
	po->told = on_anomaly;
	t->prefixes = prefix_tables_open(&c->prefix_tables);
	if (!t->prefixes)
		return NULL;
	po->prefixes = prefix_tables_get(t->prefixes);
	model = model_load(c->model, error, sizeof(error));
	if (!model) {
		log_error("detect.model: %s", error);
		return NULL;
	}
	t->model = po->model = model;
	if ((c->lists.n || *c->popular) && !(po->intel = intel_load(c, 1))) {
		model_free(model);
		return NULL;
	}
	return pipeline_new(po);
}

static struct pipeline *listing_pipeline(struct trial *t, struct pipeline_options *po)
{
	po->config = t->o->lists;
	po->told = on_listed;
	po->intel = intel_load(t->o->lists, 1);
	return po->intel ? pipeline_new(po) : NULL;
}

/* What cannot be made is logged. */
static int start(struct trial *t, uint64_t run_id)
{
	struct pipeline_options judging = { .ctx = t }, listing = { .ctx = t };
	struct identity id;

	identity_fill(&id, t->o->config, run_id);
	judging.identity = listing.identity = identity_ecs(&id);
	t->judging = judging_pipeline(t, &judging);
	if (t->judging && t->o->lists)
		t->listing = listing_pipeline(t, &listing);
	return t->judging && (t->listing || !t->o->lists) ? 0 : -1;
}

static void show_progress(const struct feed *f, const char *name)
{
	double share = feed_progress(f);

	if (share >= 0)
		log_status("%s: %3.0f %%, %llu frames ", name, 100 * share, (unsigned long long)feed_frames(f));
	else
		log_status("%s: %llu frames ", name, (unsigned long long)feed_frames(f));
}

static void feed_all(struct trial *t, struct feed *f, struct sensor *s)
{
	uint64_t shown = 0;
	const struct record *rec;

	while ((rec = feed_next(f))) {
		if (sensor_cover(s, rec->head.time_ns))
			t->out_of_memory = true;
		pipeline_feed(t->judging, rec, rec->head.len);
		if (t->listing)
			pipeline_feed(t->listing, rec, rec->head.len);
		if (t->o->progress && feed_frames(f) - shown >= PROGRESS_EVERY) {
			show_progress(f, s->name);
			shown = feed_frames(f);
		}
	}
	s->frames = feed_frames(f);
	pipeline_finish(t->judging);
	if (t->listing)
		pipeline_finish(t->listing);
}

static const char *leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct sensor *new_sensor(struct evaluation *e, char *const *paths, size_t n)
{
	struct sensor *more = evaluation_more(e->sensors, &e->room_sensors, e->n_sensors, sizeof(*more)), *s;
	const char **names = calloc(n, sizeof(*names));

	if (!more || !names) {
		free(names);
		return NULL;
	}
	e->sensors = more;
	s = &e->sensors[e->n_sensors++];
	for (size_t i = 0; i < n; i++)
		names[i] = leaf(paths[i]);
	*s = (struct sensor){ .name = n == 1 ? names[0] : "all captures", .names = names, .n_names = n };
	return s;
}

static int conclude(struct trial *t, struct sensor *s, size_t first_finding)
{
	const struct verdict_options options = judge_options(t->o->config);
	struct profiles *p = pipeline_profiles(t->judging);
	struct profile_counts counts;
	size_t first_row = t->e->n_rows;
	int err;

	profiles_counts(p, &counts);
	s->pairs_gone = counts.pairs_evicted;
	err = t->out_of_memory ? -ENOMEM : gather_rows(t->e, p, t->model, &options);
	if (!err)
		err = outcome_judge(t->e, first_row, first_finding);
	if (err)
		log_error("%s: %s", s->name, strerror(-err));
	return err ? -1 : 0;
}

int trial_run(struct evaluation *e, const struct trial_options *o, char *const *paths, size_t n)
{
	struct trial t = { .e = e, .o = o };
	struct settings settings;
	struct feed *f;
	int status = -1;

	config_settings(o->config, &settings);
	settings.syn = o->lists != NULL;
	f = feed_open(paths, n, &settings);
	if (!f) {
		e->failed = true;
		return 0;
	}
	if (!start(&t, feed_id(f))) {
		size_t first_finding = e->n_findings;
		struct sensor *s = new_sensor(e, paths, n);

		if (s) {
			feed_all(&t, f, s);
			status = conclude(&t, s, first_finding);
		} else {
			log_error("out of memory");
		}
	}
	e->failed |= feed_broken(f) > 0;
	feed_close(f);
	pipeline_free(t.judging);
	pipeline_free(t.listing);
	prefix_tables_free(t.prefixes);
	return status;
}
