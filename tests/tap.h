/* tap.h: results as TAP lines, for test programs that are not cmocka's. */
#ifndef METSUKE_TESTS_TAP_H
#define METSUKE_TESTS_TAP_H

#include <stdbool.h>

/* Prints one result; returns ok. */
bool tap_result(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tap_skip(const char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A detail line of the result before it. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tap_hex(const void *data, unsigned int len);
/* Prints the plan; the exit status. */
int tap_end(void);

#endif
