/* evaluate.c: metsuke evaluate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "evaluate/report.h"
#include "evaluate/trial.h"
#include "observe/domain.h"
#include "support/log.h"

#define WARNINGS_MOST 5

static const char usage[] =
	"usage: metsuke evaluate --labels FILE [-c FILE] [-m MODEL] [-l LIST]... [--stream] [--split S]\n"
	"                        [--json FILE] [--html FILE] [-q] CAPTURE...\n"
	"\n"
	"How well malicious traffic is found in captures of which FILE says what is in them: the sensor's alerts\n"
	"(the joint rule), and each detector alone over the same profiles. Lists of known names are off.\n"
	"\n"
	"  -b, --labels FILE     tab-separated: client, domain, role, and more (docs/evaluate.md)\n"
	"  -c, --config FILE     configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -m, --model MODEL     made by metsuke train, in place of detect.model\n"
	"  -l, --list LIST       what would this list find, beside the anomalies? May be repeated\n"
	"  -x, --stream          all captures are one network, in the order of time (default: each its own)\n"
	"  -g, --split S         the tables by group, too: family, host, time, capture; thresholds from the others\n"
	"  -j, --json FILE       as JSON; - is standard output, in place of the table\n"
	"  -H, --html FILE       as a page that needs nothing else\n"
	"  -q, --quiet           no progress\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 when a capture could not be read to its end or no label fits, 2 usage.\n";

static const struct option options[] = { { "labels", required_argument, NULL, 'b' },
					 OPT_CONFIG,
					 OPT_MODEL,
					 OPT_LIST,
					 { "stream", no_argument, NULL, 'x' },
					 { "split", required_argument, NULL, 'g' },
					 { "json", required_argument, NULL, 'j' },
					 { "html", required_argument, NULL, 'H' },
					 OPT_QUIET,
					 OPT_HELP,
					 OPT_END };

struct own {
	const char *labels, *json, *html;
	bool stream, lists;
	enum split split;
	int first; /* capture, in argv */
};

/* The options that no other command has; the others were applied by cmd_parse(). */
static bool parse_own(int argc, char **argv, struct own *o)
{
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "b:c:m:l:xg:j:H:qh", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			o->labels = optarg;
			break;
		case 'l':
			o->lists = true;
			break;
		case 'x':
			o->stream = true;
			break;
		case 'j':
			o->json = optarg;
			break;
		case 'H':
			o->html = optarg;
			break;
		case 'g':
			for (o->split = SPLIT_FAMILY; o->split < N_SPLITS; o->split++)
				if (!strcmp(split_names[o->split], optarg))
					break;
			if (o->split == N_SPLITS) {
				log_error("--split: '%s' is not one of: family host time capture", optarg);
				return false;
			}
			break;
		}
	}
	o->first = optind;
	if (!o->labels)
		log_error("expected --labels and a file");
	else if (optind == argc)
		log_error("expected a capture file");
	return o->labels && optind < argc;
}

/* Lists of what is bad go; exceptions stay. */
static void keep_exceptions(struct config *c)
{
	struct config_intel_lists all = c->lists, kept = { 0 }, bad = { 0 };

	for (size_t i = 0; i < all.n; i++) {
		struct config_intel_lists *to = all.item[i].allow ? &kept : &bad;

		to->item[to->n++] = all.item[i];
	}
	config_free_intel(&bad);
	c->lists = kept;
}

static bool is_given(const char *capture, int n, char **paths)
{
	for (int i = 0; i < n; i++) {
		const char *slash = strrchr(paths[i], '/');

		if (!strcmp(slash ? slash + 1 : paths[i], capture))
			return true;
	}
	return false;
}

/* Labels of captures that are not given, and of clients that are in none. Returns whether any label fits. */
static bool check_labels(const struct evaluation *e, int n, char **paths)
{
	const struct labels *l = e->labels;
	size_t unused = 0;
	bool any = false;

	for (size_t i = 0; i < l->n; i++) {
		const struct label *row = &l->rows[i];
		bool given = !*row->capture || is_given(row->capture, n, paths);

		if (e->label_seen && e->label_seen[i] && given) {
			any = true;
			continue;
		}
		if (row->inactive && given)
			continue;
		if (++unused > WARNINGS_MOST)
			continue;
		if (!given)
			log_warning("%s:%zu: capture: '%s': not among the captures given", l->path, row->line,
				    row->capture);
		else
			log_warning("%s:%zu: client: '%s': in none of the captures", l->path, row->line, row->client);
	}
	if (unused > WARNINGS_MOST)
		log_warning("%s: %zu more labels of captures that are not given or clients that are in none", l->path,
			    unused - WARNINGS_MOST);
	if (!any)
		log_error("%s: no label fits any of the captures", l->path);
	return any;
}

static int write_file(const struct evaluation_report *r, const char *path,
		      int (*put)(const struct evaluation_report *r, FILE *to))
{
	bool is_stdout = !strcmp(path, "-");
	FILE *to = is_stdout ? stdout : fopen(path, "we");
	int err;

	if (to) {
		errno = 0;
		err = put(r, to);
		if ((is_stdout ? fflush(to) : fclose(to)) && !err)
			err = -EIO;
		if (err == -EIO && errno) /* of the write that failed */
			err = -errno;
	} else {
		err = -errno;
	}
	if (err)
		log_error("%s: %s", path, strerror(-err));
	return err ? EXIT_FAILED : 0;
}

static int report(const struct evaluation *e, const struct own *own, const struct config *c)
{
	struct summary all, *groups = NULL;
	struct group *of = NULL;
	size_t n_groups = 0, made = 0;
	int status = 0, err = summary_make(e, NULL, &all);

	if (err) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	if (own->split)
		err = split_groups(e, own->split, &of, &n_groups);
	groups = calloc(n_groups ? n_groups : 1, sizeof(*groups));
	if (!groups)
		err = -ENOMEM;
	for (; !err && made < n_groups; made++) {
		err = summary_make(e, &of[made], &groups[made]);
		if (err)
			break;
	}
	if (err) {
		log_error("out of memory");
		status = EXIT_FAILED;
	} else {
		struct evaluation_report r = { e, &all, own->split, groups, n_groups, (unsigned int)c->min_checkins };

		if (!own->json || strcmp(own->json, "-") != 0)
			evaluation_text(&r, stdout);
		if (own->json)
			status |= write_file(&r, own->json, evaluation_json);
		if (own->html)
			status |= write_file(&r, own->html, evaluation_html);
	}
	for (size_t i = 0; i < made; i++)
		summary_free(&groups[i]);
	free(groups);
	free(of);
	summary_free(&all);
	return status;
}

static int run_all(struct evaluation *e, const struct trial_options *to, const struct own *own, int n, char **paths)
{
	int err = 0;

	if (own->stream)
		return trial_run(e, to, paths, (size_t)n);
	for (int i = 0; !err && i < n; i++)
		err = trial_run(e, to, paths + i, 1);
	return err;
}

static int evaluate(struct evaluation *e, const struct own *own, const struct trial_options *to, int n, char **paths)
{
	int status;

	e->lists = to->lists != NULL;
	if (run_all(e, to, own, n, paths))
		return EXIT_FAILED;
	if (!e->n_sensors || !check_labels(e, n, paths))
		return EXIT_FAILED;
	status = report(e, own, to->config);
	return status || e->failed ? EXIT_FAILED : 0;
}

int cmd_evaluate(int argc, char **argv)
{
	struct own own = { 0 };
	struct cmd_options o, listing;
	struct evaluation e = { 0 };
	struct labels *labels = NULL;
	struct domains *domains;
	char error[LABELS_ERROR];
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	if (!parse_own(argc, argv, &own)) {
		cmd_options_free(&o);
		fputs("Try 'metsuke evaluate --help'.\n", stderr);
		return EXIT_USAGE;
	}
	if (own.lists && cmd_reload(argc, argv, options, &listing.config)) {
		cmd_options_free(&o);
		return EXIT_FAILED;
	}
	o.config.detect = true;
	if (own.lists)
		listing.config.detect = false;
	keep_exceptions(&o.config);
	domains = domains_new(*o.config.public_suffix_list ? o.config.public_suffix_list : NULL);
	status = EXIT_FAILED;
	if (!domains)
		log_error("cannot read the Public Suffix List");
	else if (labels_read(&labels, own.labels, domains, error))
		log_error("%s", error);
	else {
		const struct trial_options to = { &o.config, own.lists ? &listing.config : NULL, !o.quiet && isatty(2) };

		e.labels = labels;
		status = evaluate(&e, &own, &to, argc - own.first, argv + own.first);
	}
	evaluation_free(&e);
	labels_free(labels);
	domains_free(domains);
	if (own.lists)
		config_free(&listing.config);
	cmd_options_free(&o);
	return status;
}
