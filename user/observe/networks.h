/* networks.h: a small set of address ranges. */
#ifndef METSUKE_OBSERVE_NETWORKS_H
#define METSUKE_OBSERVE_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct networks;

/* "a.b.c.d/len" or "x::/len"; bits count from the first of the 16 bytes. */
bool network_parse(const char *text, uint8_t ip[16], unsigned int *ret_bits);

/* From "a.b.c.d/len" and "x::/len". NULL: out of memory, or a text that is no network (logged). */
struct networks *networks_new(const struct config_list *list);
void networks_free(struct networks *n);
bool networks_contain(const struct networks *n, const uint8_t ip[16]);

#endif
