/* SPDX-License-Identifier: MIT */
#include "gateway/output/fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/mem.h"

static const char no_pipe[] = "is not there; the core creates it when it starts: is it running?";
static const char no_reader[] =
		"has no reader; is the core running, with check_external_commands=1?";
static const char stuck[] = "is full, the core is not reading it; is it busy, stopped or hanging?";
static const char no_fifo[] = "is not a pipe; is it command_file of nagios.cfg? If so, remove it "
			      "and restart the core, "
			      "which then creates one";
static const char a_link[] = "is a symbolic link, which is never followed; name the pipe itself";
static const char strange_owner[] =
		"belongs to a user who is neither root, nor ours, nor the owner of its folder";
static const char denied[] = "may not be written to by the gateway's user; add the user to the "
			     "pipe's group";
static const char failed[] = "cannot be opened";

void fifo_init(struct fifo *f, const char *output, const char *path)
{
	*f = (struct fifo){ .output = output, .path = path, .fd = -1 };
}

static void close_pipe(struct fifo *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void fifo_finish(struct fifo *f)
{
	close_pipe(f);
}

/* Remember and say the problem, unless it is the one that was said already. */
static bool trouble(struct fifo *f, const char *problem, int error)
{
	close_pipe(f);
	if (f->problem == problem)
		return false;
	f->problem = problem;
	if (problem == failed)
		log_warn_errno(error, "output \"%s\": %s %s", f->output, f->path, problem);
	else
		log_warn("output \"%s\": %s %s; waiting", f->output, f->path, problem);
	return false;
}

static bool owner_is_right(const struct fifo *f, const struct stat *pipe)
{
	const char *slash = strrchr(f->path, '/');
	AUTO_FREE char *folder = NULL;
	struct stat st;

	if (pipe->st_uid == 0 || pipe->st_uid == geteuid())
		return true;
	folder = slash == NULL ? xstrdup(".")
			       : span_dup_text(span_of(f->path, (size_t)(slash - f->path) + 1));
	return stat(folder, &st) == 0 && st.st_uid == pipe->st_uid;
}

static const char *problem_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return no_pipe;
	case ENXIO:
		return no_reader;
	case ELOOP:
		return a_link;
	case EACCES:
	case EPERM:
		return denied;
	case EISDIR:
		return no_fifo;
	default:
		return failed;
	}
}

bool fifo_open(struct fifo *f)
{
	struct stat st;

	if (f->fd >= 0)
		return true;
	/* Looked at before it is opened: opening a device may do something. Looked at again after,
	   because it may have been another one then. */
	if (lstat(f->path, &st) < 0)
		return trouble(f, problem_of(errno), errno);
	if (S_ISLNK(st.st_mode))
		return trouble(f, a_link, 0);
	if (!S_ISFIFO(st.st_mode))
		return trouble(f, no_fifo, 0);
	f->fd = open(f->path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (f->fd < 0)
		return trouble(f, problem_of(errno), errno);
	if (fstat(f->fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return trouble(f, no_fifo, 0);
	if (!owner_is_right(f, &st))
		return trouble(f, strange_owner, 0);
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->owner = st.st_uid;
	if (f->problem != NULL || !f->was_open)
		log_info("output \"%s\": %s is open, the core reads it", f->output, f->path);
	f->problem = NULL;
	f->was_open = true;
	return true;
}

bool fifo_is_current(struct fifo *f)
{
	struct stat st;

	if (f->fd < 0)
		return false;
	if (lstat(f->path, &st) == 0 && st.st_dev == f->device && st.st_ino == f->inode)
		return true;
	close_pipe(f);
	return false;
}

int fifo_write(struct fifo *f, struct span bytes)
{
	ssize_t n;
	int error;

	if (f->fd < 0)
		return -ENXIO;
	do {
		n = write(f->fd, bytes.data, bytes.len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)bytes.len) {
		if (f->problem == stuck) {
			log_info("output \"%s\": %s is read again", f->output, f->path);
			f->problem = NULL;
		}
		return 0;
	}
	error = n < 0 ? errno : EIO;
	if (error == EAGAIN)
		return -EAGAIN;
	fifo_lost(f);
	return -error;
}

void fifo_stuck(struct fifo *f)
{
	if (f->problem == stuck)
		return;
	f->problem = stuck;
	log_warn("output \"%s\": %s %s; waiting", f->output, f->path, stuck);
}

void fifo_lost(struct fifo *f)
{
	trouble(f, no_reader, 0);
}
