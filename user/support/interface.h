/* interface.h: interface names by index, remembered. */
#ifndef METSUKE_SUPPORT_INTERFACE_H
#define METSUKE_SUPPORT_INTERFACE_H

#include <stdint.h>

/* NULL: there is none (any more). Borrowed; valid until interface_forget(). */
const char *interface_name(uint32_t ifindex);

/* The same as text fit for JSON: the kernel lets a name have any bytes. */
const char *interface_label(uint32_t ifindex);

/* After a link came, went or was renamed. */
void interface_forget(void);

#endif
