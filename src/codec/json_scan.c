#include "codec/json_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "codec/utf8.h"

enum { INT_DIGITS_SAFE = 18 };

bool
json_fail(struct json_parser *parser, const char *at, const char *detail)
{
	parser->err = ERR_BAD_JSON;
	parser->error = (struct json_error){ (uint32_t)(at - parser->start), detail };
	return false;
}

bool
json_fail_here(struct json_parser *parser, const char *expected)
{
	const char *detail = expected;

	if (parser->at == parser->end)
		detail = "the text ends too early";
	else if (*parser->at == '/' || *parser->at == '#')
		detail = "comments are not allowed";
	else if (*parser->at == '\'')
		detail = "strings stand in double quotes";
	else if (parser->end - parser->at >= 3 && memcmp(parser->at, "\xEF\xBB\xBF", 3) == 0)
		detail = "a byte order mark is not allowed";
	return json_fail(parser, parser->at, detail);
}

bool
json_fail_too_large(struct json_parser *parser)
{
	parser->err = ERR_TOO_LARGE;
	return false;
}

/* The code unit of "\uXXXX" at ${at}, or -1. */
static int
code_unit(const char *at, const char *end)
{
	int unit = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* Decode "\uXXXX", or a pair of them for what is beyond U+FFFF; ${at} moves behind it. */
static bool
decode_unicode(struct json_parser *parser, const char **at, const char *end, char **out)
{
	int unit = code_unit(*at, end), second;
	uint32_t code_point = (uint32_t)unit;

	if (unit < 0)
		return json_fail(parser, *at, "\\u needs four hexadecimal digits");
	if (unit >= 0xD800 && unit <= 0xDFFF) {
		second = code_unit(*at + 6, end);
		if (unit >= 0xDC00 || second < 0xDC00 || second > 0xDFFF)
			return json_fail(parser, *at, "half of a surrogate pair stands alone");
		code_point =
		    0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)second - 0xDC00);
		*at += 6;
	}
	*at += 6;
	*out += utf8_put(*out, code_point);
	return true;
}

static bool
decode_escape(struct json_parser *parser, const char **at, const char *end, char **out)
{
	static const char meanings[128] = { ['"'] = '"',
		['\\'] = '\\',
		['/'] = '/',
		['b'] = '\b',
		['f'] = '\f',
		['n'] = '\n',
		['r'] = '\r',
		['t'] = '\t' };
	unsigned char letter = (unsigned char)(*at)[1];

	if (letter == 'u')
		return decode_unicode(parser, at, end, out);
	if (letter >= sizeof(meanings) || meanings[letter] == 0)
		return json_fail(parser, *at, "there is no such escape");
	*(*out)++ = meanings[letter];
	*at += 2;
	return true;
}

/* ${raw} is all between the quotes, and no backslash is its last byte unless it is escaped. */
static bool
decode_string(struct json_parser *parser, struct str raw, struct str *ret)
{
	const char *at = raw.data, *end = raw.data + raw.size;
	char *first = arena_new(parser->arena, raw.size), *out = first;

	if (first == NULL)
		return json_fail_too_large(parser);
	while (at < end) {
		const char *escape = memchr(at, '\\', (size_t)(end - at));
		size_t plain = (size_t)((escape == NULL ? end : escape) - at);

		memcpy(out, at, plain);
		out += plain;
		at += plain;
		if (escape != NULL && !decode_escape(parser, &at, end, &out))
			return false;
	}
	*ret = (struct str){ first, (size_t)(out - first) };
	return true;
}

bool
json_parse_string(struct json_parser *parser, struct str *ret)
{
	const char *first = ++parser->at;
	bool escapes = false;
	struct str raw;

	while ((parser->at = json_find_special(parser->at, parser->end)) < parser->end) {
		if (*parser->at == '"')
			break;
		if (*parser->at != '\\')
			return json_fail(parser, parser->at, "a control character must be escaped");
		escapes = true;
		parser->at += parser->end - parser->at > 1 ? 2 : 1;
	}
	if (parser->at == parser->end)
		return json_fail(parser, first - 1, "the string has no end");
	raw = (struct str){ first, (size_t)(parser->at - first) };
	parser->at++;
	if (escapes)
		return decode_string(parser, raw, ret);
	*ret = raw;
	return true;
}

/* A number's digits without its point, and how many; they wrap around beyond 19. */
struct digits {
	uint64_t value;
	int64_t count;
};

static bool
scan_digits(struct json_parser *parser, struct digits *digits)
{
	const char *first = parser->at;

	while (json_is_digit(json_peek(parser)))
		digits->value = digits->value * 10 + (uint64_t)(*parser->at++ - '0');
	digits->count += parser->at - first;
	return parser->at > first || json_fail_here(parser, "expected a digit");
}

static bool
scan_exponent(struct json_parser *parser, int64_t *ret)
{
	struct digits digits = { 0 };
	int64_t exponent = 0;
	const char *first;
	bool negative;

	parser->at++;
	negative = json_peek(parser) == '-';
	if (negative || json_peek(parser) == '+')
		parser->at++;
	first = parser->at;
	if (!scan_digits(parser, &digits))
		return false;
	/* Far beyond every double it makes no difference how far. */
	for (; first < parser->at && exponent < 100000; first++)
		exponent = exponent * 10 + (*first - '0');
	*ret = negative ? -exponent : exponent;
	return true;
}

/* The program stays in the "C" locale, so strtod() reads a point as JSON writes it. */
static double
real_from_text(struct str text)
{
	char *copy, place[64];
	double real;

	if (text.size < sizeof(place)) {
		memcpy(place, text.data, text.size);
		place[text.size] = '\0';
		return strtod(place, NULL);
	}
	copy = memory_copy(text.data, text.size);
	real = strtod(copy, NULL);
	free(copy);
	return real;
}

/* Digits below 2^53 and powers up to 10^22 are exact doubles, so one operation rounds once. */
static double
real_from_digits(struct digits digits, int64_t exponent, struct str text)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	double real = (double)digits.value;

	if (digits.count > 19 || digits.value >= UINT64_C(1) << 53 || exponent < -22 ||
	    exponent > 22)
		return real_from_text(text);
	real = exponent < 0 ? real / powers[-exponent] : real * powers[exponent];
	return text.data[0] == '-' ? -real : real;
}

static bool
finish_integer(struct digits digits, struct str text, struct json *ret)
{
	bool fits = digits.count <= INT_DIGITS_SAFE;

	ret->text = text;
	if (fits)
		ret->integer = text.data[0] == '-' ? -(int64_t)digits.value : (int64_t)digits.value;
	else
		fits = str_to_int(text, &ret->integer);
	if (fits) {
		ret->type = JSON_INT;
		return true;
	}
	ret->type = JSON_REAL;
	ret->real = real_from_text(text);
	return true;
}

bool
json_parse_number(struct json_parser *parser, struct json *ret)
{
	const char *first = parser->at, *first_digit;
	struct digits digits = { 0 };
	int64_t exponent = 0, whole_count;
	struct str text;

	if (*first == '-')
		parser->at++;
	first_digit = parser->at;
	if (!scan_digits(parser, &digits))
		return false;
	if (*first_digit == '0' && digits.count > 1)
		return json_fail(parser, first_digit, "a number has no leading zeros");
	text = (struct str){ first, (size_t)(parser->at - first) };
	if (json_peek(parser) != '.' && json_peek(parser) != 'e' && json_peek(parser) != 'E')
		return finish_integer(digits, text, ret);
	whole_count = digits.count;
	if (json_peek(parser) == '.') {
		parser->at++;
		if (!scan_digits(parser, &digits))
			return false;
	}
	if ((json_peek(parser) == 'e' || json_peek(parser) == 'E') &&
	    !scan_exponent(parser, &exponent))
		return false;
	text.size = (size_t)(parser->at - first);
	ret->type = JSON_REAL;
	ret->real = real_from_digits(digits, exponent - (digits.count - whole_count), text);
	ret->text = text;
	return true;
}
