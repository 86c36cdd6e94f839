/* mapped.c: see mapped.h. libpcap copies a file twice, by stdio and by read(2), and that costs a packet of
 * no interest several times what looking at it costs. The window on the file moves, so that memory stays
 * small; a file that is cut while it is read gives SIGBUS, which puts zeros in its place and sets `torn`. */
#include "capture/mapped.h"

#include <byteswap.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW_BYTES (2 << 20)
#define FRAME_MAX 262144 /* libpcap's for the link types that we read */
#define BLOCK_MAX (FRAME_MAX + 65536)
#define MAX_INTERFACES 16
#define PREFETCH_BYTES 1024

struct mapped {
	int fd;
	uint64_t size; /* when the window was last moved */
	uint8_t *window;
	uint64_t start; /* of the window in the file */
	size_t len;
	uint64_t at; /* next record or block */
	uint32_t snaplen;
	int (*next)(struct mapped *m, struct mapped_frame *f);
	bool swapped;
	uint32_t unit_ns; /* pcap: of a time stamp's fraction */
	uint32_t n_interfaces; /* pcapng */
	uint32_t if_unit_ns[MAX_INTERFACES];
	uint16_t if_link; /* of all, and their snaplen: libpcap reads no others */
	uint32_t if_snaplen;
	volatile sig_atomic_t torn;
	struct sigaction old_action;
};

static struct mapped *guarded; /* the one that is open */

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	struct mapped *m = guarded;
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(getpagesize() - 1), window;

	(void)context;
	window = m ? (uintptr_t)m->window : 0;
	if (window && page >= window && page < window + m->len &&
	    mmap((void *)page, window + m->len - page, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    MAP_FAILED) {
		m->torn = 1;
		return;
	}
	(void)signal(sig, SIG_DFL); /* not ours: it comes again */
}

static void drop_window(struct mapped *m)
{
	uint8_t *old = m->window;

	m->window = NULL;
	if (old)
		munmap(old, m->len);
	m->len = 0;
}

/* Moves the window so that it starts at m->at and shows n bytes. */
static bool move_window(struct mapped *m, size_t n)
{
	uint64_t start = m->at & ~(uint64_t)(getpagesize() - 1);
	struct stat st;
	uint8_t *window;

	if (fstat(m->fd, &st))
		return false;
	m->size = st.st_size;
	if (m->size < m->at || m->size - m->at < n)
		return false;
	drop_window(m);
	m->len = m->size - start < WINDOW_BYTES ? m->size - start : WINDOW_BYTES;
	window = mmap(NULL, m->len, PROT_READ, MAP_SHARED | MAP_POPULATE, m->fd, start);
	if (window == MAP_FAILED) {
		m->len = 0;
		return false;
	}
	m->start = start;
	m->window = window;
	return true;
}

/* The n bytes at m->at, or NULL where the file has not so many. n: well below the window. */
static inline const uint8_t *look(struct mapped *m, size_t n)
{
	if (m->at + n > m->start + m->len && !move_window(m, n))
		return NULL;
	return m->window + (m->at - m->start);
}

static inline uint16_t get16(const struct mapped *m, const uint8_t *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof(n));
	return m->swapped ? bswap_16(n) : n;
}

static inline uint32_t get32(const struct mapped *m, const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return m->swapped ? bswap_32(n) : n;
}

/* A frame, len bytes with what belongs to it in the file. The next one's first lines are on their way
 * while this one is looked at. */
static inline int give(struct mapped *m, const uint8_t *next)
{
	m->at = m->start + (next - m->window);
	__builtin_prefetch(next);
	__builtin_prefetch(next + 64);
	__builtin_prefetch(next + PREFETCH_BYTES);
	return m->torn ? -1 : 1;
}

/* Where nothing is left: is that the end? */
static int at_end(const struct mapped *m)
{
	return m->at == m->size && !m->torn ? 0 : -1;
}

/* A frame without bytes is left to libpcap like other oddities: so is a file that was cut and reads as
 * zeros. Times beyond 2038: libpcap's versions differ. */
static int next_pcap(struct mapped *m, struct mapped_frame *f)
{
	const uint8_t *h = look(m, 16);
	uint32_t seconds, fraction, len;

	if (!h)
		return at_end(m);
	seconds = get32(m, h);
	fraction = get32(m, h + 4);
	len = get32(m, h + 8);
	if (len == 0 || len > m->snaplen || (seconds | fraction) >> 31)
		return -1;
	h = look(m, 16 + len);
	if (!h)
		return -1;
	f->data = h + 16;
	f->len = len;
	f->time_ns = seconds * 1000000000ULL + (uint64_t)fraction * m->unit_ns;
	return give(m, h + 16 + len);
}

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 2, BLOCK_SIMPLE = 3, BLOCK_ENHANCED = 6 };
enum { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };

/* Options of an interface (pcapng 4.2): false where there is another time unit than micro- and
 * nanoseconds, an offset, or something broken. */
static bool read_options(struct mapped *m, const uint8_t *p, const uint8_t *end, uint32_t *ret_unit_ns)
{
	bool seen = false;

	*ret_unit_ns = 1000;
	while (end - p >= 4) {
		uint16_t code = get16(m, p), len = get16(m, p + 2);

		p += 4;
		if (code == OPTION_END)
			return len == 0;
		if (len > end - p)
			return false;
		if (code == OPTION_TSOFFSET)
			return false;
		if (code == OPTION_TSRESOL) {
			if (seen || len != 1 || (*p != 6 && *p != 9))
				return false;
			seen = true;
			*ret_unit_ns = *p == 9 ? 1 : 1000;
		}
		if ((len + 3) / 4 * 4 > end - p)
			return false;
		p += (len + 3) / 4 * 4;
	}
	return p == end;
}

/* The first one's link type is the one that libpcap gave; more of them are taken where they are Ethernet
 * and keep as much, so that it is the same for all. */
static bool add_interface(struct mapped *m, const uint8_t *block, size_t len)
{
	uint32_t snaplen;
	uint16_t link;

	if (len < 20 || m->n_interfaces == MAX_INTERFACES)
		return false;
	link = get16(m, block + 8);
	snaplen = get32(m, block + 12);
	if (m->n_interfaces && (link != 1 || m->if_link != 1 || snaplen != m->if_snaplen))
		return false;
	m->if_link = link;
	m->if_snaplen = snaplen;
	return read_options(m, block + 16, block + len - 4, &m->if_unit_ns[m->n_interfaces++]);
}

static bool read_packet(struct mapped *m, const uint8_t *block, size_t len, struct mapped_frame *f)
{
	uint32_t interface, captured;

	if (len < 32)
		return false;
	interface = get32(m, block + 8);
	captured = get32(m, block + 20);
	if (interface >= m->n_interfaces || captured == 0 || captured > m->snaplen || captured > len - 32)
		return false;
	f->data = block + 28;
	f->len = captured;
	f->time_ns = ((uint64_t)get32(m, block + 12) << 32 | get32(m, block + 16)) * m->if_unit_ns[interface];
	return true;
}

/* pcapng, draft-ietf-opsawg-pcapng 3.1: blocks until one has a frame. A second section, and the packet
 * blocks that are hardly ever written, are libpcap's. */
static int next_pcapng(struct mapped *m, struct mapped_frame *f)
{
	for (;;) {
		const uint8_t *b = look(m, 12);
		uint32_t type, len;

		if (!b)
			return at_end(m);
		type = get32(m, b);
		len = get32(m, b + 4);
		if (len < 12 || len % 4 || len > BLOCK_MAX)
			return -1;
		b = look(m, len);
		if (!b || get32(m, b + len - 4) != len)
			return -1;
		switch (type) {
		case BLOCK_ENHANCED:
			return read_packet(m, b, len, f) ? give(m, b + len) : -1;
		case BLOCK_INTERFACE:
			if (!add_interface(m, b, len))
				return -1;
			break;
		case BLOCK_SECTION:
			if (m->at != 0)
				return -1;
			break;
		case BLOCK_PACKET:
		case BLOCK_SIMPLE:
			return -1;
		}
		m->at += len;
	}
}

/* Which form it is, by its first bytes. */
static bool read_start(struct mapped *m)
{
	const uint8_t *h = look(m, 24);
	uint32_t magic;

	if (!h)
		return false;
	magic = get32(m, h);
	if (magic == BLOCK_SECTION) {
		magic = get32(m, h + 8);
		m->swapped = magic == bswap_32(0x1a2b3c4d);
		m->next = next_pcapng;
		return m->swapped || magic == 0x1a2b3c4d;
	}
	m->swapped = magic == bswap_32(0xa1b2c3d4) || magic == bswap_32(0xa1b23c4d);
	magic = get32(m, h);
	if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
		return false;
	m->unit_ns = magic == 0xa1b23c4d ? 1 : 1000;
	m->next = next_pcap;
	m->at = 24;
	return get16(m, h + 4) == 2 && get16(m, h + 6) == 4; /* the version of all but museum pieces */
}

struct mapped *mapped_open(int fd, uint32_t snaplen)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	struct mapped *m = guarded ? NULL : calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->fd = fd;
	m->snaplen = snaplen < FRAME_MAX ? snaplen : FRAME_MAX;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, &action, &m->old_action)) {
		free(m);
		return NULL;
	}
	guarded = m;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
	if (!read_start(m)) {
		mapped_close(m);
		return NULL;
	}
	return m;
}

void mapped_close(struct mapped *m)
{
	if (!m)
		return;
	(void)sigaction(SIGBUS, &m->old_action, NULL);
	guarded = NULL;
	drop_window(m);
	free(m);
}

int mapped_next(struct mapped *m, struct mapped_frame *ret_frame)
{
	return m->next(m, ret_frame);
}

bool mapped_is_torn(const struct mapped *m)
{
	return m->torn;
}

uint64_t mapped_position(const struct mapped *m)
{
	return m->at;
}
