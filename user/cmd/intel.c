/* intel.c: metsuke intel. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "detect/builtin.h"
#include "intel/intel.h"
#include "support/ip.h"
#include "support/log.h"

#define POPULAR_SHOWN 20

static const char usage[] =
	"usage: metsuke intel check [-p POPULAR] FILE...\n"
	"       metsuke intel check [-c FILE] [-p POPULAR]\n"
	"       metsuke intel query [-c FILE] [-l LIST]... NAME|ADDRESS...\n"
	"\n"
	"check: what lists hold, what of them was refused and why, and what two of them share. The lists are the\n"
	"files given, their formats as they look, or else those of the configuration. Each refusal is said on\n"
	"standard error by file and line.\n"
	"query: which lists would match a name or an address, and by what rule.\n"
	"\n"
	"  -c, --config FILE    configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -l, --list FILE      this list in place of those of the configuration; may be repeated\n"
	"  -p, --popular FILE   names that everybody visits, one a line: says which of them the lists would match\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 a list could not be read, or nothing matches, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_LIST, OPT_POPULAR, OPT_HELP, OPT_END };

struct shared {
	const struct intel *in;
	const struct indicator_list *list; /* of the entry that is being looked up */
	unsigned int bits;		   /* of a network; a name has none */
	size_t (*count)[CONFIG_MAX_LIST];
};

/* A list's place among those that are there, by the name's own copy. */
static size_t place_of(const struct intel *in, const struct indicator_list *list)
{
	size_t i = 0;

	while (i + 1 < in->lists.n && in->lists.item[i].name != list->name)
		i++;
	return i;
}

static void count_same(void *ctx, const struct indicator_match *m)
{
	struct shared *s = ctx;

	if (!m->parent && m->list != s->list && m->bits == s->bits)
		s->count[place_of(s->in, s->list)][place_of(s->in, m->list)]++;
}

static void count_shared(void *ctx, const struct indicator_match *m)
{
	struct shared *s = ctx;

	s->list = m->list;
	s->bits = m->bits;
	if (m->entry)
		indicators_each_name(s->in->set, m->entry, m->entry_len, count_same, s);
	else
		indicators_each_ip(s->in->set, m->ip, count_same, s);
}

static void print_shared(const struct intel *in)
{
	size_t count[CONFIG_MAX_LIST][CONFIG_MAX_LIST] = { 0 };
	struct shared s = { .in = in, .count = count };

	if (in->lists.n < 2)
		return;
	indicators_walk(in->set, count_shared, &s);
	for (size_t i = 0; i < in->lists.n; i++)
		for (size_t j = i + 1; j < in->lists.n; j++)
			printf("%s and %s share %zu entries\n", in->lists.item[i].name, in->lists.item[j].name,
			       count[i][j]);
}

static void print_date(uint32_t seconds)
{
	char text[32] = "";
	time_t t = seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm); /* it fits */
	printf(", first seen %s", text);
}

static void print_match(const struct indicator_match *m, const char *asked)
{
	char ip[IP_TEXT];

	printf("%s: list %s", asked, m->list->name);
	if (m->entry)
		printf(", entry %.*s (%s)", (int)m->entry_len, m->entry,
		       m->parent ? "a parent" : "the name itself");
	else
		printf(", network %.*s/%u", (int)ip_text(m->ip, ip), ip, ip_is_v4(m->ip) ? m->bits - 96 : m->bits);
	printf("%s%s", m->family ? ", family " : "", m->family ? m->family : "");
	if (m->first_seen)
		print_date(m->first_seen);
	puts(m->allow ? ", an exception" : "");
}

static int print_popular(const struct intel *in, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t cap = 0, rank = 0, found = 0;
	char *line = NULL;
	ssize_t n;

	if (!file) {
		log_error("cannot open %s: %m", path);
		return EXIT_FAILED;
	}
	while ((n = getline(&line, &cap, file)) > 0) {
		struct indicator_match m;

		while (n && strchr("\r\n .", line[n - 1]))
			line[--n] = '\0';
		rank++;
		if (!indicators_match_name(in->set, line, n, &m) || m.allow)
			continue;
		if (found++ >= POPULAR_SHOWN)
			continue;
		printf("popular %zu: ", rank);
		print_match(&m, line);
	}
	printf("%zu of %zu popular names would match\n", found, rank);
	free(line);
	(void)fclose(file);
	return 0;
}

static int check(const struct intel *in, const char *popular)
{
	int status = intel_unread(in) ? EXIT_FAILED : 0;

	for (size_t i = 0; i < in->lists.n; i++) {
		const struct list_report *r = &in->report[i];

		printf("%s: %s%s, %zu names, %zu networks, %zu exceptions, %zu doubles, %zu refused\n",
		       in->lists.item[i].name, list_format_names[r->format],
		       in->read[i] ? "" : " (not read to its end)", r->names, r->networks, r->exceptions,
		       r->duplicates, r->refused);
		for (size_t k = 0; k < LIST_REASONS && r->reason[k].why; k++)
			printf("  %zu refused: %s\n", r->reason[k].n, r->reason[k].why);
	}
	printf("%zu entries in %zu bytes\n", indicators_count(in->set), indicators_bytes(in->set));
	print_shared(in);
	if (popular && print_popular(in, popular))
		status = EXIT_FAILED;
	return status;
}

struct asked {
	const char *text;
	bool found;
};

static void print_each(void *ctx, const struct indicator_match *m)
{
	struct asked *a = ctx;

	a->found = true;
	print_match(m, a->text);
}

static bool wins_exception(const struct indicators *set, const struct list_entry *e)
{
	struct indicator_match m;

	return (e->len ? indicators_match_name(set, e->name, e->len, &m) : indicators_match_ip(set, e->ip, &m)) &&
	       m.allow;
}

/* What else is known of a name: none of it is a list's match. */
static void print_explained(const struct intel *in, const struct list_entry *e, const char *asked)
{
	size_t len;
	const char *entry = e->len ? builtin_match(BUILTIN_UPDATES, e->name, e->len, &len) : NULL;
	uint32_t rank = e->len ? popular_rank(in->popular, e->name, e->len) : 0;

	if (entry)
		printf("%s: update domain %.*s (built in)\n", asked, (int)len, entry);
	if (rank)
		printf("%s: popular, rank %u\n", asked, rank);
}

static int query(const struct intel *in, int n, char **names)
{
	int status = 0;

	for (int i = 0; i < n; i++) {
		struct asked a = { .text = names[i] };
		struct list_entry e;

		if (!list_parse(names[i], strlen(names[i]), &e)) {
			log_error("'%s' is neither a domain name nor an address", names[i]);
			status = EXIT_FAILED;
			continue;
		}
		if (e.len)
			indicators_each_name(in->set, e.name, e.len, print_each, &a);
		else
			indicators_each_ip(in->set, e.ip, print_each, &a);
		print_explained(in, &e, names[i]);
		if (wins_exception(in->set, &e))
			printf("%s: an exception wins, no alert\n", names[i]);
		if (!a.found) {
			printf("%s: no list\n", names[i]);
			status = EXIT_FAILED;
		}
	}
	return status;
}

static int with_lists(struct cmd_options *o, const char *what, int n, char **operands)
{
	bool checks = !strcmp(what, "check");
	struct intel *in;
	int status;

	if (checks && n)
		config_free_intel(&o->config.lists);
	for (int i = 0; checks && i < n; i++) {
		if (config_add_intel(&o->config, operands[i])) {
			log_error("%s: more lists than %d", operands[i], CONFIG_MAX_LIST);
			return EXIT_FAILED;
		}
	}
	if (checks && !o->config.lists.n) {
		log_error("no list: name files, or set intel.lists in %s", o->config_path);
		return EXIT_USAGE;
	}
	if (!o->config.lists.n)
		log_warning("no list to look into: name some with -l, or set intel.lists in %s", o->config_path);
	log_set_level(LOG_LEVEL_WARNING); /* what a list holds is printed below */
	in = intel_load_any(&o->config);
	if (!in)
		return EXIT_FAILED;
	status = checks ? check(in, o->popular) : query(in, n, operands);
	intel_free(in);
	return status;
}

int cmd_intel(int argc, char **argv)
{
	struct cmd_options o;
	const char *what;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	what = optind < argc ? argv[optind] : "";
	if ((strcmp(what, "check") && strcmp(what, "query")) || (*what == 'q' && optind + 1 == argc)) {
		fputs("metsuke intel: expected 'check' or 'query NAME'\nTry 'metsuke intel --help'.\n", stderr);
		cmd_options_free(&o);
		return EXIT_USAGE;
	}
	status = with_lists(&o, what, argc - optind - 1, argv + optind + 1);
	cmd_options_free(&o);
	return status;
}
