/* log.c: one line, one write. */
#include "support/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;
static bool status_shown;

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_wants(enum log_level level)
{
	return level <= threshold;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const names[] = { "error: ", "warning: ", "", "debug: " };
	char line[2048];
	va_list args;
	int at, n;

	if (level > threshold)
		return;
	at = snprintf(line, sizeof(line), "%smetsuke: %s", status_shown ? LOG_CLEAR_LINE : "", names[level]);
	status_shown = false;
	va_start(args, format);
	n = vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	va_end(args);
	at += n < 0 ? 0 : n;
	if (at > (int)sizeof(line) - 2)
		at = sizeof(line) - 2;
	line[at++] = '\n';
	(void)!write(STDERR_FILENO, line, at); /* nowhere left to complain */
}

void log_status(const char *format, ...)
{
	char line[256];
	va_list args;
	int at, n;

	if (!isatty(STDERR_FILENO))
		return;
	at = snprintf(line, sizeof(line), LOG_CLEAR_LINE);
	va_start(args, format);
	n = vsnprintf(line + at, sizeof(line) - at, format, args);
	va_end(args);
	at += n < 0 ? 0 : n;
	if (at > (int)sizeof(line) - 1)
		at = sizeof(line) - 1;
	status_shown = true;
	(void)!write(STDERR_FILENO, line, at); /* for the eye only */
}
