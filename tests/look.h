/* look.h: the native parser and the decoder on one frame, with everything checked that holds for any frame:
 * for the parse suite and the fuzzers, which are built with sanitizers. */
#ifndef METSUKE_TESTS_LOOK_H
#define METSUKE_TESTS_LOOK_H

#include "seen.h"

struct look;

struct look *look_new(const struct settings *settings);
void look_free(struct look *l);

/* NULL, or what is wrong. What was seen is in *s. */
const char *look_frame(struct look *l, const __u8 *data, unsigned int len, enum link_type link, struct seen *s);

/* Two messages that fill the working memory and leave no head open: what comes next must not depend on it. */
void look_stain(struct look *l);

/* The request that the last frame was the end of, put together from its segments, or NULL. */
const struct record *look_joined(const struct look *l);

#endif
