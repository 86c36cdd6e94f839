/* intel.c: see intel.h. */
#include "intel/intel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/log.h"

static int format_of(const char *name)
{
	for (int i = 0; i < N_LIST_FORMATS; i++)
		if (!strcmp(list_format_names[i], name))
			return i;
	return -1;
}

struct intel *intel_new(const struct config *c, uint64_t generation)
{
	struct intel *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->generation = generation;
	in->allow_empty = c->allow_empty;
	in->set = indicators_new();
	in->popular_path = strdup(c->popular);
	if (!in->set || !in->popular_path || config_copy_intel(&in->lists, &c->lists)) {
		log_error("lists: out of memory");
		intel_free(in);
		return NULL;
	}
	return in;
}

/* False: stopped. */
static bool read_popular(struct intel *in, const atomic_bool *stop)
{
	char error[512];

	if (!*in->popular_path)
		return true;
	in->popular = popular_load(in->popular_path, stop, &in->popular_report, error, sizeof(error));
	if (in->popular)
		log_info("popular domains: %zu from %s, %zu refused", in->popular_report.entries, in->popular_path,
			 in->popular_report.refused);
	else if (!stop || !atomic_load(stop))
		log_error("intel.popular: %s", error);
	return !stop || !atomic_load(stop);
}

bool intel_read(struct intel *in, const atomic_bool *stop)
{
	for (size_t i = 0; i < in->lists.n; i++) {
		const struct config_intel *item = &in->lists.item[i];
		struct list_source source = { .list = { .name = item->name,
							.category = item->category,
							.path = item->path,
							.confidence = item->confidence,
							.severity = item->severity,
							.allow = item->allow,
							.only_told = !item->enforce },
					      .format = format_of(item->format),
					      .column = *item->column ? item->column : NULL,
					      .first_seen = *item->first_seen ? item->first_seen : NULL,
					      .allow_tld = item->allow_tld,
					      .say_all = in->say_all,
					      .stop = stop };
		int err = list_load(in->set, &source, &in->report[i]);

		if (err == -ENOMEM || err == -ECANCELED)
			return false;
		in->read[i] = !err;
		if (!in->read[i] && !in->report[i].entries)
			continue; /* its error was said */
		log_info("list %s: %zu entries (%s), %zu refused", item->name, in->report[i].entries,
			 list_format_names[in->report[i].format], in->report[i].refused);
	}
	return read_popular(in, stop);
}

struct intel *intel_load_any(const struct config *c)
{
	struct intel *in = intel_new(c, 1);

	if (in)
		in->say_all = true;
	if (in && intel_read(in, NULL))
		return in;
	intel_free(in);
	return NULL;
}

size_t intel_unread(const struct intel *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->lists.n; i++)
		n += !in->read[i];
	return n + (*in->popular_path && !in->popular);
}

struct intel *intel_load(const struct config *c, uint64_t generation)
{
	struct intel *in = intel_new(c, generation);
	size_t unread;
	bool empty;

	if (!in || !intel_read(in, NULL)) {
		intel_free(in);
		return NULL;
	}
	unread = intel_unread(in);
	empty = in->lists.n && !indicators_count(in->set);
	if (in->allow_empty || !(unread || empty))
		return in;
	if (empty)
		log_error("lists: %zu configured, and not one entry in them (intel.allow_empty is not set)",
			  in->lists.n);
	else
		log_error("lists: %zu of %zu cannot be read (intel.allow_empty is not set)", unread,
			  in->lists.n + !!*in->popular_path);
	intel_free(in);
	return NULL;
}

/* The place of the list with this file; in->lists.n: it has none. */
static size_t find_list(const struct intel *in, const char *path)
{
	size_t i = 0;

	while (i < in->lists.n && strcmp(in->lists.item[i].path, path))
		i++;
	return i;
}

bool intel_replaces(const struct intel *in, const struct intel *old, char why[INTEL_WHY])
{
	size_t had = 0, has = 0;

	why[0] = '\0';
	for (size_t i = 0; i < in->lists.n; i++) {
		size_t was = find_list(old, in->lists.item[i].path);
		bool known = was < old->lists.n;

		if (!in->read[i] && !(in->allow_empty && !(known && old->read[was])))
			snprintf(why, INTEL_WHY, "list %s cannot be read", in->lists.item[i].name);
		had += known ? old->report[was].entries : 0;
		has += known ? in->report[i].entries : 0;
	}
	if (!*why && *in->popular_path && !in->popular && !(in->allow_empty && !old->popular))
		snprintf(why, INTEL_WHY, "the list of popular domains cannot be read");
	if (!*why && in->popular && old->popular && !strcmp(in->popular_path, old->popular_path) &&
	    in->popular_report.entries < old->popular_report.entries / 2)
		snprintf(why, INTEL_WHY, "%zu popular domains in place of %zu", in->popular_report.entries,
			 old->popular_report.entries);
	if (!*why && has < had - had / 2)
		snprintf(why, INTEL_WHY, "%zu entries in place of %zu, more than half would be gone", has, had);
	if (*why)
		log_error("lists: %s; they stay as they were", why);
	return !*why;
}

void intel_free(struct intel *in)
{
	if (!in)
		return;
	indicators_free(in->set);
	popular_free(in->popular);
	free(in->popular_path);
	config_free_intel(&in->lists);
	free(in);
}
