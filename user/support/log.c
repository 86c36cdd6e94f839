/* log.c: one line, one write. */
#include "support/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const names[] = { "error: ", "warning: ", "", "debug: " };
	char line[2048];
	va_list args;
	int at, n;

	if (level > threshold)
		return;
	at = snprintf(line, sizeof(line), "metsuke: %s", names[level]);
	va_start(args, format);
	n = vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	va_end(args);
	at += n < 0 ? 0 : n;
	if (at > (int)sizeof(line) - 2)
		at = sizeof(line) - 2;
	line[at++] = '\n';
	(void)!write(STDERR_FILENO, line, at); /* nowhere left to complain */
}
