/* vectors.h: test vectors: JSON files of inputs and expected values, compared with what the sensor's own functions
 * give. One file here per format; vectors.c has their table.
 *
 * A case is begun, compared as often as it has values, and ended by the next or by the end of the file. */
#ifndef METSUKE_TESTS_VECTORS_H
#define METSUKE_TESTS_VECTORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each is called with the whole file. */
void vectors_chebyshev(const json_t *file);
void vectors_lof(const json_t *file);
void vectors_ocsvm(const json_t *file);
void vectors_flux(const json_t *file);
void vectors_beacon(const json_t *file);
void vectors_periodicity(const json_t *file);

void vector_case(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The case cannot be tried. */
void vector_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vector_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Within the file's tolerance, which is relative (or, where the file says so, absolute). expected: a number, or
 * null: got has to be infinite. what: which value, for the message. Something else than a number fails. */
bool vector_number(const json_t *expected, double got, const char *what);
bool vector_within(const json_t *expected, double got, double absolute, const char *what);
/* Exactly. */
bool vector_bool(const json_t *expected, bool got, const char *what);
bool vector_integer(const json_t *expected, int64_t got, const char *what);
bool vector_indices(const json_t *expected, const size_t *got, size_t n, const char *what);

/* The numbers of an array, and how many; null becomes NaN. Valid until the next file. An absent array or one with
 * anything else in it fails the case, and has none. */
const double *vector_doubles(const json_t *array, size_t *ret_n);
/* Of an array of arrays, one after the other. */
const double *vector_rows(const json_t *array, size_t *ret_n, size_t *ret_columns);

#endif
