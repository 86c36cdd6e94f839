/* test_mapped.c: the mapped reader beside libpcap, on plain, odd and broken files. */
#include "unit.h"

#include "beside_pcap.h"
#include "capture/replay.h"
#include "captures.h"

#define FRAMES 5
#define MAX_FILE (8 << 20)

struct form {
	const char *name;
	bool swapped;
	bool nano;
	bool ng;
};

static const struct form forms[] = {
	{ "pcap, microseconds", false, false, false }, { "pcap, nanoseconds", false, true, false },
	{ "pcap, other byte order", true, false, false }, { "pcap, other byte order, nanoseconds", true, true, false },
	{ "pcapng", false, false, true }, { "pcapng, nanoseconds", false, true, true },
	{ "pcapng, other byte order", true, true, true },
};

static struct {
	uint8_t bytes[MAX_FILE];
	size_t len;
	bool swapped;
} file;

static void put(const void *bytes, size_t len)
{
	assert_true(file.len + len <= MAX_FILE);
	memcpy(file.bytes + file.len, bytes, len);
	file.len += len;
}

static void put16(uint16_t n)
{
	n = file.swapped ? __builtin_bswap16(n) : n;
	put(&n, sizeof(n));
}

static void put32(uint32_t n)
{
	n = file.swapped ? __builtin_bswap32(n) : n;
	put(&n, sizeof(n));
}

/* A pcapng block of body bytes; its lengths are those of what put() added since open_block(). */
static size_t open_block(uint32_t type)
{
	put32(type);
	put32(0);
	return file.len - 8;
}

static void close_block(size_t start)
{
	uint32_t total;

	while (file.len % 4)
		put("", 1);
	total = file.len + 4 - start;
	put32(total);
	total = file.swapped ? __builtin_bswap32(total) : total;
	memcpy(file.bytes + start + 4, &total, 4);
}

static void put_section(void)
{
	size_t at = open_block(0x0a0d0d0a);

	put32(0x1a2b3c4d);
	put16(1);
	put16(0);
	put32(~0u);
	put32(~0u);
	close_block(at);
}

static void put_interface(uint16_t link, uint32_t snaplen, int tsresol, int tsoffset)
{
	size_t at = open_block(1);

	put16(link);
	put16(0);
	put32(snaplen);
	if (tsresol) {
		put16(9);
		put16(1);
		put((uint8_t[]){ tsresol, 0, 0, 0 }, 4);
	}
	if (tsoffset) {
		put16(14);
		put16(8);
		put32(0);
		put32(tsoffset);
	}
	put32(0);
	close_block(at);
}

static void put_enhanced(uint32_t interface, uint64_t stamp, const uint8_t *data, size_t len)
{
	size_t at = open_block(6);

	put32(interface);
	put32(stamp >> 32);
	put32(stamp);
	put32(len);
	put32(len + 3);
	put(data, len);
	close_block(at);
}

static void start(const struct form *f)
{
	file.len = 0;
	file.swapped = f->swapped;
	if (f->ng) {
		put_section();
		put_interface(1, 65535, f->nano ? 9 : 0, 0);
		return;
	}
	put32(f->nano ? 0xa1b23c4d : 0xa1b2c3d4);
	put16(2);
	put16(4);
	put32(0);
	put32(0);
	put32(65535);
	put32(1);
}

static void put_frame(const struct form *f, unsigned int i, size_t len)
{
	uint8_t data[2048];

	memset(data, i + 1, len);
	if (f->ng) {
		put_enhanced(0, 1767225600123456ULL * (f->nano ? 1000 : 1) + i, data, len);
		return;
	}
	put32(1767225600 + i);
	put32(f->nano ? 999999999 - i : 999999 - i);
	put32(len);
	put32(len + 3);
	put(data, len);
}

static void build(const struct form *f)
{
	start(f);
	for (unsigned int i = 0; i < FRAMES; i++)
		put_frame(f, i, 60 + i);
}

static int open_bytes(size_t len)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.bytes, len), len);
	return fd;
}

/* The first len bytes of the file. Returns the mapped reader's last word. */
static struct beside compare(size_t len, const char *what)
{
	int fd = open_bytes(len);
	struct beside b;
	const char *wrong = beside_pcap(fd, &b);

	if (wrong)
		fail_msg("%s: %s behind frame %u", what, wrong, b.frames);
	close(fd);
	return b;
}

static void test_forms(void **state)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct beside b;

		build(&forms[i]);
		b = compare(file.len, forms[i].name);
		assert_int_equal(b.end, 0);
		assert_int_equal(b.frames, FRAMES);
	}
}

/* Whole frames are given; inside one, libpcap goes on. */
static void test_every_truncation(void **state)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		size_t n_broken = 0;

		build(&forms[i]);
		for (size_t len = 0; len < file.len; len++) {
			struct beside b = compare(len, forms[i].name);

			assert_true(b.frames < FRAMES);
			n_broken += b.broken;
		}
		assert_true(n_broken > FRAMES * 60); /* every length that is not a whole number of frames */
	}
}

static void test_every_byte_changed(void **state)
{
	static const uint8_t to[] = { 0, 1, 0x7f, 0xff };

	for (size_t i = 0; i < COUNT(forms); i++) {
		build(&forms[i]);
		for (size_t at = 0; at < file.len; at++) {
			uint8_t was = file.bytes[at];

			for (size_t j = 0; j < COUNT(to); j++) {
				file.bytes[at] = to[j];
				(void)compare(file.len, forms[i].name);
			}
			file.bytes[at] = was;
		}
	}
}

static void start_ng(void)
{
	file.len = 0;
	file.swapped = false;
	put_section();
}

static void test_two_interfaces(void **state)
{
	struct beside b;

	start_ng();
	put_interface(1, 65535, 6, 0);
	put_interface(1, 65535, 9, 0);
	put_enhanced(1, 1767225600123456789ULL, BYTES("nanoseconds"));
	put_enhanced(0, 1767225600123456ULL, BYTES("microseconds"));
	b = compare(file.len, "units of their own");
	assert_int_equal(b.end, 0);
	assert_int_equal(b.frames, 2);
	put_enhanced(2, 0, BYTES("no such interface"));
	assert_true(compare(file.len, "unknown interface").broken);
}

static void test_other_blocks_are_stepped_over(void **state)
{
	struct beside b;
	size_t at;

	start_ng();
	at = open_block(0x0bad); /* a custom block */
	put("\0\0\0\0????", 8);
	close_block(at);
	put_interface(1, 65535, 0, 0);
	at = open_block(5); /* statistics */
	put("\0\0\0\0\0\0\0\0\0\0\0\0", 12);
	close_block(at);
	put_enhanced(0, 1767225600123456ULL, BYTES("frame"));
	b = compare(file.len, "other blocks");
	assert_int_equal(b.end, 0);
	assert_int_equal(b.frames, 1);
}

/* What is left to libpcap: each is read, but not here. */
static void test_left_to_libpcap(void **state)
{
	size_t at, plain;

	start_ng();
	put_interface(1, 65535, 3, 0);
	put_enhanced(0, 1767225600123ULL, BYTES("milliseconds"));
	assert_int_equal(compare(file.len, "milliseconds").end, -1);
	start_ng();
	put_interface(1, 65535, 0, 3600);
	put_enhanced(0, 1767225600123456ULL, BYTES("offset"));
	assert_int_equal(compare(file.len, "offset").end, -1);
	start_ng();
	put_interface(1, 65535, 0, 0);
	put_enhanced(0, 1767225600123456ULL, BYTES("frame"));
	plain = file.len;
	put_section();
	put_interface(1, 65535, 0, 0);
	put_enhanced(0, 1767225600123456ULL, BYTES("frame"));
	assert_int_equal(compare(file.len, "two sections").end, -1);
	file.len = plain;
	at = open_block(3);
	put32(5);
	put("simple", 5);
	close_block(at);
	assert_int_equal(compare(file.len, "simple packet block").end, -1);
	file.len = plain;
	put_interface(113, 65535, 0, 0);
	assert_true(compare(file.len, "another link type").broken);
	start_ng();
	put_interface(113, 65535, 0, 0);
	put_interface(1, 65535, 0, 0);
	put_enhanced(0, 1767225600123456ULL, BYTES("frame"));
	assert_true(compare(file.len, "another link type, the first").broken);
	start_ng();
	put_interface(1, 65535, 0, 0);
	put_enhanced(0, 1767225600123456ULL, BYTES("frame"));
	put_interface(1, 96, 0, 0);
	assert_true(compare(file.len, "another snaplen").broken);
	start(&forms[0]);
	put_frame(&forms[0], 0, 0);
	assert_int_equal(compare(file.len, "frame without bytes").end, -1);
}

/* Frames lie across the borders of the windows. */
static void test_large(void **state)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		unsigned int n = 0;
		struct beside b;

		for (start(&forms[i]); file.len < 5 << 20; n++)
			put_frame(&forms[i], n, 1 + n * 37 % 1900);
		b = compare(file.len, forms[i].name);
		assert_int_equal(b.end, 0);
		assert_int_equal(b.frames, n);
	}
}

static char *write_file(void)
{
	char *path = strdup("/tmp/metsuke-mapped-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.bytes, file.len), file.len);
	close(fd);
	return path;
}

static struct native *new_native(void)
{
	static const struct settings settings = { .dns_ports = { 53 }, .http = 1 };
	struct native *n = native_new(&settings);

	assert_non_null(n);
	return n;
}

static void test_cut_while_read(void **state)
{
	static const off_t lengths[] = { 0, 24, 4096, 1 << 20, (4 << 20) + 100 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct native *native = new_native();
		unsigned int n = 0;
		struct record *rec;
		struct replay *r;
		char *path, error[256];
		int result;

		for (start(&forms[i % 2]); file.len < 5 << 20; n++)
			put_frame(&forms[i % 2], n, 1000);
		path = write_file();
		r = replay_open(path, error, sizeof(error));
		assert_non_null(r);
		for (unsigned int j = 0; j < 10; j++)
			assert_int_equal(replay_next(r, native, &rec), 1);
		assert_int_equal(truncate(path, lengths[i]), 0);
		while ((result = replay_next(r, native, &rec)) == 1)
			;
		assert_int_equal(result, -1);
		assert_true(strlen(replay_error(r)) > 0);
		assert_true(replay_frames(r) < n);
		replay_close(r);
		native_free(native);
		unlink(path);
		free(path);
	}
}

static void test_grows_while_read(void **state)
{
	struct native *native = new_native();
	struct record *rec;
	struct replay *r;
	char *path, error[256];
	size_t had;
	FILE *more;

	build(&forms[0]);
	path = write_file();
	had = file.len;
	r = replay_open(path, error, sizeof(error));
	assert_non_null(r);
	for (unsigned int i = 0; i < FRAMES; i++)
		assert_int_equal(replay_next(r, native, &rec), 1);
	put_frame(&forms[0], 0, 100);
	more = fopen(path, "ab");
	assert_non_null(more);
	fwrite(file.bytes + had, 1, file.len - had, more);
	fclose(more);
	assert_int_equal(replay_next(r, native, &rec), 1);
	assert_int_equal(replay_next(r, native, &rec), 0);
	replay_close(r);
	native_free(native);
	unlink(path);
	free(path);
}

/* All captures that are lent; libpcap is needed for none of them, but to say what is wrong with some. */
static void test_captures(void **state)
{
	const struct captures *all = captures_all();

	if (!all)
		skip();
	for (unsigned int i = 0; i < all->n; i++) {
		int fd = open(all->paths[i], O_RDONLY | O_CLOEXEC);
		struct beside b;
		const char *wrong = beside_pcap(fd, &b);

		if (wrong || (b.end != 0 && !b.broken))
			fail_msg("%s: %s behind frame %u", all->paths[i], wrong ? wrong : "left to libpcap", b.frames);
		close(fd);
	}
}

static void test_one_at_a_time(void **state)
{
	struct mapped *first, *again;
	int fd;

	build(&forms[0]);
	fd = open_bytes(file.len);
	first = mapped_open(fd, 65535);
	assert_non_null(first);
	assert_null(mapped_open(fd, 65535));
	mapped_close(first);
	again = mapped_open(fd, 65535);
	assert_non_null(again);
	mapped_close(again);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_two_interfaces),
		cmocka_unit_test(test_other_blocks_are_stepped_over),
		cmocka_unit_test(test_left_to_libpcap),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_cut_while_read),
		cmocka_unit_test(test_grows_while_read),
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
