/* fuzz_labels.c: labels that somebody else may have written. What is taken is sorted, is found again by its own client,
 * domain and capture, and never says that something is malicious and benign at once; what is refused says where. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/labels.h"
#include "fuzz.h"
#include "observe/domain.h"

static void check_row(const struct labels *l, const struct label *row, const struct label *next)
{
	const struct label *found = labels_find(l, row->capture, row->client, row->domain);

	if (!*row->client || !row->kind || !row->family)
		fuzz_check("a row without a client, a kind or a family");
	if (!found || strcmp(found->domain, row->domain) != 0)
		fuzz_check("a row that is not found again");
	if (*row->domain && found != row)
		fuzz_check("a row that another one hides");
	if (row->period_s < 0 || row->jitter < 0)
		fuzz_check("a number below 0");
	if (next && strcmp(row->client, next->client) > 0)
		fuzz_check("rows out of order");
	if (row->role != LABEL_BENIGN && labels_clean(l, row->capture, row->client))
		fuzz_check("a client that is clean, with a row that says otherwise");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct domains *domains;
	char error[LABELS_ERROR] = "", *text = malloc(size + 1);
	struct labels *l = NULL;

	if (!domains)
		domains = domains_new(NULL);
	if (!text || !domains)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (labels_parse(&l, text, size, "labels.tsv", domains, error)) {
		if (strncmp(error, "labels.tsv:", strlen("labels.tsv:")) != 0)
			fuzz_check("refused without a place");
		for (const char *c = error; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				fuzz_check("a reason with a control character");
		return 0;
	}
	if (!l->n || l->n > l->n_read)
		fuzz_check("taken without rows, or more than were read");
	for (size_t i = 0; i < l->n; i++)
		check_row(l, &l->rows[i], i + 1 < l->n ? &l->rows[i + 1] : NULL);
	labels_free(l);
	return 0;
}
