/* texts.h: texts that live as long as what they belong to, all freed at once. */
#ifndef METSUKE_EVALUATE_TEXTS_H
#define METSUKE_EVALUATE_TEXTS_H

#include <stddef.h>

struct texts;

/* A copy; *t begins as NULL. NULL: out of memory. */
const char *texts_keep(struct texts **t, const char *text, size_t len);
void texts_free(struct texts *t);

#endif
