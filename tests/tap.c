/* tap.c: see tap.h. */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned int n_results, n_failed;

bool tap_result(bool ok, const char *format, ...)
{
	va_list args;

	n_failed += !ok;
	printf("%sok %u - ", ok ? "" : "not ", ++n_results);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	return ok;
}

void tap_skip(const char *reason, const char *format, ...)
{
	va_list args;

	printf("ok %u - ", ++n_results);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" # SKIP %s\n", reason);
}

void tap_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void tap_hex(const void *data, unsigned int len)
{
	const unsigned char *bytes = data;

	for (unsigned int i = 0; i < len; i++)
		printf("%s%02x", i % 32 ? "" : i ? "\n# " : "# ", bytes[i]);
	printf("\n");
}

int tap_end(void)
{
	printf("1..%u\n", n_results);
	return n_failed ? 1 : 0;
}
