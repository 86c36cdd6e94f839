/* suffix.c: see suffix.h. */
#include "intel/suffix.h"

#include <libpsl.h>
#include <stdio.h>
#include <string.h>

#include "intel/indicators.h"

bool suffix_of_registry(const char *name, size_t dots)
{
	const psl_ctx_t *psl = psl_builtin();
	const char *last = strrchr(name, '.');
	char sibling[NAME_MOST + 8];

	if (!psl || dots < 1 || dots > 3 || strlen(last) != 3) /* all but a handful are of country codes */
		return false;
	if (!psl_is_public_suffix2(psl, name, PSL_TYPE_ICANN))
		return false;
	snprintf(sibling, sizeof(sibling), "0-0%s", strchr(name, '.'));
	return !psl_is_public_suffix2(psl, sibling, PSL_TYPE_ICANN);
}

bool suffix_is_public(const char *name)
{
	const psl_ctx_t *psl = psl_builtin();

	return !strchr(name, '.') || (psl && psl_is_public_suffix2(psl, name, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE));
}
