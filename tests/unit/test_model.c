/* test_model.c: a model as text: there and back, and what becomes of one that is damaged or hostile. */
#include <jansson.h>
#include <math.h>

#include "detect/model.h"
#include "unit.h"

static struct model *builtin;
static char *text;

static int set_up(void **state)
{
	char error[512];

	builtin = model_load("", error, sizeof(error));
	if (!builtin)
		print_error("%s\n", error);
	text = builtin ? model_text(builtin) : NULL;
	return text ? 0 : -1;
}

static int tear_down(void **state)
{
	model_free(builtin);
	free(text);
	return 0;
}

static void test_the_builtin_one(void **state)
{
	assert_int_equal(strlen(builtin->id), 16);
	assert_true(builtin->http_rows >= 100);
	assert_true(builtin->dns_rows >= 20);
	assert_true(strlen(builtin->note) > 0);
	for (enum criterion i = 0; i < N_CRITERIA; i++) {
		const struct odv_pass *p = &builtin->odv[i].pass[1];

		assert_null(odv_check(&builtin->odv[i]));
		assert_true(criteria[i].odv.side == ODV_LOWER ? isfinite(p->lower) && isinf(p->upper)
							      : isinf(p->lower) && isfinite(p->upper));
	}
}

static void test_there_and_back(void **state)
{
	struct model *m;
	char error[512] = "", *again;

	m = model_parse(text, strlen(text), error, sizeof(error));
	assert_string_equal(error, "");
	again = model_text(m);
	assert_string_equal(again, text);
	assert_int_equal(m->http_rows, builtin->http_rows);
	assert_int_equal(m->svm->n_sv, builtin->svm->n_sv);
	assert_int_equal(lof_rows(m->lof), lof_rows(builtin->lof));
	assert_true(fabs(m->odv[CRITERION_GAP_CV].pass[1].lower - builtin->odv[CRITERION_GAP_CV].pass[1].lower) < 1e-9);
	free(again);
	model_free(m);
}

/* Wherever it is cut, it is refused with a reason. */
static void test_truncated(void **state)
{
	size_t len = strlen(text) - 2; /* the newline and the last brace */

	for (size_t n = 0; n < len; n += 1 + n / 50) {
		char error[512] = "";

		assert_null(model_parse(text, n, error, sizeof(error)));
		assert_true(strlen(error) > 0);
	}
}

/* A copy of the model with one value at a path of keys and numbers (a/b/0) in place of another. NULL: taken out. */
static char *changed(const char *path, const char *value)
{
	json_t *root = json_loads(text, 0, NULL), *at = root;
	char *keys = strdup(path), *key, *save = NULL, *last = strrchr(keys, '/'), *out;

	if (last)
		*last++ = '\0';
	for (key = last ? strtok_r(keys, "/", &save) : NULL; key; key = strtok_r(NULL, "/", &save))
		at = json_is_array(at) ? json_array_get(at, atoi(key)) : json_object_get(at, key);
	key = last ? last : keys;
	assert_non_null(at);
	if (!value)
		json_object_del(at, key);
	else if (json_is_array(at))
		json_array_set_new(at, atoi(key), json_loads(value, JSON_DECODE_ANY, NULL));
	else
		json_object_set_new(at, key, json_loads(value, JSON_DECODE_ANY, NULL));
	out = json_dumps(root, 0);
	json_decref(root);
	free(keys);
	return out;
}

static void test_wrong_values(void **state)
{
	static const struct {
		const char *path, *value, *says;
	} rows[] = {
		{ "format", "\"something\"", "not a model" },
		{ "format", NULL, "not a model" },
		{ "version", "2", "version 2, and this program knows 1 only: it was made by a newer one" },
		{ "version", "\"1\"", "model.version: expected a whole number, found text" },
		{ "http_rows", "-1", "model.http_rows: -1 is not within 0 to" },
		{ "limits", NULL, "limits.gap_cv.bound: missing is none of the known ones" },
		{ "limits/urls", "[]", "limits.urls.bound" },
		{ "limits/gap_cv/bound", "\"magic\"", "limits.gap_cv.bound: magic is none of the known ones" },
		{ "limits/gap_cv/p1", "2", "limits.gap_cv: " },
		{ "limits/gap_cv/p2", "0", "limits.gap_cv: " },
		{ "limits/gap_cv/pass2/mean", "null", "limits.gap_cv.pass2.mean: expected a number, found null" },
		{ "limits/gap_cv/pass2/sd", "-1", "limits.gap_cv: " },
		{ "limits/gap_cv/pass1/n", "\"many\"", "limits.gap_cv.pass1.n: expected a number, found text" },
		{ "scaling/gap_cv/sd", "0", "scaling: " },
		{ "scaling/gap_cv", NULL, "scaling.gap_cv.mean: expected a number, found missing" },
		{ "ocsvm/vectors", "[]", "ocsvm.vectors: 0 is not within 1 to" },
		{ "ocsvm/vectors/0", "[1, 2]", "ocsvm.vectors[0]: expected 4 numbers, found 2" },
		{ "ocsvm/vectors/0/1", "{}", "ocsvm.vectors[0][1]: expected a number, found an object" },
		{ "ocsvm/alphas", "[1]", "ocsvm.alphas: expected" },
		{ "ocsvm/alphas/0", "-5", "ocsvm: " },
		{ "ocsvm/gamma", "1e300", "ocsvm: " },
		{ "ocsvm/nu", "0", "ocsvm: " },
		{ "lof/rows", "7", "lof.rows: 0 is not within 1 to" },
		{ "lof/rows", "[[1,2,3,4]]", "lof: 1 rows, k 10 to 20" },
		{ "lof/rows/3/2", "1e200", "lof: " },
		{ "lof/k_min", "0", "lof: " },
		{ "lof/k_max", "1000000", "lof.k_max: 1000000 is not within 0 to" },
		{ "lof/limit", "0", "lof.limit: 0 is not above 0" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char error[512] = "", *wrong = changed(rows[i].path, rows[i].value);
		struct model *m = model_parse(wrong, strlen(wrong), error, sizeof(error));

		if (m || strncmp(error, rows[i].says, strlen(rows[i].says)) != 0)
			print_error("%s = %s: '%s'\n", rows[i].path, rows[i].value ? rows[i].value : "(nothing)", error);
		assert_null(m);
		assert_memory_equal(error, rows[i].says, strlen(rows[i].says));
		free(wrong);
	}
}

static void test_not_json(void **state)
{
	char error[512] = "";

	assert_null(model_parse("\x7f" "ELF", 4, error, sizeof(error)));
	assert_non_null(strstr(error, "line 1"));
	assert_null(model_parse("[]", 2, error, sizeof(error)));
	assert_non_null(strstr(error, "not a model"));
	assert_null(model_load("/nonexistent/model", error, sizeof(error)));
	assert_string_equal(error, "/nonexistent/model: No such file or directory");
	assert_null(model_load("/dev/zero", error, sizeof(error)));
	assert_string_equal(error, "/dev/zero: larger than 16777216 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_builtin_one), cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_truncated),	cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_not_json),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
