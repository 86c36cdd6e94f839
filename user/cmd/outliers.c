/* outliers.c: metsuke outliers: the detectors on any table. Command line and tables; the methods are in
 * outliers_odv.c and outliers_rows.c. */
#include "cmd/outliers.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "support/log.h"
#include "support/utf8.h"

static const char usage[] =
	"usage: metsuke outliers --method odv [--bound B] [--side S] [--p1 P] [--p2 P] [OPTION]... FILE.csv\n"
	"       metsuke outliers --method lof --k K [--k-max K] [--distinct] [--scale] [OPTION]... FILE.csv\n"
	"       metsuke outliers --method ocsvm --nu N --gamma G [--scale] [OPTION]... FILE.csv\n"
	"\n"
	"Which rows of a table are unlike the others. FILE.csv ('-': standard input) begins with a header line; rows\n"
	"are counted from 0. Columns of text are labels: shown, not used. An empty cell is a missing value.\n"
	"\n"
	"  -m, --method M       odv: limits per column that hold for any distribution; lof: local outlier factor;\n"
	"                       ocsvm: one-class support vector machine\n"
	"  -t, --train FILE     learn from these rows, taken to be normal, and judge those of FILE.csv\n"
	"  -T, --transform T    of every value, first: none (default), ln, ln1p\n"
	"  -O, --offset C       ln: of the value plus C (default 0)\n"
	"  -L, --label COLUMN   this column is a label, whatever is in it; may be repeated\n"
	"  -j, --json           as one JSON object\n"
	"  -h, --help\n"
	"odv:\n"
	"  -b, --bound B        general (default), unimodal (about the mode, p below 1/6), vp (Vysochanskij-Petunin)\n"
	"  -s, --side S         two (default), upper, lower\n"
	"  -1, --p1 P           of the first pass, which puts the worst aside (default 0.1)\n"
	"  -2, --p2 P           of the second, which judges (default 0.01)\n"
	"  -F, --sd-floor S     the deviation is taken to be S at least: one unit of measurement\n"
	"  -C, --center C       mean (default), median (with 1.4826 MAD as deviation)\n"
	"lof:\n"
	"  -k, --k K            neighbours\n"
	"  -K, --k-max K        the highest factor of all numbers of neighbours from k to this\n"
	"  -d, --distinct       neighbours in different places\n"
	"ocsvm:\n"
	"  -n, --nu N           (0, 1]: share of the training rows that may be outside, at most\n"
	"  -g, --gamma G        of the kernel exp(-G distance^2)\n"
	"lof and ocsvm:\n"
	"  -S, --scale          columns to mean 0 and deviation 1, by the rows learnt from; -F is the least deviation\n"
	"\n"
	"Exit status: 0, 1 failed, 2 usage.\n";

static const struct option options[] = { { "method", required_argument, NULL, 'm' },
					 { "train", required_argument, NULL, 't' },
					 { "transform", required_argument, NULL, 'T' },
					 { "offset", required_argument, NULL, 'O' },
					 { "label", required_argument, NULL, 'L' },
					 { "bound", required_argument, NULL, 'b' },
					 { "side", required_argument, NULL, 's' },
					 { "p1", required_argument, NULL, '1' },
					 { "p2", required_argument, NULL, '2' },
					 { "sd-floor", required_argument, NULL, 'F' },
					 { "center", required_argument, NULL, 'C' },
					 { "k", required_argument, NULL, 'k' },
					 { "k-max", required_argument, NULL, 'K' },
					 { "distinct", no_argument, NULL, 'd' },
					 { "nu", required_argument, NULL, 'n' },
					 { "gamma", required_argument, NULL, 'g' },
					 { "scale", no_argument, NULL, 'S' },
					 OPT_JSON,
					 OPT_HELP,
					 OPT_END };

static const char shorts[] = "m:t:T:O:L:b:s:1:2:F:C:k:K:dn:g:Sjh";

static const struct outliers_method methods[] = {
	{ "odv", "bs12FC", "", "", outliers_odv },
	{ "lof", "kKdSF", "k", "--k 10 --k-max 20 --scale", outliers_lof },
	{ "ocsvm", "ngSF", "ng", "--nu 0.05 --gamma 0.5 --scale", outliers_ocsvm },
};

#define LABELS_MOST 64

struct command {
	struct outliers o;
	const struct outliers_method *method;
	const char *path, *train_path;
	const char *names[LABELS_MOST];
	struct table_labels labels;
	char given[64]; /* letters */
};

static const char *name_of(int letter)
{
	for (const struct option *o = options; o->name; o++)
		if (o->val == letter)
			return o->name;
	return "";
}

static bool choose(int letter, const char *const *names, int n, int *ret)
{
	char all[64] = "";
	size_t at = 0;

	for (int i = 0; i < n; i++) {
		if (!strcmp(names[i], optarg)) {
			*ret = i;
			return true;
		}
		at += (size_t)snprintf(all + at, sizeof(all) - at, " %s", names[i]);
	}
	log_error("--%s: '%s' is not one of:%s", name_of(letter), optarg, all);
	return false;
}

static bool real(int letter, double least, double most, bool open, const char *range, double *ret)
{
	char *end;
	double x = strtod(optarg, &end);

	if (end == optarg || *end || !(x >= least && x <= most) || (open && (x <= least || x >= most))) {
		log_error("--%s: '%s' is not %s", name_of(letter), optarg, range);
		return false;
	}
	*ret = x;
	return true;
}

static bool whole(int letter, unsigned int *ret)
{
	char *end;
	unsigned long n = strtoul(optarg, &end, 10);

	if (*optarg < '0' || *optarg > '9' || *end || n < 1 || n > 1000000) {
		log_error("--%s: '%s' is not a number from 1 on", name_of(letter), optarg);
		return false;
	}
	*ret = (unsigned int)n;
	return true;
}

static bool find_method(struct command *c)
{
	const char *names[sizeof(methods) / sizeof(methods[0])];
	int found;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		names[i] = methods[i].name;
	if (!choose('m', names, sizeof(methods) / sizeof(methods[0]), &found))
		return false;
	c->method = &methods[found];
	return true;
}

static bool take_label(struct command *c)
{
	if (c->labels.n == LABELS_MOST) {
		log_error("--label: more than %d", LABELS_MOST);
		return false;
	}
	c->names[c->labels.n++] = optarg;
	return true;
}

static bool take_odv(struct odv_options *o, int letter)
{
	static const char *const bounds[] = { "general", "unimodal", "vp" };
	static const char *const sides[] = { "two", "upper", "lower" };
	static const char *const centers[] = { "mean", "median" };
	int found = 0;
	bool good = false;

	switch (letter) {
	case 'b':
		good = choose(letter, bounds, N_ODV_BOUNDS, &found);
		o->bound = found;
		break;
	case 's':
		good = choose(letter, sides, N_ODV_SIDES, &found);
		o->side = found;
		break;
	case 'C':
		good = choose(letter, centers, N_ODV_CENTERS, &found);
		o->center = found;
		break;
	case '1':
		good = real(letter, 0, 1, true, "between 0 and 1", &o->p1);
		break;
	case '2':
		good = real(letter, 0, 1, true, "between 0 and 1", &o->p2);
		break;
	}
	return good;
}

static bool take(struct command *c, int letter)
{
	static const char *const transforms[] = { "none", "ln", "ln1p" };
	struct outliers *o = &c->o;
	int found = 0;
	bool good;

	switch (letter) {
	case 'm':
		return find_method(c);
	case 't':
		c->train_path = optarg;
		return true;
	case 'T':
		good = choose(letter, transforms, N_ODV_TRANSFORMS, &found);
		o->odv.transform = found;
		return good;
	case 'O':
		return real(letter, -ODV_VALUE_MOST, ODV_VALUE_MOST, false, "a number", &o->odv.offset);
	case 'F':
		return real(letter, 0, ODV_VALUE_MOST, false, "a number from 0 on", &o->odv.sd_floor);
	case 'L':
		return take_label(c);
	case 'k':
		return whole(letter, &o->k);
	case 'K':
		return whole(letter, &o->k_max);
	case 'd':
		o->distinct = true;
		return true;
	case 'n':
		return real(letter, 1e-300, 1, false, "above 0 and at most 1", &o->nu);
	case 'g':
		return real(letter, 1e-300, 1e6, false, "above 0 and at most 1e6", &o->gamma);
	case 'S':
		o->scale = true;
		return true;
	case 'j':
		o->json = true;
		return true;
	}
	return take_odv(&o->odv, letter);
}

/* Options that say nothing to the method are a mistake. */
static bool check(const struct command *c)
{
	const struct odv_options *o = &c->o.odv;

	if (!strchr(c->given, 'm')) {
		log_error("--method is needed: odv, lof or ocsvm");
		return false;
	}
	for (const char *g = c->given; *g; g++) {
		if (!strchr("mtTOLj", *g) && !strchr(c->method->takes, *g)) {
			log_error("--%s is no option of --method %s", name_of(*g), c->method->name);
			return false;
		}
	}
	for (const char *n = c->method->needs; *n; n++) {
		if (!strchr(c->given, *n)) {
			log_error("--method %s needs --%s; to begin with: %s", c->method->name, name_of(*n),
				  c->method->begin_with);
			return false;
		}
	}
	if (strchr(c->given, 'O') && o->transform != ODV_LN) {
		log_error("--offset goes with --transform ln");
		return false;
	}
	if (strchr(c->given, 'F') && strchr(c->method->takes, 'S') && !c->o.scale) {
		log_error("--sd-floor goes with --scale here");
		return false;
	}
	if (c->o.k_max && c->o.k_max < c->o.k) {
		log_error("--k-max: %u is below --k, which is %u", c->o.k_max, c->o.k);
		return false;
	}
	return true;
}

/* -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct command *c)
{
	size_t n = 0;
	int letter;

	optind = 0;
	while ((letter = getopt_long(argc, argv, shorts, options, NULL)) != -1) {
		if (letter == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (letter == '?' || !take(c, letter))
			goto wrong;
		if (!strchr(c->given, letter) && n + 1 < sizeof(c->given))
			c->given[n++] = (char)letter;
	}
	if (!check(c))
		goto wrong;
	if (optind + 1 != argc) {
		log_error(optind == argc ? "expected a CSV file" : "expected one CSV file");
		goto wrong;
	}
	c->path = argv[optind];
	if (c->train_path && !strcmp(c->path, "-") && !strcmp(c->train_path, "-")) {
		log_error("standard input cannot be both files");
		goto wrong;
	}
	return -1;
wrong:
	fprintf(stderr, "Try '%s --help'.\n", argv[0]);
	return EXIT_USAGE;
}

json_t *outliers_text(const char *text)
{
	char *clean = utf8_clean(text, strlen(text));
	json_t *s = clean ? json_string(clean) : NULL;

	free(clean);
	return s;
}

json_t *outliers_real(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

json_t *outliers_labels(const struct table *t, size_t row)
{
	json_t *labels = json_object();

	for (size_t i = 0; i < t->n_columns; i++) {
		const struct table_column *c = &t->columns[i];
		char *name = c->kind == TABLE_LABELS ? utf8_clean(c->name, strlen(c->name)) : NULL;

		if (name && json_object_set_new(labels, name, outliers_text(c->labels[row]))) {
			json_decref(labels);
			labels = NULL;
		}
		free(name);
	}
	return labels;
}

void outliers_print_labels(const struct table *t, size_t row)
{
	const char *before = "  ";

	for (size_t i = 0; i < t->n_columns; i++) {
		const struct table_column *c = &t->columns[i];
		char name[200], label[200];

		if (c->kind != TABLE_LABELS)
			continue;
		printf("%s%s=%s", before, table_shown(c->name, strlen(c->name), name, sizeof(name)),
		       table_shown(c->labels[row], strlen(c->labels[row]), label, sizeof(label)));
		before = ", ";
	}
}

void outliers_refuse(const struct table *t, const struct table_column *c, size_t row, const char *reason)
{
	char name[200];

	log_error("%s:%u: %s: '%.15g': %s", t->path, t->lines[row],
		  table_shown(c->name, strlen(c->name), name, sizeof(name)), c->numbers[row], reason);
}

/* The columns of numbers, and where they are learnt from. */
static int find_columns(struct command *c)
{
	struct outliers *o = &c->o;
	size_t n = o->data->n_columns;

	o->columns = calloc(2 * n, sizeof(void *));
	if (!o->columns) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	o->learnt = o->columns + n;
	for (size_t i = 0; i < n; i++) {
		const struct table_column *found = &o->data->columns[i];
		char name[200];

		table_shown(found->name, strlen(found->name), name, sizeof(name));
		if (found->kind == TABLE_EMPTY)
			log_warning("%s: %s: not one value: left out", o->data->path, name);
		if (found->kind != TABLE_NUMBERS)
			continue;
		o->columns[o->n_columns] = found;
		if (o->train)
			found = table_column(o->train, found->name);
		if (!found || found->kind != TABLE_NUMBERS) {
			log_error("%s: %s: %s", o->train->path, name,
				  found ? "not a column of numbers" : "no such column");
			return EXIT_FAILED;
		}
		o->learnt[o->n_columns++] = found;
	}
	if (!o->n_columns) {
		log_error(
			"%s: no column of numbers (cells are separated by commas, and decimals begin with a point)",
			o->data->path);
		return EXIT_FAILED;
	}
	return 0;
}

static json_t *label_names(const struct table *t)
{
	json_t *names = json_array();

	for (size_t i = 0; i < t->n_columns; i++)
		if (t->columns[i].kind == TABLE_LABELS)
			json_array_append_new(names, outliers_text(t->columns[i].name));
	return names;
}

static int run(struct command *c)
{
	static const char *const transforms[] = { "none", "ln", "ln1p" };
	struct outliers *o = &c->o;
	json_t *report = NULL;
	int status;

	if (!o->json)
		return c->method->run(o, NULL);
	report = json_pack("{ss,so,so*,sI,so,ss,sf}", "method", c->method->name, "file",
			   outliers_text(o->data->path), "train", o->train ? outliers_text(o->train->path) : NULL,
			   "rows", (json_int_t)o->data->n_rows, "labels", label_names(o->data), "transform",
			   transforms[o->odv.transform], "offset", o->odv.offset);
	status = report ? c->method->run(o, report) : EXIT_FAILED;
	if (!status && (json_dumpf(report, stdout, JSON_REAL_PRECISION(15)) || putchar('\n') == EOF)) {
		log_error("cannot write the report");
		status = EXIT_FAILED;
	} else if (!report) {
		log_error("out of memory");
	}
	json_decref(report);
	return status;
}

int cmd_outliers(int argc, char **argv)
{
	struct command c = { .o.odv = { .p1 = 0.1, .p2 = 0.01 }, .method = &methods[0] };
	struct table *data = NULL, *train = NULL;
	char error[TABLE_ERROR];
	int status = parse(argc, argv, &c);

	if (status >= 0)
		return status;
	c.labels.names = c.names;
	/* A floor takes the place of the authors' correction, which hides one odd value among equal ones. */
	c.o.odv.zero_variance_correction = !(c.o.odv.sd_floor > 0);
	if (table_read(&data, c.path, &c.labels, error) ||
	    (c.train_path && table_read(&train, c.train_path, &c.labels, error))) {
		log_error("%s", error);
		table_free(data);
		return EXIT_FAILED;
	}
	c.o.data = data;
	c.o.train = train;
	status = find_columns(&c);
	if (!status)
		status = run(&c);
	if (fflush(stdout)) {
		log_error("cannot write: %m");
		status = EXIT_FAILED;
	}
	free(c.o.columns);
	table_free(train);
	table_free(data);
	return status;
}
