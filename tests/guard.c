/* guard.c: see guard.h. */
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_BYTES (1 << 18)

const __u8 *guard_place(const __u8 *data, unsigned int len)
{
	static __u8 *end;
	size_t page = sysconf(_SC_PAGESIZE);

	if (!end) {
		end = mmap(NULL, GUARD_BYTES + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (end == MAP_FAILED || mprotect(end + GUARD_BYTES, page, PROT_NONE))
			abort();
		end += GUARD_BYTES;
	}
	if (len > GUARD_BYTES)
		abort();
	return memcpy(end - len, data, len);
}
