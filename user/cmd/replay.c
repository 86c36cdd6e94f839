/* replay.c: metsuke replay. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/replay.h"
#include "cmd/cmd.h"
#include "cmd/outputs.h"
#include "intel/intel.h"
#include "identity.h"
#include "pipeline.h"
#include "support/log.h"

static const char usage[] =
	"usage: metsuke replay [-c FILE] [-o SINK]... [-l LIST]... [--format FORMAT] [-q] CAPTURE...\n"
	"\n"
	"Reads pcap and pcapng files in the order given (- is standard input) and prints one line per event,\n"
	"in packet order, with the packets' own times. Needs no privilege. Two replays of the same captures\n"
	"give the same bytes.\n"
	"\n"
	"  -c, --config FILE     configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -o, --output SINK     -, file:PATH or unix:PATH; may be repeated (default -)\n"
	"  -l, --list LIST       file of known names and addresses in place of intel.lists; may be repeated\n"
	"  -f, --format FORMAT   of standard output: auto, json, text\n"
	"  -q, --quiet           no progress and no summary\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 when a capture could not be read to its end, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_OUTPUT, OPT_LIST, OPT_FORMAT, OPT_QUIET, OPT_HELP, OPT_END };

struct replay_run {
	struct native *native;
	struct pipeline *pipeline;
	struct outputs outputs;
	bool progress; /* unless the events themselves go to the terminal */
	uint64_t frames;
	uint64_t backwards;
	struct timespec shown;
	uint64_t shown_frames;
};

static void show_progress(struct replay_run *run, const struct replay *r, const char *path)
{
	struct timespec now;
	double seconds, share = replay_progress(r);
	char percent[16] = "";

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - run->shown.tv_sec + (now.tv_nsec - run->shown.tv_nsec) / 1e9;
	if (!run->progress || seconds < 0.5)
		return;
	if (share >= 0)
		snprintf(percent, sizeof(percent), "%3.0f %%, ", 100 * share);
	log_status("%s: %s%llu frames, %.0f a second ", path, percent, (unsigned long long)replay_frames(r),
		   (replay_frames(r) - run->shown_frames) / seconds);
	run->shown = now;
	run->shown_frames = replay_frames(r);
}

/* One capture to its end. Returns 0, or -1 where it is broken or nobody reads the output any more. */
static int replay_capture(struct replay_run *run, struct replay *r, const char *path)
{
	struct record *rec;
	int result;

	run->shown_frames = 0;
	while ((result = replay_next(r, run->native, &rec)) == 1) {
		if (rec)
			pipeline_feed(run->pipeline, rec, rec->head.len);
		if (replay_frames(r) % 4096)
			continue;
		show_progress(run, r, path);
		if (outputs_gone(&run->outputs))
			return -1;
	}
	if (result < 0)
		log_error("%s: frame %llu: %s; the frames before it were read", path,
			  (unsigned long long)replay_frames(r) + 1, replay_error(r));
	run->frames += replay_frames(r);
	run->backwards += replay_backwards(r);
	return result;
}

static int start(struct replay_run *run, const struct config *c, uint64_t run_id)
{
	struct settings settings;
	struct identity id;
	struct pipeline_options po = { .config = c };

	identity_fill(&id, c, run_id);
	po.identity = identity_ecs(&id);
	if (outputs_open(&run->outputs, c, true))
		return -1;
	po.intel = intel_load(c, 1);
	if (!po.intel)
		return -1;
	config_settings(c, &settings);
	settings.syn = indicators_count(po.intel->set) > 0;
	run->native = native_new(&settings);
	if (!run->native) {
		log_error("out of memory");
		return -1; /* with the lists: the process ends */
	}
	run->pipeline = pipeline_new(&po);
	return run->pipeline ? outputs_attach(&run->outputs, run->pipeline) : -1;
}

static void summary(const struct replay_run *run)
{
	struct counts counts;

	pipeline_counts(run->pipeline, &counts);
	log_info("%llu frames: %llu DNS queries, %llu DNS responses, %llu HTTP requests",
		 (unsigned long long)run->frames, (unsigned long long)counts.events[OBSERVED_DNS_QUERY],
		 (unsigned long long)counts.events[OBSERVED_DNS_RESPONSE],
		 (unsigned long long)counts.events[OBSERVED_HTTP_REQUEST]);
	if (counts.alerts)
		log_info("%llu alerts", (unsigned long long)counts.alerts);
	if (run->backwards)
		log_info("%llu frames are older than the one before them", (unsigned long long)run->backwards);
}

/* Opens one capture after the other; the first also gives the run its id. */
static int replay_all(struct replay_run *run, const struct cmd_options *o, int n, char **paths)
{
	int status = 0;

	for (int i = 0; i < n && !(run->pipeline && outputs_gone(&run->outputs)); i++) {
		char error[512];
		struct replay *r = replay_open(paths[i], error, sizeof(error));

		if (!r) {
			log_error("%s", error);
			status = EXIT_FAILED;
			continue;
		}
		if (!run->pipeline && start(run, &o->config, replay_id(r))) {
			replay_close(r);
			return EXIT_FAILED;
		}
		if (replay_capture(run, r, paths[i]))
			status = EXIT_FAILED;
		replay_close(r);
	}
	return status;
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
	run.progress = !o.quiet && !isatty(STDOUT_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &run.shown);
	status = replay_all(&run, &o, argc - optind, argv + optind);
	if (run.pipeline) {
		bool gone;

		pipeline_finish(run.pipeline);
		gone = outputs_gone(&run.outputs);
		outputs_close(&run.outputs, 0); /* nothing is queued in replay */
		if (gone) {
			log_error("standard output was closed by its reader");
			status = EXIT_FAILED;
		} else if (!o.quiet) {
			summary(&run);
		}
	}
	outputs_close(&run.outputs, 0);
	pipeline_free(run.pipeline);
	native_free(run.native);
	cmd_options_free(&o);
	return status;
}
