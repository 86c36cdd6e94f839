/* intel.c: see intel.h. */
#include "intel/intel.h"

#include <errno.h>
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

static int load_all(struct intel *in)
{
	for (size_t i = 0; i < in->lists.n; i++) {
		const struct config_intel *item = &in->lists.item[i];
		struct list_source source = { .list = { .name = item->name,
							.category = item->category,
							.path = item->path,
							.confidence = item->confidence,
							.severity = item->severity,
							.allow = item->allow },
					      .format = format_of(item->format),
					      .column = *item->column ? item->column : NULL,
					      .first_seen = *item->first_seen ? item->first_seen : NULL,
					      .allow_tld = item->allow_tld };
		int err = list_load(in->set, &source, &in->report[i]);

		if (err == -ENOMEM)
			return err;
		in->read[i] = !err;
		log_info("list %s: %zu entries (%s), %zu refused", item->name, in->report[i].entries,
			 list_format_names[in->report[i].format], in->report[i].refused);
	}
	return 0;
}

struct intel *intel_load(const struct config *c, uint64_t generation)
{
	struct intel *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->generation = generation;
	in->set = indicators_new();
	if (!in->set || config_copy_intel(&in->lists, &c->lists) || load_all(in)) {
		log_error("lists: out of memory");
		intel_free(in);
		return NULL;
	}
	if (in->lists.n && !indicators_count(in->set)) {
		log_error("lists: %zu configured, and not one entry in them", in->lists.n);
		intel_free(in);
		return NULL;
	}
	return in;
}

struct intel *intel_reload(const struct config *c, const struct intel *old)
{
	struct intel *in = intel_load(c, old->generation + 1);
	size_t had = indicators_count(old->set);
	bool good = in != NULL;

	for (size_t i = 0; in && i < in->lists.n; i++)
		good &= in->read[i];
	if (in && indicators_count(in->set) < had - had / 2) {
		log_error("lists: %zu entries in place of %zu, more than half would be gone",
			  indicators_count(in->set), had);
		good = false;
	}
	if (good)
		return in;
	log_error("the lists stay as they were");
	intel_free(in);
	return NULL;
}

void intel_free(struct intel *in)
{
	if (!in)
		return;
	indicators_free(in->set);
	config_free_intel(&in->lists);
	free(in);
}
