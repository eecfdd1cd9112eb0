#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "http/h1.h"

/* What has arrived, in a block of just that size, so that the sanitizer sees a read past it. */
struct wire {
	char *bytes;
	size_t size;
};

static void
wire_set(struct wire *wire, const char *bytes, size_t size)
{
	free(wire->bytes);
	wire->bytes = malloc(size == 0 ? 1 : size);
	assert_non_null(wire->bytes);
	memcpy(wire->bytes, bytes, size);
	wire->size = size;
}

struct outcome {
	enum err err;
	size_t skip, size;
};

static void
look(struct wire *wire, const char *bytes, size_t size, size_t *scanned, struct outcome *ret)
{
	wire_set(wire, bytes, size);
	ret->err = h1_head_end((struct str){ wire->bytes, size }, scanned, &ret->skip, &ret->size);
	/* All has been looked at, but for a CR that waits for its LF: so it is never quadratic. */
	if (ret->err == OK && ret->size == 0)
		assert_true(*scanned + 1 >= size);
}

static void
summarize_fields(const struct h1_head *head, struct buf *buf)
{
	for (size_t i = 0; i < head->fields_count; i++) {
		if (str_equal_nocase(head->fields[i].name, STR("host")))
			continue;
		buf_add_byte(buf, ' ');
		buf_add_str(buf, head->fields[i].name);
		buf_add_c(buf, "=[");
		buf_add_str(buf, head->fields[i].value);
		buf_add_byte(buf, ']');
	}
}

static void
summarize(const struct h1_head *head, struct buf *buf)
{
	buf_addf(buf, head->method == H1_OTHER ? "(%.*s)" : "%.*s", STR_ARGS(head->method_text));
	buf_addf(buf, " %.*s", STR_ARGS(head->path));
	if (head->query.data != NULL)
		buf_addf(buf, "?%.*s", STR_ARGS(head->query));
	buf_addf(buf, " 1.%d %s", head->minor, head->keep_alive ? "keep" : "close");
	if (head->framing == H1_LENGTH)
		buf_addf(buf, " length=%" PRIu64, head->content_length);
	else
		buf_add_c(buf, head->framing == H1_CHUNKED ? " chunked" : " none");
	if (head->expect_continue)
		buf_add_c(buf, " continue");
	if (head->known[H1_HOST].data != NULL)
		buf_addf(buf, " host=%.*s", STR_ARGS(head->known[H1_HOST]));
	summarize_fields(head, buf);
}

/* What became of the head in ${wire}, as the cases say it. */
static void
verdict(struct wire *wire, const struct outcome *outcome, struct buf *ret)
{
	const char *detail = NULL;
	struct h1_head head;
	enum err err = outcome->err;

	buf_clear(ret);
	if (err == OK) {
		assert_true(outcome->size > 0);
		/* The head in a block of its own, as no byte behind it may matter. */
		char *bytes = memory_copy(wire->bytes + outcome->skip, outcome->size);

		wire_set(wire, bytes, outcome->size);
		free(bytes);
		memset(&head, 0xa5, sizeof(head));
		err = h1_head_parse((struct str){ wire->bytes, wire->size }, &head, &detail);
		if (err == OK)
			summarize(&head, ret);
		else
			assert_non_null(detail);
	}
	if (err != OK)
		buf_add_c(ret, err_row(err)->code);
	buf_add_byte(ret, 0);
}

struct head_case {
	const char *bytes;
	size_t size;
	const char *verdict;
};

static const struct head_case cases[] = {
#define CASE(bytes, verdict) { bytes, sizeof(bytes) - 1, verdict },
#include "http/h1_head_cases.def"
#undef CASE
};

static void
expect(const struct head_case *c, struct wire *wire, const struct outcome *outcome, const char *how)
{
	struct buf buf;

	buf_init(&buf, 1 << 20);
	verdict(wire, outcome, &buf);
	if (strcmp(buf.data, c->verdict) != 0)
		fail_msg("case %zu %s\n%.*s\ngives %s\nnot   %s", (size_t)(c - cases), how, (int)c->size,
		    c->bytes, buf.data, c->verdict);
	buf_release(&buf);
}

static void
test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome outcome = { 0 };
		struct wire wire = { 0 };
		size_t scanned = 0;

		look(&wire, cases[i].bytes, cases[i].size, &scanned, &outcome);
		expect(&cases[i], &wire, &outcome, "whole");
		free(wire.bytes);
	}
}

static void
test_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome outcome = { 0 };
		struct wire wire = { 0 };
		size_t scanned = 0;

		for (size_t n = 0; n <= cases[i].size && outcome.err == OK && outcome.size == 0; n++)
			look(&wire, cases[i].bytes, n, &scanned, &outcome);
		expect(&cases[i], &wire, &outcome, "byte by byte");
		free(wire.bytes);
	}
}

static void
test_split_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t split = 0; split <= cases[i].size; split++) {
			struct outcome outcome = { 0 };
			struct wire wire = { 0 };
			size_t scanned = 0;

			look(&wire, cases[i].bytes, split, &scanned, &outcome);
			if (outcome.err == OK && outcome.size == 0)
				look(&wire, cases[i].bytes, cases[i].size, &scanned, &outcome);
			expect(&cases[i], &wire, &outcome, "split");
			free(wire.bytes);
		}
	}
}

/* A good request before whatever follows it is the same request. */
static void
test_pipelined(void **state)
{
	static const char *const followers[] = { "GET / HTTP/1.1\r\nHost: b\r\n\r\n", "\n", "\0x", "x" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t f = 0; f < COUNT(followers) && strchr(cases[i].verdict, ' ') != NULL; f++) {
			size_t more = strlen(followers[f]) + 1, size = cases[i].size + more, scanned = 0;
			char *both = memory_new(size);
			struct outcome outcome = { 0 };
			struct wire wire = { 0 };

			memcpy(both, cases[i].bytes, cases[i].size);
			memcpy(both + cases[i].size, followers[f], more);
			look(&wire, both, size, &scanned, &outcome);
			assert_int_equal(outcome.err, OK);
			assert_int_equal(outcome.skip + outcome.size, cases[i].size);
			expect(&cases[i], &wire, &outcome, "followed by another");
			free(wire.bytes);
			free(both);
		}
	}
}

/* The verdict on ${text}, fed in pieces of ${step} bytes; the code, or "ok" or "more". */
static const char *
fed(const struct buf *text, size_t step)
{
	const char *detail;
	static struct h1_head head;
	size_t scanned = 0, skip = 0, size = 0;
	enum err err = OK;

	for (size_t n = step; err == OK && size == 0; n += step) {
		if (n > text->size)
			n = text->size;
		err = h1_head_end((struct str){ text->data, n }, &scanned, &skip, &size);
		if (n == text->size)
			break;
	}
	if (err == OK && size == 0)
		return "more";
	if (err == OK)
		err = h1_head_parse((struct str){ text->data + skip, size }, &head, &detail);
	return err == OK ? "ok" : err_row(err)->code;
}

static void
expect_fed(const struct buf *text, const char *verdict_wanted)
{
	static const size_t steps[] = { 1, 2, 3, 7, 1000, 16384, 1 << 20 };

	for (size_t i = 0; i < COUNT(steps); i++)
		assert_string_equal(fed(text, steps[i]), verdict_wanted);
}

static void
fill(struct buf *buf, size_t count)
{
	while (count-- > 0)
		buf_add_byte(buf, 'x');
}

static void
expect_target(size_t target_size, const char *rest, const char *verdict_wanted)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add_c(&text, "GET /");
	fill(&text, target_size - 1);
	buf_add_c(&text, rest);
	expect_fed(&text, verdict_wanted);
	buf_release(&text);
}

static void
test_target_limit(void **state)
{
	(void)state;
	expect_target(H1_TARGET_SIZE_MAX, " HTTP/1.1\r\nHost: a\r\n\r\n", "ok");
	expect_target(H1_TARGET_SIZE_MAX + 1, " HTTP/1.1\r\nHost: a\r\n\r\n", "uri_too_long");
	expect_target(H1_TARGET_SIZE_MAX + 60, " HTTP/1.1\r\nHost: a\r\n\r\n", "uri_too_long");
	expect_target(40 * 1024, " HTTP/1.1\r\nHost: a\r\n\r\n", "uri_too_long");
	expect_target(17 * 1024, "", "uri_too_long");
	expect_target(H1_TARGET_SIZE_MAX, "", "more");
	expect_target(17 * 1024, "\n", "uri_too_long");
	expect_target(15 * 1024, "\n", "bad_request");
}

static void
expect_head(size_t size, const char *verdict_wanted)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add_c(&text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	fill(&text, size - text.size - 4);
	buf_add_c(&text, "\r\n\r\n");
	expect_fed(&text, verdict_wanted);
	buf_release(&text);
}

static void
test_head_limit(void **state)
{
	(void)state;
	expect_head(H1_HEAD_SIZE_MAX, "ok");
	expect_head(H1_HEAD_SIZE_MAX + 1, "head_too_large");
	expect_head(H1_HEAD_SIZE_MAX + 2, "head_too_large");
	expect_head(H1_HEAD_SIZE_MAX + 3, "head_too_large");
	expect_head(H1_HEAD_SIZE_MAX + 4, "head_too_large");
	expect_head(3 * H1_HEAD_SIZE_MAX, "head_too_large");
}

/* A head that has not ended waits until no end could be good any more. */
static void
test_unended_head(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_add_c(&text, "GET / HTTP/1.1\r\nX: ");
	fill(&text, H1_HEAD_SIZE_MAX - 1 - text.size);
	expect_fed(&text, "more");
	fill(&text, 1);
	expect_fed(&text, "head_too_large");
	buf_release(&text);
}

static void
expect_fields(unsigned count, const char *verdict_wanted)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add_c(&text, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (unsigned i = 1; i < count; i++)
		buf_addf(&text, "X-%u: %u\r\n", i, i);
	buf_add_c(&text, "\r\n");
	expect_fed(&text, verdict_wanted);
	buf_release(&text);
}

static void
test_fields_limit(void **state)
{
	(void)state;
	expect_fields(H1_FIELDS_MAX, "ok");
	expect_fields(H1_FIELDS_MAX + 1, "head_too_large");
	expect_fields(2000, "head_too_large");
}

static enum err
parse(struct str text, struct h1_head *ret)
{
	const char *detail = NULL;
	enum err err = h1_head_parse(text, ret, &detail);

	if (err != OK)
		assert_non_null(detail);
	return err;
}

static void
test_known_fields(void **state)
{
	struct str text = STR("GET / HTTP/1.1\r\nHOST: 0\r\nAuthorization: 1\r\nCONTENT-TYPE: 2\r\n"
			      "accept: 3\r\nIf-Match: 4\r\nif-NONE-match: 5\r\nIdempotency-Key: 6\r\n"
			      "Prefer: 7\r\nlast-event-id: 8\r\nCaisson-Commit: 9\r\nOrigin: 10\r\n\r\n");
	struct h1_head head;

	(void)state;
	assert_int_equal(parse(text, &head), OK);
	for (int i = 0; i < H1_KNOWN_COUNT; i++) {
		int64_t number;

		assert_true(str_to_int(head.known[i], &number));
		assert_int_equal(number, i);
	}
	assert_true(str_is(h1_head_field(&head, "if-none-match"), "5"));
	assert_null(h1_head_field(&head, "if-none-matc").data);
	/* Near misses are other fields. */
	assert_int_equal(parse(STR("GET / HTTP/1.1\r\nHost: a\r\nAccepx: 1\r\nIf_Match: 2\r\n"
				   "Caisson_Commit: 3\r\nOrigin1: 4\r\n\r\n"), &head), OK);
	for (int i = H1_HOST + 1; i < H1_KNOWN_COUNT; i++)
		assert_null(head.known[i].data);
}

static void
test_lists_of_several_lines(void **state)
{
	struct str text = STR("GET / HTTP/1.1\r\nHost: a\r\nAccept: b\r\nX: y\r\naccept: c, d\r\n\r\n");
	struct h1_head head;
	struct str value;
	size_t index = 0;

	(void)state;
	assert_int_equal(parse(text, &head), OK);
	assert_true(str_is(head.known[H1_ACCEPT], "b"));
	assert_true(h1_head_list_next(&head, STR("Accept"), &index, &value));
	assert_true(str_is(value, "b"));
	assert_true(h1_head_list_next(&head, STR("Accept"), &index, &value));
	assert_true(str_is(value, "c, d"));
	assert_false(h1_head_list_next(&head, STR("Accept"), &index, &value));
}

/* An answer to HEAD has no body, even where the head was refused. */
static void
test_method_outlives_errors(void **state)
{
	struct h1_head head;

	(void)state;
	assert_int_equal(parse(STR("HEAD x HTTP/1.1\r\n\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(head.method, H1_HEAD);
	assert_int_equal(parse(STR("HEAD / HTTP/1.1\r\nX\r\n\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(head.method, H1_HEAD);
	assert_int_equal(parse(STR("HE@D / HTTP/1.1\r\n\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(head.method, H1_OTHER);
	assert_int_equal(head.method_text.size, 0);
}

static void
test_parts_of_heads(void **state)
{
	struct h1_head head;

	(void)state;
	assert_int_equal(parse(STR(""), &head), ERR_BAD_REQUEST);
	assert_int_equal(parse(STR("\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(parse(STR("\r\n\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(parse(STR("GET / HTTP/1.1\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(parse(STR("GET / HTTP/1.1\r\n\r\nHost: a\r\n\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(parse(STR("G\r\n\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(parse(STR("G /\r\n\r\n"), &head), ERR_BAD_REQUEST);
	assert_int_equal(parse(STR("G / HTTP/1.1\r\nX:\r\n\r\n"), &head), ERR_BAD_REQUEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_split_everywhere),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_target_limit),
		cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_unended_head),
		cmocka_unit_test(test_fields_limit),
		cmocka_unit_test(test_known_fields),
		cmocka_unit_test(test_lists_of_several_lines),
		cmocka_unit_test(test_method_outlives_errors),
		cmocka_unit_test(test_parts_of_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
