/* SPDX-License-Identifier: MIT */
#include "common/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/settings_file.h"

bool secret_read_file(const char *path, struct str *into, const char **ret_problem)
{
	struct stat st;
	int error = stat(path, &st) < 0 ? -errno : settings_read_file(path, into);

	if (error < 0)
		*ret_problem = strerror(-error);
	else if ((st.st_mode & S_IRWXO) != 0)
		*ret_problem = "can be read by everyone; make it readable to the gateway only: "
			       "chmod 640";
	else
		return true;
	return false;
}

char *secret_read(const char *path, const char **ret_problem)
{
	struct str text = { 0 };
	char *secret = NULL;

	if (secret_read_file(path, &text, ret_problem)) {
		struct span all = str_span(&text);

		secret = span_dup_text(span_trim(span_first(all, span_find(all, '\n'))));
	}
	secret_finish(&text);
	return secret;
}

void secret_finish(struct str *text)
{
	if (text->len > 0)
		wipe(text->text, text->len);
	str_finish(text);
}

void secret_free(char *secret)
{
	if (secret != NULL)
		wipe(secret, strlen(secret));
	free(secret);
}

void secret_digest(const char *path, uint64_t *digest)
{
	struct str text = { 0 };
	struct stat st;

	if (path == NULL)
		return;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		str_printf(&text, "%jd.%09ld", (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	else
		settings_read_file(path, &text);
	*digest = (uint64_t)hash_span(*digest ^ 1, str_span(&text)) << 32 |
		  hash_span(*digest ^ 2, str_span(&text));
	secret_finish(&text);
}
