/*
 * Any text as a decimal, a date and a time: a value or an error, and what was
 * read is written as a text that reads as the same value.  And as an address:
 * one that passes is plain ASCII, with what makes it one.
 *
 *	byte 0: the scale; the rest: the text
 */
#include <assert.h>

#include "codec/address.h"
#include "codec/decimal.h"
#include "codec/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_decimal(struct str text, unsigned scale)
{
	char written[DECIMAL_SIZE_MAX];
	int64_t integer, again;
	size_t size;

	if (decimal_read(text, scale, &integer) != DECIMAL_GOOD)
		return;
	assert(integer >= -decimal_max && integer <= decimal_max);
	size = decimal_format(integer, scale, written);
	assert(size <= sizeof(written));
	assert(decimal_parse((struct str){ written, size }, scale, &again) && again == integer);
}

static void
check_date(struct str text)
{
	char written[DATE_SIZE];
	int64_t days;

	if (!date_parse(text, &days))
		return;
	assert(days >= date_days_min && days <= date_days_max);
	date_format(days, written);
	assert(str_equal((struct str){ written, sizeof(written) }, text));
}

static void
check_time(struct str text)
{
	char written[TIME_RFC3339_SIZE], http[TIME_HTTP_SIZE];
	int64_t us, again;

	if (!time_parse_rfc3339(text, &us))
		return;
	time_format_rfc3339(us, written);
	assert(time_parse_rfc3339((struct str){ written, sizeof(written) }, &again) && again == us);
	time_format_http(us / 1000000, http);
}

static void
check_address(struct str text)
{
	bool email = email_check(text), url = url_check(text);

	assert(!email || str_find_byte(text, '@') < text.size);
	assert(!url || (text.size > 7 && str_find_byte(text, ':') <= 5));
	for (size_t i = 0; i < text.size; i++)
		assert((!email && !url) || (text.data[i] > ' ' && text.data[i] < 0x7f));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text;

	if (size == 0)
		return 0;
	text = (struct str){ (const char *)data + 1, size - 1 };
	check_decimal(text, data[0] % (DECIMAL_DIGITS_MAX + 1));
	check_date(text);
	check_time(text);
	check_address(text);
	return 0;
}
