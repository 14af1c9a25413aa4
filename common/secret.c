/* SPDX-License-Identifier: MIT */
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "common/span.h"

char *secret_read(const char *path, const char **ret_problem)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[1024], *secret = NULL;
	struct stat st;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n < 0) {
		*ret_problem = strerror(errno);
		return NULL;
	}
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXO) != 0) {
		*ret_problem = "can be read by everyone; make it readable to the gateway only: "
			       "chmod 640";
	} else {
		struct span line = span_of(text, (size_t)n);

		secret = span_dup_text(span_trim(span_first(line, span_find(line, '\n'))));
	}
	wipe(text, sizeof(text));
	return secret;
}

void secret_free(char *secret)
{
	if (secret != NULL)
		wipe(secret, strlen(secret));
	free(secret);
}
