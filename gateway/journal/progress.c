/* SPDX-License-Identifier: MIT */
#include "gateway/journal/progress.h"

#include <errno.h>
#include <fcntl.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/wire.h"

enum { BOOT_SIZE = 36, BODY_SIZE = 8 + BOOT_SIZE + 8 * 8, FILE_SIZE = BODY_SIZE + 4 };

static const struct span magic = SPAN("belfryP3");

struct progress_file {
	int fd;
	uint64_t journal;
	uint8_t boot[BOOT_SIZE];
};

/* The kernel's name for this boot; empty where there is none, and then nothing is believed. */
static bool read_boot(uint8_t boot[BOOT_SIZE])
{
	AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, boot, BOOT_SIZE) == BOOT_SIZE;
}

int progress_open(const char *path, uint64_t journal, struct progress_file **ret)
{
	struct progress_file *f = xcalloc(1, sizeof(*f));

	f->journal = journal;
	f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0) {
		int error = errno;

		free(f);
		return -error;
	}
	if (!read_boot(f->boot))
		memset(f->boot, 0, BOOT_SIZE);
	*ret = f;
	return 0;
}

void progress_close(struct progress_file *f)
{
	if (f == NULL)
		return;
	close(f->fd);
	free(f);
}

static uint32_t checksum(struct span body)
{
	return hash_span(0, body);
}

bool progress_load(struct progress_file *f, struct progress *ret)
{
	uint8_t bytes[FILE_SIZE] = { 0 }, nothing[BOOT_SIZE] = { 0 };
	struct reader r = reader_of(span_of(bytes, FILE_SIZE));
	struct span boot;
	uint64_t journal;
	bool is_sound;

	*ret = (struct progress){ 0 };
	if (pread(f->fd, bytes, FILE_SIZE, 0) != FILE_SIZE)
		return false;
	if (!span_equal(read_bytes(&r, magic.len), magic))
		return false;
	boot = read_bytes(&r, BOOT_SIZE);
	journal = read_u64(&r);
	ret->confirmed = read_u64(&r);
	ret->issued_first = read_u64(&r);
	ret->issued_last = read_u64(&r);
	ret->place = read_u64(&r);
	ret->is_named = read_u64(&r) != 0;
	ret->held = read_u64(&r);
	ret->peer = read_u64(&r);
	is_sound = read_u32(&r) == checksum(span_of(bytes, BODY_SIZE)) && journal == f->journal;
	if (is_sound && span_equal(boot, span_of(f->boot, BOOT_SIZE)) &&
			!span_equal(boot, span_of(nothing, BOOT_SIZE)))
		return true;
	*ret = (struct progress){ .held = is_sound ? ret->held : 0,
		.peer = is_sound ? ret->peer : 0 };
	return false;
}

int progress_store(struct progress_file *f, const struct progress *p)
{
	uint8_t bytes[FILE_SIZE];
	struct writer w = writer_of(bytes, FILE_SIZE);
	ssize_t n;

	write_bytes(&w, magic);
	write_bytes(&w, span_of(f->boot, BOOT_SIZE));
	write_u64(&w, f->journal);
	write_u64(&w, p->confirmed);
	write_u64(&w, p->issued_first);
	write_u64(&w, p->issued_last);
	write_u64(&w, p->place);
	write_u64(&w, p->is_named);
	write_u64(&w, p->held);
	write_u64(&w, p->peer);
	write_u32(&w, checksum(span_of(bytes, BODY_SIZE)));
	n = pwrite(f->fd, bytes, FILE_SIZE, 0);
	return n == FILE_SIZE ? 0 : n < 0 ? -errno : -EIO;
}
