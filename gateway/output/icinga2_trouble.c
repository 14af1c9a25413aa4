/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_trouble.h"

#include "common/log.h"
#include "gateway/output/icinga2_answer.h"

static const char *const troubles[] = {
	[TROUBLE_ACCESS] = "url, cafile, certificate or password cannot be used; mend the file",
	[TROUBLE_NAME] = "the host of url is not known; correct url, or mend the name service",
	[TROUBLE_UNREACHABLE] = "Icinga cannot be reached; see that it runs with its api feature "
				"on, and that url names its port",
	[TROUBLE_TLS] = "Icinga's certificate is not trusted; cafile has to name its CA, and url "
			"the name in its certificate",
	[TROUBLE_SILENT] = "Icinga does not answer in time; see how busy it is",
	[TROUBLE_LOST] = "the connection to Icinga was cut; see its log",
	[TROUBLE_NOT_HTTP] = "what answers at url does not speak HTTP; url has to name Icinga's "
			     "API",
	[TROUBLE_NOT_ICINGA] = "what answers at url is not Icinga 2's API; correct url",
	[TROUBLE_CLOSES] = "the connection ends after each answer; reach Icinga without a proxy "
			   "that closes it",
	[TROUBLE_LOGIN] = "Icinga does not accept who logs in; compare user and password_file, or "
			  "certfile, with the object ApiUser",
	[TROUBLE_PERMISSION] = "the ApiUser may not do it; it needs the permissions "
			       "status/query and actions/process-check-result",
	[TROUBLE_BUSY] = "Icinga takes no results at the moment; see its log",
};

static const enum icinga2_trouble_kind of_failure[] = {
	[HTTP_NO_FAILURE] = TROUBLE_CLOSES,
	[HTTP_NO_NAME] = TROUBLE_NAME,
	[HTTP_UNREACHABLE] = TROUBLE_UNREACHABLE,
	[HTTP_NO_TLS] = TROUBLE_TLS,
	[HTTP_SILENT] = TROUBLE_SILENT,
	[HTTP_LOST] = TROUBLE_LOST,
	[HTTP_NOT_HTTP] = TROUBLE_NOT_HTTP,
};

const char *icinga2_trouble_sentence(const struct icinga2_trouble *t)
{
	return troubles[t->kind];
}

void icinga2_trouble_tell(
		struct icinga2_trouble *t, enum icinga2_trouble_kind kind, const char *detail)
{
	if (t->kind != kind)
		log_warn("output \"%s\": %s%s%s", t->output, troubles[kind],
				detail[0] != '\0' ? ": " : "", detail);
	t->kind = kind;
}

void icinga2_trouble_tell_answer(struct icinga2_trouble *t, enum icinga2_trouble_kind kind,
		const struct http_answer *answer)
{
	struct str sentence = { 0 }, detail = { 0 };

	icinga2_sentence(answer->body, &sentence);
	str_printf(&detail, "%u ", answer->status);
	str_append_escaped(&detail, span_first(str_span(&sentence), 200));
	icinga2_trouble_tell(t, kind, str_text(&detail));
	str_finish(&sentence);
	str_finish(&detail);
}

void icinga2_trouble_end(struct icinga2_trouble *t)
{
	if (t->kind != TROUBLE_NONE)
		log_info("output \"%s\": Icinga takes results again", t->output);
	t->kind = TROUBLE_NONE;
}

enum icinga2_trouble_kind icinga2_trouble_of_failure(enum http_failure failure)
{
	return of_failure[failure];
}

enum icinga2_trouble_kind icinga2_trouble_of_status(unsigned status)
{
	return status == 401   ? TROUBLE_LOGIN
	       : status == 403 ? TROUBLE_PERMISSION
	       : status >= 500 ? TROUBLE_BUSY
			       : TROUBLE_NOT_ICINGA;
}
