/* label.h: which value, for a message. */
#ifndef METSUKE_TESTS_LABEL_H
#define METSUKE_TESTS_LABEL_H

#include <jansson.h>

/* Valid until the next. */
const char *label(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A number of an object; where there is none, the case has failed and it is 0. */
double number_of(const json_t *object, const char *key);

/* A text of an object; where there is none, "?". */
const char *text_of(const json_t *object, const char *key);

#endif
