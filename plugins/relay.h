/* SPDX-License-Identifier: MIT */
/*
 * What a relay plugin of belfry-gateway is: a shared object that carries records, which are check
 * results and other messages, to some other program, and says what became of them.
 *
 *     journal ─▶ filter, schema ─▶ batch ─▶ deliver() ─▶ OK      the place in the journal moves on
 *                                                    ├─▶ RETRY   again later, in order
 *                                                    └─▶ REJECT  into the file of dead letters
 *
 * The gateway (the host) does all that plugins have in common: it reads the configuration, keeps
 * what waits (on disk, across crashes), filters, writes each record in the wanted form, makes
 * batches, waits between attempts, counts, logs, speaks TLS. A plugin is one descriptor, exported
 * as `belfry_relay`, with functions that may block:
 *
 *     static const struct relay_setting settings[] = {
 *             { "path", RELAY_TEXT, offsetof(struct config, path), 1, 4000, NULL,
 *               RELAY_REQUIRED, "The file that lines are added to.", NULL },
 *             { 0 },
 *     };
 *
 *     RELAY_EXPORT const struct relay_plugin belfry_relay = {
 *             RELAY_HEADER,
 *             .name = "lines", .version = "1.0", .help = "Adds lines to a file.",
 *             .settings = settings, .config_size = sizeof(struct config),
 *             .open = open_lines, .deliver = deliver, .close = close_lines,
 *     };
 *
 * Built with
 *
 *     cc -shared -fPIC -o lines.so lines.c $(pkg-config --cflags belfry-relay)
 *
 * and put into plugin_dir, it is the type of an output: `output NAME lines`. A complete, commented
 * example is contrib/relay/lines.c.
 *
 * THREADS. Each output of a plugin has an instance and a thread of its own: open, deliver, idle and
 * close are called on it, one after the other, never at once. Two outputs of one plugin are two
 * threads in the same shared object: it keeps what it must remember in its instance, not in
 * globals. check is called on another thread, before there is an instance. A plugin that blocks
 * for ever stops only its own output.
 *
 * MEMORY. What a function is given is the host's and valid until the function returns; the
 * configuration and the host until close has returned. Texts of records are not ended by a NUL and
 * may contain any byte; texts of the configuration are.
 *
 * VERSIONS. A plugin with another major number than the host's is refused, and so is one with a
 * higher minor number. Structures grow at their end only, with a higher minor number; the size
 * members tell either side what the other one knows.
 */
#ifndef BELFRY_RELAY_H
#define BELFRY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RELAY_ABI_MAJOR 1
#define RELAY_ABI_MINOR 1

/* The first members of a descriptor. */
#define RELAY_HEADER RELAY_ABI_MAJOR, RELAY_ABI_MINOR, sizeof(struct relay_plugin)

/* The one symbol that is exported: RELAY_EXPORT const struct relay_plugin belfry_relay = ... */
#define RELAY_EXPORT __attribute__((visibility("default")))
#define RELAY_SYMBOL "belfry_relay"

#if defined(__GNUC__)
#define RELAY_PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define RELAY_PRINTF_LIKE(text, first)
#endif

enum { RELAY_REASON = 256 }; /* bytes of a reason, its NUL included */

/* Not ended by a NUL; may contain any byte. */
struct relay_text {
	const char *data;
	size_t len;
};

/* --- settings ------------------------------------------------------------------------------ */

/* What a keyword of the output's block takes, and the type of the member that it sets. */
enum relay_kind {
	RELAY_BOOL = 1, /* bool */
	RELAY_NUMBER,	/* uint64_t in min..max */
	RELAY_SIZE,	/* uint64_t bytes in min..max; "64k", "1M" */
	RELAY_DURATION, /* uint64_t seconds in min..max; "30s", "1h" */
	RELAY_TEXT,	/* const char *, NULL when not given; its length in min..max */
	RELAY_LIST,	/* struct relay_list; each line adds one text */
	RELAY_CHOICE,	/* int; one of choices */
	/*
	 * const char *, NULL when not given: the keyword names a file, and the member is what its
	 * first line says. The host refuses a file that everybody may read.
	 */
	RELAY_SECRET,
	/*
	 * const char *, the text as it was written. For each record the host makes out what it
	 * says, ${topic[1]} and the like: records' rendered[N] for the N-th row of this kind.
	 */
	RELAY_TEMPLATE,
};

enum relay_setting_flag {
	RELAY_REQUIRED = 1, /* the output needs it */
};

/* Owned by the host. */
struct relay_list {
	char *const *texts;
	size_t count;
};

struct relay_choice {
	const char *word; /* NULL ends the list */
	int value;
};

/* One keyword. Reading, bounds, defaults, errors and the manual come from it. */
struct relay_setting {
	const char *name; /* NULL ends the table */
	enum relay_kind kind;
	size_t offset; /* of the member in the plugin's struct of settings */
	uint64_t min, max;
	const char *initial; /* as if the operator had written it; NULL: zero */
	unsigned flags;
	const char *help; /* one or two sentences */
	const struct relay_choice *choices;
};

/* --- records ------------------------------------------------------------------------------- */

enum relay_record_kind {
	RELAY_MESSAGE = 1, /* as somebody has published it */
	RELAY_CHECK = 2,   /* a check result: host, service, state, output ... are known */
};

/* A state of a service; of a host 0 is UP, 1 DOWN, 2 UNREACHABLE. */
enum relay_state { RELAY_STATE_OK, RELAY_STATE_WARNING, RELAY_STATE_CRITICAL, RELAY_STATE_UNKNOWN };

/* One value of a check's performance data. A number that is not there is NAN. */
struct relay_metric {
	struct relay_text label, unit;
	double value, warn, crit, min, max; /* a range's upper end */
};

struct relay_record {
	uint64_t sequence;	/* grows from record to record of one gateway; with gaps */
	struct relay_text id;	/* the same in every attempt, and unlike any other record's */
	struct relay_text text; /* the record as `schema` says; JSON is one line */
	const struct relay_text *rendered; /* of the rows of kind RELAY_TEMPLATE, in their order */
	enum relay_record_kind kind;
	int64_t received_ns; /* when the gateway got it, since 1970, UTC */
	int64_t time_ns;     /* the event's own time; received_ns when it has none */
	struct relay_text topic;

	/* The rest only with RELAY_WANTS_FIELDS; absent texts are empty. */
	struct relay_text payload; /* a check's is its output's first line */
	uint8_t qos;
	bool retain;
	struct relay_text client, user, address; /* who published it, where the broker says so */
	/* RELAY_CHECK, and the host also of a message where the output's `host` makes one: */
	struct relay_text host, service; /* no service: the host itself */
	struct relay_text output, long_output, perfdata;
	int state; /* enum relay_state, or of a host */
	/* With RELAY_WANTS_METRICS: perfdata, taken apart. */
	const struct relay_metric *metrics;
	size_t metric_count;
};

struct relay_batch {
	size_t count;	     /* at least 1 */
	const void *records; /* relay_record_at() */
	size_t record_size;  /* of the host's struct relay_record */
	size_t text_size;    /* bytes of all the records' `text` */
	uint32_t attempt;    /* 1: the first one */
};

static inline const struct relay_record *relay_record_at(const struct relay_batch *b, size_t index)
{
	return (const struct relay_record *)(const void *)((const char *)b->records +
							   index * b->record_size);
}

/* --- what became of a batch ---------------------------------------------------------------- */

enum relay_verdict {
	RELAY_OK = 0, /* the other side has it, as safely as it can say */
	/*
	 * Not now: it is handed over again, as long as it takes. Records that may have arrived all
	 * the same (the connection broke before the answer) are for RETRY too: their id tells.
	 */
	RELAY_RETRY = 1,
	/*
	 * Never: it becomes a dead letter. Of a batch of several the host finds out which records
	 * are to blame, by handing it over in halves.
	 */
	RELAY_REJECT = 2,
};

/* Filled in by deliver() beside its verdict. Zeroed before. */
struct relay_outcome {
	size_t size; /* of the host's struct relay_outcome */
	/* 0: the host's own growing wait. More than ten minutes, and than retry_most, is cut. */
	uint32_t retry_after_ms;
	/*
	 * For the operator, in words, without a full stop: "the password is refused; set
	 * password_file". It stands in the log (once) and in the status for as long as it lasts.
	 */
	char reason[RELAY_REASON];
};

/* --- what the host does for a plugin -------------------------------------------------------- */

enum relay_log_level { RELAY_LOG_ERROR, RELAY_LOG_WARNING, RELAY_LOG_NOTICE, RELAY_LOG_DEBUG };

/* Where to connect to. */
struct relay_place {
	const char *host; /* a name or an address; NULL: a Unix socket */
	uint16_t port;
	const char *path;    /* of the Unix socket */
	bool tls;	     /* by the output's settings; needs RELAY_USES_TLS */
	uint32_t timeout_ms; /* for connecting, then for each send and receive; 0: 10 seconds */
};

/* What the output's TLS settings say, for plugins whose library connects by itself. NULL: unset. */
struct relay_tls {
	const char *cafile, *capath, *certfile, *keyfile, *crlfile;
	const char *tls_version; /* the oldest: "tlsv1.2", "tlsv1.3" */
	bool insecure;		 /* any name of the other side is taken */
};

struct relay_stream; /* a connection: TCP, TLS over it, or a Unix socket */

struct relay_host {
	size_t size;	     /* of the host's struct relay_host */
	const char *output;  /* the name of the output */
	const char *gateway; /* the client id of the gateway */
	const struct relay_tls *tls;
	int stop_fd; /* readable (poll) once the output is to end */

	/*
	 * One line of the log, which names the output. Repeated lines are held back, and those
	 * beyond 60 a minute are left out.
	 */
	void (*log)(const struct relay_host *host, enum relay_log_level level, const char *format,
			...) RELAY_PRINTF_LIKE(3, 4);

	/* Row `counter` of the plugin's counters grows by `by`, or, of a gauge, becomes `by`. */
	void (*count)(const struct relay_host *host, unsigned counter, uint64_t by);

	/*
	 * Within deliver() only: what became of this one record. What deliver() returns is for all
	 * records that are not marked. `reason` may be NULL.
	 */
	void (*mark)(const struct relay_host *host, size_t index, enum relay_verdict verdict,
			const char *reason);

	/*
	 * Connect, and with TLS also shake hands and verify the other side. NULL with why. All of
	 * these give up at once when the output is to end.
	 */
	struct relay_stream *(*connect)(const struct relay_host *host,
			const struct relay_place *place, char why[RELAY_REASON]);

	/* Send all of it: 0. -errno otherwise (-ETIMEDOUT, -ECANCELED: the output is to end). */
	int (*send)(struct relay_stream *stream, const void *data, size_t len);

	/* At least one byte: how many. 0: the other side has closed. -errno as above. */
	ptrdiff_t (*receive)(struct relay_stream *stream, void *data, size_t size);

	/* Is it still open, as far as can be told without waiting? For one that was idle. */
	bool (*is_open)(struct relay_stream *stream);

	/* Why it has failed, in words. Until it is closed. */
	const char *(*why)(const struct relay_stream *stream);

	/* Accepts NULL. */
	void (*close)(struct relay_stream *stream);

	/* Wait so long, or less when the output is to end. True when it is. */
	bool (*sleep)(const struct relay_host *host, uint32_t milliseconds);

	/* Since minor number 1. */

	/*
	 * For protocols without answers: wait until the other machine's kernel has acknowledged
	 * all that was sent (of a Unix socket: until the other side has read it). 0, or -errno as
	 * above: -ETIMEDOUT when nothing more is acknowledged for the stream's timeout. When the
	 * output is to end, it is waited for a tenth of a second at most, then -ECANCELED.
	 */
	int (*drain)(struct relay_stream *stream);
};

/* --- the descriptor ------------------------------------------------------------------------- */

enum relay_flag {
	RELAY_USES_TLS = 1,	 /* the output has the settings cafile, certfile ... */
	RELAY_WANTS_FIELDS = 2,	 /* records have more than text and topic; costs memory and time */
	RELAY_WANTS_METRICS = 4, /* and their performance data taken apart */
	RELAY_CHECKS_ONLY = 8,	 /* only check results are delivered to it */
};

struct relay_counter {
	const char *name; /* a-z and _; NULL ends the table */
	const char *help; /* a few words */
	bool is_gauge;
};

/* Defaults of settings that every relay has, as an operator would write them. NULL: the host's. */
struct relay_defaults {
	const char *batch_records; /* "1000" */
	const char *batch_size;	   /* "1M" */
	const char *linger;	   /* "5", milliseconds */
	const char *schema;	   /* "logstash" */
};

struct relay_plugin {
	uint32_t abi_major, abi_minor; /* RELAY_HEADER */
	size_t size;

	const char *name;    /* the file's name without ".so" */
	const char *version; /* for the log and the manual */
	const char *help;    /* one sentence */
	unsigned flags;	     /* set of enum relay_flag */

	const struct relay_setting *settings; /* NULL: none */
	size_t config_size;		      /* of the struct that they set */
	struct relay_defaults defaults;
	const struct relay_counter *counters; /* NULL: none */

	/*
	 * What is wrong with the settings as a whole, as a sentence that also says what would be
	 * right; false when something is. NULL: never anything. For --test-config, too: nothing is
	 * opened here.
	 */
	bool (*check)(const void *config, char problem[RELAY_REASON]);

	/*
	 * Make an instance; connecting is deliver()'s or idle()'s to do. NULL: not now; the host
	 * tries again later.
	 */
	void *(*open)(const struct relay_host *host, const void *config);

	/* Deliver, and wait for the other side's word that it has arrived. */
	enum relay_verdict (*deliver)(void *instance, const struct relay_batch *batch,
			struct relay_outcome *outcome);

	/*
	 * Called about once a second while there is nothing to deliver: connect in advance, answer
	 * pings, rotate files. False, and outcome->reason, when the other side cannot be reached.
	 * NULL: not needed.
	 */
	bool (*idle)(void *instance, struct relay_outcome *outcome);

	void (*close)(void *instance);
};

extern RELAY_EXPORT const struct relay_plugin belfry_relay;

#ifdef __cplusplus
}
#endif

#endif
