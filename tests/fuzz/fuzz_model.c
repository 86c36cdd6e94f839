/* fuzz_model.c: a model from a stranger: refused with a reason, or taken, and then its text is the same model and its
 * numbers can be used. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/model.h"
#include "fuzz.h"

static void use(struct model *m)
{
	double values[N_HTTP_CRITERIA] = { 0.05, 0.1, 3, 2.5 }, row[N_HTTP_CRITERIA], lof;

	for (enum criterion i = 0; i < N_CRITERIA; i++) {
		struct odv_verdict v = odv_judge(&m->odv[i], 0.5);

		fuzz_check(!v.unknown && !(v.p >= 0 && v.p <= 1) ? "a share that is none" : NULL);
	}
	if (scaling_apply(&m->scaling, values, row, NULL))
		return;
	fuzz_check(isnan(ocsvm_decision(m->svm, row)) ? "no decision" : NULL);
	fuzz_check(!lof_score(m->lof, row, &lof) && isnan(lof) ? "a factor that is none" : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[512] = "", *text;
	struct model *m = model_parse((const char *)data, size, error, sizeof(error)), *again;

	if (!m) {
		fuzz_check(*error ? NULL : "refused without a reason");
		return 0;
	}
	use(m);
	text = model_text(m);
	fuzz_check(text ? NULL : "no text");
	again = model_parse(text, strlen(text), error, sizeof(error));
	fuzz_check(again ? NULL : error);
	model_free(again);
	free(text);
	model_free(m);
	return 0;
}
