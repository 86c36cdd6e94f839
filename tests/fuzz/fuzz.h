/* fuzz.h: what the fuzz targets share. Each defines LLVMFuzzerTestOneInput; libFuzzer calls it, or replay.c. */
#ifndef METSUKE_TESTS_FUZZ_H
#define METSUKE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "look.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_check(const char *wrong)
{
	if (!wrong)
		return;
	fprintf(stderr, "%s\n", wrong);
	abort();
}

/* One frame that has no other before it: by a parser that saw nothing yet, and by one that did. */
static inline void fuzz_frame(const struct settings *settings, const uint8_t *data, size_t size,
			      enum link_type link)
{
	static struct seen fresh, stained;
	struct look *l = look_new(settings);

	fuzz_check(look_frame(l, data, size, link, &fresh));
	look_free(l);
	l = look_new(settings);
	look_stain(l);
	fuzz_check(look_frame(l, data, size, link, &stained));
	fuzz_check(seen_difference(&fresh, &stained));
	look_free(l);
}

#endif
