/* SPDX-License-Identifier: MIT */
#include "broker/io/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct stream *stream_find(struct stream *top, const struct stream_class *class)
{
	while (top != NULL && top->class != class)
		top = top->below;
	return top;
}

static int fd_of(struct stream *s)
{
	return container_of(s, struct socket_stream, base)->fd;
}

/* A signal came first: the socket is as ready as before. */
static ssize_t negative_errno(void)
{
	return errno == EINTR ? -EAGAIN : -errno;
}

static ssize_t socket_receive(struct stream *s, uint8_t *buffer, size_t size)
{
	ssize_t n = recv(fd_of(s), buffer, size, 0);

	return n < 0 ? negative_errno() : n;
}

static ssize_t socket_send(struct stream *s, const struct span *spans, size_t count)
{
	struct iovec pieces[STREAM_MAX_SPANS];
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = count };
	ssize_t n;

	if (count == 0)
		return 0;
	if (count == 1) {
		n = send(fd_of(s), spans[0].data, spans[0].len, MSG_NOSIGNAL);
		return n < 0 ? negative_errno() : n;
	}
	for (size_t i = 0; i < count; i++) {
		/* sendmsg's type has no const; nothing is written through it */
		pieces[i] = (struct iovec){ (void *)(uintptr_t)spans[i].data, spans[i].len };
	}
	n = sendmsg(fd_of(s), &message, MSG_NOSIGNAL);
	return n < 0 ? negative_errno() : n;
}

static void socket_shutdown(struct stream *s)
{
	shutdown(fd_of(s), SHUT_WR);
}

static void socket_destroy(struct stream *s)
{
	close(fd_of(s));
}

static const struct stream_class socket_class = {
	.name = "socket",
	.receive = socket_receive,
	.send = socket_send,
	.shutdown = socket_shutdown,
	.destroy = socket_destroy,
};

void socket_stream_init(struct socket_stream *s, int fd)
{
	*s = (struct socket_stream){ .base = { .class = &socket_class, .is_open = true },
		.fd = fd };
}
