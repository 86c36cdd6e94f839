/* fuzz_capture.c: a capture file: the mapped reader gives what libpcap gives, as far as it goes. */
#include <sys/mman.h>

#include "beside_pcap.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct beside b;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	fuzz_check(beside_pcap(fd, &b));
	close(fd);
	return 0;
}
