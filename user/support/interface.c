/* interface.c: see interface.h. */
#include "support/interface.h"

#include <net/if.h>
#include <string.h>

#define SLOTS 256

static struct {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
} slots[SLOTS];

const char *interface_name(uint32_t ifindex)
{
	uint32_t at = ifindex % SLOTS;

	if (ifindex == 0)
		return NULL;
	if (slots[at].ifindex != ifindex) {
		if (!if_indextoname(ifindex, slots[at].name))
			return NULL;
		slots[at].ifindex = ifindex;
	}
	return slots[at].name;
}

void interface_forget(void)
{
	memset(slots, 0, sizeof(slots));
}
