/* replay.c: metsuke replay. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/native.h"
#include "cmd/captures.h"
#include "cmd/cmd.h"
#include "cmd/outputs.h"
#include "cmd/keep.h"
#include "detect/allow.h"
#include "detect/model.h"
#include "intel/intel.h"
#include "identity.h"
#include "observe/prefix_tables.h"
#include "pipeline.h"
#include "profile/profile.h"
#include "support/log.h"

#define STORE_SECONDS 600

static const char usage[] =
	"usage: metsuke replay [-c FILE] [-o SINK]... [-l LIST]... [-m MODEL] [-S STORE] [--format FORMAT] [-q]\n"
	"                      CAPTURE...\n"
	"\n"
	"Reads pcap and pcapng files in the order given (- is standard input) and prints one line per event,\n"
	"in packet order, with the packets' own times. Needs no privilege. Two replays of the same captures\n"
	"give the same bytes.\n"
	"\n"
	"  -c, --config FILE     configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -o, --output SINK     -, file:PATH or unix:PATH; may be repeated (default -)\n"
	"  -l, --list LIST       file of known names and addresses in place of intel.lists; may be repeated\n"
	"  -S, --store FILE      database of profiles and alerts, read first and written (default: none)\n"
	"  -m, --model MODEL     made by metsuke train, in place of detect.model\n"
	"  -a, --allow FILE      what metsuke allow wrote, as of the packets' times (default: none)\n"
	"  -f, --format FORMAT   of standard output: auto, json, text\n"
	"  -q, --quiet           no progress and no summary\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 when a capture could not be read to its end, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_OUTPUT, OPT_LIST, OPT_MODEL, OPT_STORE, OPT_ALLOW,
					 OPT_FORMAT, OPT_QUIET,	 OPT_HELP, OPT_END };

struct replay_run {
	struct captures captures;
	struct store *store;
	struct prefix_tables *prefixes;
	struct outputs outputs;
	const struct config *config;
	bool keeps; /* a store was asked for */
	bool allows;
	uint64_t older_before;
};

static void on_told(void *ctx, const struct told *t)
{
	const struct replay_run *run = ctx;

	if (run->store)
		keep_told(run->store, t);
}

/* Messages that a rhythm cannot use, those of the store's past included. */
static uint64_t older_messages(struct pipeline *p)
{
	struct profile_counts counts = { 0 };

	if (pipeline_profiles(p))
		profiles_counts(pipeline_profiles(p), &counts);
	return counts.backwards;
}

static int start(void *ctx, uint64_t run_id)
{
	struct replay_run *run = ctx;
	const struct config *c = run->config;
	struct settings settings;
	struct identity id;
	struct pipeline_options po = { .config = c, .ctx = run };
	struct allow_report allowed;
	char error[512];

	identity_fill(&id, c, run_id);
	po.identity = identity_ecs(&id);
	if (outputs_open(&run->outputs, c, true))
		return -1;
	run->prefixes = prefix_tables_open(&c->prefix_tables);
	if (!run->prefixes)
		return -1;
	po.prefixes = prefix_tables_get(run->prefixes);
	if (run->keeps)
		po.told = on_told;
	if (c->detect && !(po.model = model_load(c->model, error, sizeof(error)))) {
		log_error("detect.model: %s", error);
		return -1;
	}
	po.intel = intel_load(c, 1);
	if (!po.intel)
		return -1;
	if (run->allows && !(po.allow = allow_load(c->allow_file, &allowed)))
		return -1;
	config_settings(c, &settings);
	settings.syn = indicators_count(po.intel->set) > 0;
	run->captures.native = native_new(&settings);
	if (!run->captures.native) {
		log_error("out of memory");
		return -1; /* with the lists: the process ends */
	}
	run->captures.pipeline = pipeline_new(&po);
	if (!run->captures.pipeline || outputs_attach(&run->outputs, run->captures.pipeline))
		return -1;
	if (run->keeps && keep_open(c, id.agent_id, run->captures.pipeline, true, &run->store))
		return -1;
	run->older_before = older_messages(run->captures.pipeline);
	return 0;
}

/* All that was gathered is in the store when this returns. */
static int keep(struct replay_run *run)
{
	if (!run->store || !store_flush(run->store, pipeline_profiles(run->captures.pipeline), STORE_SECONDS))
		return 0;
	log_error("store %s: not all is written: %s", run->config->store_path, store_stats(run->store).degraded);
	return -1;
}

static void put_changes(void *ctx)
{
	const struct replay_run *run = ctx;

	if (run->store)
		(void)store_put_changes(run->store, pipeline_profiles(run->captures.pipeline), SIZE_MAX);
}

static bool gone(void *ctx)
{
	return outputs_gone(&((struct replay_run *)ctx)->outputs);
}

static void summary(const struct replay_run *run)
{
	const struct captures *read = &run->captures;
	uint64_t older = older_messages(read->pipeline) - run->older_before;
	struct counts counts;

	pipeline_counts(read->pipeline, &counts);
	log_info("%llu frames: %llu DNS queries, %llu DNS responses, %llu HTTP requests",
		 (unsigned long long)read->frames, (unsigned long long)counts.events[OBSERVED_DNS_QUERY],
		 (unsigned long long)counts.events[OBSERVED_DNS_RESPONSE],
		 (unsigned long long)counts.events[OBSERVED_HTTP_REQUEST]);
	if (counts.alerts)
		log_info("%llu alerts, %llu of them anomalies", (unsigned long long)counts.alerts,
			 (unsigned long long)counts.anomalies);
	if (read->backwards)
		log_info("%llu frames are older than the one before them", (unsigned long long)read->backwards);
	if (older)
		log_info("%llu messages are older than the newest of their client and domain: no gap is taken from them",
			 (unsigned long long)older);
}

int cmd_replay(int argc, char **argv)
{
	struct replay_run run = { 0 };
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	if (optind == argc) {
		fputs("metsuke replay: expected a capture file\nTry 'metsuke replay --help'.\n", stderr);
		cmd_options_free(&o);
		return EXIT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	run.config = &o.config;
	run.keeps = o.store_given;
	run.allows = o.allow_given;
	run.captures = (struct captures){ start, gone, put_changes, &run, .progress = !o.quiet && !isatty(STDOUT_FILENO) };
	status = captures_read(&run.captures, argc - optind, argv + optind);
	if (run.captures.pipeline) {
		bool closed;

		pipeline_finish(run.captures.pipeline);
		if (keep(&run))
			status = EXIT_FAILED;
		closed = gone(&run);
		outputs_close(&run.outputs, 0); /* nothing is queued in replay */
		if (closed) {
			log_error("standard output was closed by its reader");
			status = EXIT_FAILED;
		} else if (!o.quiet) {
			summary(&run);
		}
	}
	outputs_close(&run.outputs, 0);
	store_close(run.store, 1);
	pipeline_free(run.captures.pipeline);
	prefix_tables_free(run.prefixes);
	native_free(run.captures.native);
	cmd_options_free(&o);
	return status;
}
