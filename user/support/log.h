/* log.h: what the program says of itself, on standard error. An error is logged once, by the function
 * that decides what to do about it. */
#ifndef METSUKE_SUPPORT_LOG_H
#define METSUKE_SUPPORT_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
bool log_wants(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line at the bottom of the terminal that the next log line or event takes away again; nothing where
 * standard error is no terminal. */
void log_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What clears that line, to be written in front of any other on the same terminal. */
#define LOG_CLEAR_LINE "\r\033[K"

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
