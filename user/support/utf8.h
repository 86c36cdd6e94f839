/* utf8.h: text of unknown origin made fit for JSON. */
#ifndef METSUKE_SUPPORT_UTF8_H
#define METSUKE_SUPPORT_UTF8_H

#include <stddef.h>

/* A copy of bytes[0..len) that is valid UTF-8 (RFC 3629): bytes that are not, become \xHH. Ends at the
 * first NUL. Owned by the caller; NULL: out of memory. */
char *utf8_clean(const char *bytes, size_t len);

#endif
