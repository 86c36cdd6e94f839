/* interface.c: see interface.h. */
#include "support/interface.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/utf8.h"

#define SLOTS 256

static struct {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	char label[4 * IF_NAMESIZE];
} slots[SLOTS];

const char *interface_name(uint32_t ifindex)
{
	uint32_t at = ifindex % SLOTS;

	if (ifindex == 0)
		return NULL;
	if (slots[at].ifindex != ifindex) {
		char *label;

		if (!if_indextoname(ifindex, slots[at].name))
			return NULL;
		label = utf8_clean(slots[at].name, IF_NAMESIZE);
		snprintf(slots[at].label, sizeof(slots[at].label), "%s", label ? label : "?");
		free(label);
		slots[at].ifindex = ifindex;
	}
	return slots[at].name;
}

const char *interface_label(uint32_t ifindex)
{
	return interface_name(ifindex) ? slots[ifindex % SLOTS].label : NULL;
}

void interface_forget(void)
{
	memset(slots, 0, sizeof(slots));
}
