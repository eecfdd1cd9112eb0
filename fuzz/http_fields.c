/*
 * Any bytes as the values, one a line, of each field that has a grammar of its
 * own: nothing is read outside them, and answers stay within their promises.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "http/accept.h"
#include "codec/time.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/media_type.h"
#include "http/prefer.h"
#include "http/range.h"
#include "http/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_accept(const struct h1_head *head)
{
	int quality = accept_quality(head, STR("application/json"));

	assert(quality >= 0 && quality <= ACCEPT_QUALITY_MAX);
	assert(accept_admits(head, STR("application/json")) == (quality > 0));
	if (accept_names(head, STR("application/json")))
		assert(head->known[H1_ACCEPT].data != NULL);
}

static void
check_tag(const struct conditional *conditional, int64_t number, struct str tag)
{
	int64_t read;

	assert(etag_number(tag, &read) && read == number);
	/* Who has the tag itself has its number. */
	if (!conditional_if_none_match_etag(conditional, tag))
		assert(!conditional_if_none_match(conditional, number));
}

static void
check_number(const struct conditional *conditional, int64_t number)
{
	struct buf tag;

	buf_init(&tag, 100);
	etag_add(&tag, number);
	check_tag(conditional, number, buf_str(&tag));
	buf_clear(&tag);
	etag_add_shape(&tag, number, STR("h"));
	check_tag(conditional, number, buf_str(&tag));
	/* A tag that fits strongly fits weakly too. */
	if (conditional_if_match(conditional, number))
		assert(!conditional_if_none_match(conditional, number));
	buf_release(&tag);
}

static void
check_conditional(const struct h1_head *head)
{
	static const int64_t numbers[] = { 0, 5, INT64_MAX };
	struct conditional conditional;
	const char *detail = NULL;

	if (conditional_parse(head, &conditional, &detail) != OK) {
		assert(detail != NULL);
		return;
	}
	for (size_t i = 0; i < COUNT(numbers); i++)
		check_number(&conditional, numbers[i]);
}

static void
check_others(const struct h1_head *head)
{
	struct prefer prefer = prefer_parse(head);
	struct str value = head->known[H1_CONTENT_TYPE];
	struct media_type type;

	assert(prefer.max_affected >= -1);
	if (media_kind(value) != MEDIA_NONE && media_kind(value) != MEDIA_OTHER)
		assert(media_type_parse(value, &type));
}

/* A date that is read is written as the same second; a part lies in its whole. */
static void
check_file(const struct h1_head *head)
{
	struct conditional conditional;
	const char *detail;

	for (size_t i = 0; i < head->fields_count; i++) {
		struct str value = head->fields[i].value;
		int64_t seconds, again;
		size_t first, end;

		if (http_date_parse(value, 0, &seconds) && seconds <= time_us_max / 1000000) {
			char text[TIME_HTTP_SIZE];

			time_format_http(seconds, text);
			assert(http_date_parse((struct str){ text, sizeof(text) }, 0, &again) && again == seconds);
		}
		for (size_t size = 0; size < 12; size += 4)
			if (range_parse(value, size, &first, &end) == RANGE_PART)
				assert(first < end && end <= size);
	}
	if (conditional_parse(head, &conditional, &detail) == OK)
		(void)conditional_file(&conditional, STR("\"5\""), 5, 0);
}

/* Lines as fields of one name; whatever has a control character is no field value. */
static bool
head_of(struct str lines, const char *names[], size_t names_count, struct buf *text, struct h1_head *ret)
{
	const char *detail;
	struct str line;

	buf_clear(text);
	buf_add_c(text, "GET / HTTP/1.1\r\nHost: a\r\n");
	while (str_split(&lines, '\n', &line)) {
		for (size_t i = 0; i < names_count; i++)
			response_field(text, str_from(names[i]), line);
	}
	response_end(text);
	return text->err == OK && h1_head_parse(buf_str(text), ret, &detail) == OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *lists[] = { "Accept", "If-Match", "If-None-Match", "Prefer", "If-Modified-Since",
		"If-Unmodified-Since" };
	const char *single[] = { "Content-Type" };
	struct str lines = { (const char *)data, size };
	static struct h1_head head;
	struct buf text;

	if (size == 0)
		return 0;
	buf_init(&text, 1 << 20);
	if (head_of(lines, lists, COUNT(lists), &text, &head)) {
		check_accept(&head);
		check_conditional(&head);
		check_others(&head);
		check_file(&head);
	}
	if (head_of(lines, single, 1, &text, &head))
		check_others(&head);
	buf_release(&text);
	return 0;
}
