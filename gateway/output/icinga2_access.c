/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_access.h"

#include "common/base64.h"
#include "common/mem.h"
#include "common/secret.h"

static const struct url_scheme schemes[] = { { "https", 5665, true }, { 0 } };

static bool load_url(struct url *url, const char *text, struct str *problem)
{
	struct str why = { 0 };
	bool ok = url_parse(span_of_text(text), schemes, url, &why);

	if (!ok)
		str_printf(problem, "url %s %s", text, str_text(&why));
	else if (url->user != NULL)
		str_printf(problem, "url %s names a user; write a line of its own: user %s", text,
				url->user);
	str_finish(&why);
	return ok && url->user == NULL;
}

static bool load_context(struct icinga2_access *access, const struct icinga2_config *config,
		struct str *problem)
{
	struct tls_settings settings = { .cafile = config->cafile,
		.certfile = config->certfile,
		.keyfile = config->keyfile,
		.host = access->url.host };
	struct str warning = { 0 };

	access->context = tls_client_create(&settings, problem, &warning);
	str_finish(&warning);
	return access->context != NULL;
}

static void finish_secret(struct str *text)
{
	if (text->text != NULL)
		wipe(text->text, text->capacity);
	str_finish(text);
}

/* Basic, which TLS protects. */
static bool append_authorization(
		struct str *into, const struct icinga2_config *config, struct str *problem)
{
	const char *why = NULL;
	char *password;
	struct str both = { 0 };

	if (config->user == NULL)
		return true;
	password = secret_read(config->password_file, &why);
	if (password == NULL) {
		str_printf(problem, "password_file %s %s", config->password_file, why);
		return false;
	}
	str_printf(&both, "%s:%s", config->user, password);
	str_append_text(into, "Authorization: Basic ");
	base64_encode(str_span(&both), true, into);
	str_append_text(into, "\r\n");
	finish_secret(&both);
	secret_free(password);
	return true;
}

static void make_requests(struct icinga2_access *access, const struct str *authorization)
{
	static const char accept[] =
			"Accept: application/json\r\nUser-Agent: belfry-gateway/" BELFRY_VERSION
			"\r\n";
	bool v6 = strchr(access->url.host, ':') != NULL;
	struct str common = { 0 };

	str_printf(&common, v6 ? "Host: [%s]:%u\r\n" : "Host: %s:%u\r\n", access->url.host,
			access->url.port);
	str_printf(&common, "%s%s", accept, str_text(authorization));
	str_printf(&access->ask_permissions, "GET /v1 HTTP/1.1\r\n%s\r\n", str_text(&common));
	str_printf(&access->ask_program, "GET /v1/status/IcingaApplication HTTP/1.1\r\n%s\r\n",
			str_text(&common));
	str_printf(&access->headers,
			"%sContent-Type: application/json\r\nContent-Length: ", str_text(&common));
	finish_secret(&common);
}

bool icinga2_access_load(struct icinga2_access *access, const struct icinga2_config *config,
		struct str *problem)
{
	struct str authorization = { 0 };
	bool ok;

	icinga2_access_finish(access);
	ok = load_url(&access->url, config->url, problem) &&
	     load_context(access, config, problem) &&
	     append_authorization(&authorization, config, problem);
	if (ok)
		make_requests(access, &authorization);
	finish_secret(&authorization);
	return ok;
}

struct span icinga2_access_post(
		struct icinga2_access *access, struct span action, size_t content_length)
{
	struct str *into = &access->request;

	str_clear(into);
	str_append_text(into, "POST /v1/actions/");
	str_append(into, action);
	str_append_text(into, " HTTP/1.1\r\n");
	str_append(into, str_span(&access->headers));
	str_printf(into, "%zu\r\n\r\n", content_length);
	return str_span(into);
}

void icinga2_access_finish(struct icinga2_access *access)
{
	url_finish(&access->url);
	tls_context_unref(access->context);
	access->context = NULL;
	finish_secret(&access->ask_permissions);
	finish_secret(&access->ask_program);
	finish_secret(&access->headers);
	finish_secret(&access->request);
}
