/* train.c: metsuke train. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/native.h"
#include "cmd/captures.h"
#include "cmd/cmd.h"
#include "cmd/keep.h"
#include "cmd/query.h"
#include "detect/allow.h"
#include "detect/fit.h"
#include "identity.h"
#include "intel/intel.h"
#include "pipeline.h"
#include "support/log.h"

static const char usage[] =
	"usage: metsuke train [-c FILE] [-l LIST]... [-a FILE] [-w MODEL] [-N NOTE] [-q] CAPTURE...\n"
	"       metsuke train [-c FILE] [-l LIST]... [-a FILE] [-w MODEL] [-N NOTE] [-q] -S STORE\n"
	"\n"
	"Makes a model of what is ordinary from captures of traffic that is held to be clean, or from what the\n"
	"store has gathered: limits for each feature, a one-class SVM and reference rows for LOF. Clients that\n"
	"look like browsers train the first stage, the domains of all other software the second. What the lists\n"
	"hold, or hold to be an exception (allow), what metsuke allow says is fine, what a client has beyond its\n"
	"share, and what the store holds to be suspicious takes no part. In captures nothing is judged: of doubtful\n"
	"ones make a store (metsuke replay -S), and train from that. The model is for detect.model.\n"
	"\n"
	"  -c, --config FILE     configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -l, --list LIST       file of known names and addresses in place of intel.lists; may be repeated\n"
	"  -a, --allow FILE      what metsuke allow wrote (default: detect.allow with a store, none with captures)\n"
	"  -S, --store FILE      a store, which a sensor may be writing\n"
	"  -w, --write MODEL     file to write (default: standard output)\n"
	"  -N, --note NOTE       said in the model: what it was trained on\n"
	"  -q, --quiet           no progress and no summary\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 when a capture could not be read or holds too little, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_LIST,	OPT_ALLOW, OPT_STORE, OPT_WRITE,
					 OPT_NOTE,   OPT_QUIET, OPT_HELP,  OPT_END };

struct train {
	struct captures captures;
	const struct config *config;
	struct intel *intel; /* where there is no pipeline to have it */
	struct allow *allow; /* NULL: nothing */
};

/* Nothing is judged on the way: the model is not there yet. */
static int start(void *ctx, uint64_t run_id)
{
	struct train *t = ctx;
	struct settings settings;
	struct identity id;
	struct pipeline_options po = { .config = t->config };

	identity_fill(&id, t->config, run_id);
	po.identity = identity_ecs(&id);
	po.intel = intel_load(t->config, 1);
	if (!po.intel)
		return -1;
	config_settings(t->config, &settings);
	t->captures.native = native_new(&settings);
	if (!t->captures.native) {
		log_error("out of memory");
		return -1;
	}
	t->captures.pipeline = pipeline_new(&po);
	return t->captures.pipeline ? 0 : -1;
}

/* By a list, or by what somebody said, as of the last time that it was seen. */
static bool is_allowed(void *ctx, const struct pair_profile *pair)
{
	const struct train *t = ctx;
	const struct intel *in = t->captures.pipeline ? pipeline_intel(t->captures.pipeline) : t->intel;
	const char *domain = pair->domain->key;
	struct indicator_match m;
	struct allow_question q;
	uint8_t ip[2][16];

	if (indicators_match_name(in->set, domain, strlen(domain), &m) && m.allow)
		return true;
	allow_question_of_pair(&q, pair->client, domain, ip);
	q.time_ns = pair->http.last_ns;
	return allow_match(t->allow, &q);
}

static int write_model(const struct model *m, const char *path)
{
	char *text = model_text(m);
	FILE *to = path ? fopen(path, "we") : stdout;
	int err = 0;

	if (!text)
		err = ENOMEM;
	else if (!to || fputs(text, to) == EOF || fflush(to))
		err = errno;
	if (to && path && fclose(to) && !err)
		err = errno;
	if (err)
		log_error("%s: %s", path ? path : "standard output", strerror(err));
	free(text);
	return err ? EXIT_FAILED : 0;
}

static void summary(const struct fit_report *r, const struct model *m, bool judged)
{
	log_info("%zu clients at sites: %zu left out by allow-lists (%.1f %%), %zu as listed%s, %zu with too few check-ins",
		 r->pairs, r->allowed, r->pairs ? 100.0 * r->allowed / r->pairs : 0, r->odd,
		 judged ? " or suspicious" : " (nothing else is judged)", r->few);
	log_info(
		"stage 1 learnt from %zu browsers, %zu of them too regular for SVM and LOF to learn from (%zu other programs set aside), stage 2 from %zu domains of software",
		r->browsers, r->disguised, r->software, r->domains);
	if (r->beyond)
		log_warning("%zu rows left out: they were more than one client's share, which is a tenth (docs/detectors.md)",
			    r->beyond);
	if (r->swayed)
		log_warning("%zu clients left out of stage 1: each alone made a quarter less of timing odd (docs/detectors.md)",
			    r->swayed);
	for (enum criterion i = 0; i < N_CRITERIA; i++) {
		const struct odv *odv = &m->odv[i];
		bool upper = odv->options.side == ODV_UPPER;

		log_info("  %-16s middle %-8.4g odd %s %.4g", criteria[i].name,
			 odv_untransform(&odv->options, odv->pass[1].mean), upper ? "above" : "below",
			 odv_untransform(&odv->options, upper ? odv->pass[1].upper : odv->pass[1].lower));
	}
}

static int fit(const struct train *t, struct profiles *profiles, const struct cmd_options *o)
{
	const struct fit_options fo = {
		.browser_share = 0.9,
		.min_checkins = 8,
		.nu = 0.05,
		.k_min = 10,
		.k_max = 20,
		.lof_limit = 1.5,
		.reference_rows = 512,
		.seed = 1,
		.note = o->note,
		.allowed = is_allowed,
		.ctx = (void *)t,
	};
	struct fit_report report;
	char error[256];
	struct model *m = model_fit(profiles, &fo, &report, error, sizeof(error));
	int status;

	if (!m) {
		log_error("no model: %s (%zu browsers at sites with at least %llu check-ins, %zu other programs)",
			  error, report.browsers, (unsigned long long)fo.min_checkins, report.software);
		return EXIT_FAILED;
	}
	status = write_model(m, o->write);
	if (!status && !o->quiet)
		summary(&report, m, o->store_given);
	model_free(m);
	return status;
}

static int train_from_store(struct train *t, const struct cmd_options *o)
{
	struct profiles *p = query_is_store(o->config.store_path) ? keep_read(&o->config) : NULL;
	int status = EXIT_FAILED;

	t->intel = intel_load(&o->config, 1);
	if (p && t->intel)
		status = fit(t, p, o);
	profiles_free(p);
	intel_free(t->intel);
	return status;
}

static int train_from_captures(struct train *t, const struct cmd_options *o, int n, char **paths)
{
	int status;

	t->captures = (struct captures){ start, NULL, NULL, t, .progress = !o->quiet };
	status = captures_read(&t->captures, n, paths);
	if (t->captures.pipeline && !status) {
		pipeline_finish(t->captures.pipeline);
		status = fit(t, pipeline_profiles(t->captures.pipeline), o);
	}
	pipeline_free(t->captures.pipeline);
	native_free(t->captures.native);
	return status;
}

int cmd_train(int argc, char **argv)
{
	struct train t = { 0 };
	struct allow_report allowed;
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	if ((optind == argc) != o.store_given) {
		fputs("metsuke train: expected capture files, or -S and a store\nTry 'metsuke train --help'.\n",
		      stderr);
		cmd_options_free(&o);
		return EXIT_USAGE;
	}
	o.config.detect = true;
	t.config = &o.config;
	if (o.store_given || o.allow_given) {
		t.allow = allow_load(o.config.allow_file, &allowed);
		if (!t.allow) {
			cmd_options_free(&o);
			return EXIT_FAILED;
		}
	}
	status = o.store_given ? train_from_store(&t, &o)
			       : train_from_captures(&t, &o, argc - optind, argv + optind);
	allow_free(t.allow);
	cmd_options_free(&o);
	return status;
}
