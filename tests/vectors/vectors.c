/* vectors.c: tries every *.json of directories of test vectors on the sensor's own functions.
 * usage: vectors DIR...   Prints TAP, then "N passed, N failed, N skipped". Exit status: 0, 1 something failed, or
 * there was nothing to try, 2 usage. */
#include "vectors.h"

#include <glob.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_ZERO 1e-12 /* what is as good as an expected 0 */
#define BLOCKS_MOST 65536

static const struct {
	const char *format;
	void (*run)(const json_t *file);
} formats[] = {
	{ "chebyshev-odv/1", vectors_chebyshev },
	{ "lof/1", vectors_lof },
	{ "ocsvm/1", vectors_ocsvm },
	{ "fluxscore/1", vectors_flux },
	{ "beacon-rita/1", vectors_beacon },
	{ "periodicity/1", vectors_periodicity },
};

static const char *leaf; /* of the file */
static double relative, absolute;
static void *blocks[BLOCKS_MOST];
static size_t n_blocks;

static char name[256];
static char notes[8192]; /* of the case */
static bool open_case, skipped_case;
static size_t compared, wrong;
static unsigned long passed, failed, skipped;

static void end_case(void)
{
	if (!open_case)
		return;
	open_case = false;
	if (skipped_case) {
		printf("ok %lu - %s: %s # SKIP %s\n", passed + failed + ++skipped, leaf, name, notes);
		return;
	}
	if (!compared && !wrong)
		vector_fail("nothing was compared");
	if (wrong)
		failed++;
	else
		passed++;
	printf("%sok %lu - %s: %s\n", wrong ? "not " : "", passed + failed + skipped, leaf, name);
	fputs(notes, stdout);
}

void vector_case(const char *format, ...)
{
	va_list args;

	end_case();
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	open_case = true;
	skipped_case = false;
	notes[0] = '\0';
	compared = wrong = 0;
}

void vector_skip(const char *format, ...)
{
	va_list args;

	skipped_case = true;
	va_start(args, format);
	vsnprintf(notes, sizeof(notes), format, args);
	va_end(args);
}

void vector_fail(const char *format, ...)
{
	size_t at = strlen(notes);
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	wrong++;
	snprintf(notes + at, sizeof(notes) - at, "# %s: %s: %s\n", leaf, name, text);
}

static bool compare(const json_t *expected, double got, double rel, double abs, const char *what)
{
	double e = json_number_value(expected);
	bool good;

	compared++;
	if (json_is_null(expected)) {
		if (!isinf(got))
			vector_fail("%s: %.12g, expected no limit", what, got);
		return isinf(got);
	}
	if (!json_is_number(expected)) {
		vector_fail("%s: the file expects something that is not a number", what);
		return false;
	}
	good = fabs(got - e) <= fmax(abs, rel * fabs(e)); /* a NaN is not */
	if (!good)
		vector_fail("%s: %.12g, expected %.12g", what, got, e);
	return good;
}

bool vector_number(const json_t *expected, double got, const char *what)
{
	return compare(expected, got, relative, fmax(absolute, EXACT_ZERO * !json_number_value(expected)), what);
}

bool vector_within(const json_t *expected, double got, double within, const char *what)
{
	return compare(expected, got, 0, within, what);
}

bool vector_bool(const json_t *expected, bool got, const char *what)
{
	compared++;
	if (json_is_boolean(expected) && json_is_true(expected) == got)
		return true;
	vector_fail("%s: %s, expected %s", what, got ? "true" : "false",
		    json_is_true(expected)    ? "true"
		    : json_is_false(expected) ? "false"
					      : "no boolean");
	return false;
}

bool vector_integer(const json_t *expected, int64_t got, const char *what)
{
	compared++;
	if (json_is_integer(expected) && json_integer_value(expected) == got)
		return true;
	if (json_is_integer(expected))
		vector_fail("%s: %lld, expected %lld", what, (long long)got,
			    (long long)json_integer_value(expected));
	else
		vector_fail("%s: the file expects something that is not an integer", what);
	return false;
}

static void print_indices(char *to, size_t room, const size_t *v, const json_t *array, size_t n)
{
	size_t at = 0;

	to[0] = '\0';
	for (size_t i = 0; i < n && at + 24 < room; i++)
		at += snprintf(to + at, room - at, "%s%zu", i ? " " : "",
			       v ? v[i] : (size_t)json_integer_value(json_array_get(array, i)));
}

bool vector_indices(const json_t *expected, const size_t *got, size_t n, const char *what)
{
	bool good = json_is_array(expected) && json_array_size(expected) == n;
	char theirs[180], ours[180];

	compared++;
	for (size_t i = 0; good && i < n; i++) {
		const json_t *e = json_array_get(expected, i);

		good = json_is_integer(e) && json_integer_value(e) == (json_int_t)got[i];
	}
	if (good)
		return true;
	print_indices(ours, sizeof(ours), got, NULL, n);
	print_indices(theirs, sizeof(theirs), NULL, expected, json_array_size(expected));
	vector_fail("%s: {%s}, expected {%s}", what, ours, theirs);
	return false;
}

static double *keep_doubles(size_t n)
{
	double *v = calloc(n + 1, sizeof(*v));

	if (!v || n_blocks == BLOCKS_MOST)
		abort();
	blocks[n_blocks++] = v;
	return v;
}

static bool take(const json_t *array, double *to)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *e = json_array_get(array, i);

		if (!json_is_number(e) && !json_is_null(e)) {
			vector_fail("an array holds something that is not a number");
			return false;
		}
		to[i] = json_is_null(e) ? NAN : json_number_value(e);
	}
	return true;
}

const double *vector_doubles(const json_t *array, size_t *ret_n)
{
	double *v = keep_doubles(json_array_size(array));

	*ret_n = 0;
	if (!json_is_array(array))
		vector_fail("an array is not there");
	else if (take(array, v))
		*ret_n = json_array_size(array);
	return v;
}

const double *vector_rows(const json_t *array, size_t *ret_n, size_t *ret_columns)
{
	size_t n = json_array_size(array), d = json_array_size(json_array_get(array, 0));
	double *v = keep_doubles(n * d);

	*ret_n = *ret_columns = 0;
	if (!n || !d) {
		vector_fail("an array of rows is not there");
		return v;
	}
	for (size_t i = 0; i < n; i++) {
		if (json_array_size(json_array_get(array, i)) != d) {
			vector_fail("rows of different lengths");
			return v;
		}
		if (!take(json_array_get(array, i), v + i * d))
			return v;
	}
	*ret_n = n;
	*ret_columns = d;
	return v;
}

static void run_file(const char *path)
{
	json_error_t error;
	json_t *file = json_load_file(path, 0, &error);
	const char *format = json_string_value(json_object_get(file, "format"));
	const json_t *tolerance = json_object_get(file, "tolerance");
	unsigned long before = passed + failed + skipped;

	leaf = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	relative = json_number_value(json_object_get(tolerance, "relative"));
	absolute = json_number_value(json_object_get(tolerance, "absolute"));
	if (!file || !format) {
		vector_case("the file");
		vector_fail("%s: line %d: %s", path, file ? 1 : error.line, file ? "no format" : error.text);
		end_case();
		json_decref(file);
		return;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(formats[i].format, format)) {
			formats[i].run(file);
			end_case();
			goto out;
		}
	}
	vector_case("format %s", format);
	vector_skip("format %s is not known here", format);
	end_case();
out:
	if (passed + failed + skipped == before) {
		vector_case("the file");
		vector_fail("it holds no case");
		end_case();
	}
	while (n_blocks)
		free(blocks[--n_blocks]);
	json_decref(file);
}

static void run_folder(const char *folder)
{
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*.json", folder);
	if (glob(pattern, 0, NULL, &found)) {
		leaf = folder;
		vector_case("the directory");
		vector_fail("no *.json");
		end_case();
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		run_file(found.gl_pathv[i]);
	globfree(&found);
}

int main(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-') {
		fputs("usage: vectors DIR...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		run_folder(argv[i]);
	printf("1..%lu\n%lu passed, %lu failed, %lu skipped\n", passed + failed + skipped, passed, failed,
	       skipped);
	return failed || !passed;
}
