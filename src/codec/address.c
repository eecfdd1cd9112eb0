#include "codec/address.h"

#include <string.h>

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* --- e-mail ----------------------------------------------------------- */

static bool
is_label(struct str label)
{
	enum { LABEL_SIZE_MAX = 63 };

	if (label.size == 0 || label.size > LABEL_SIZE_MAX || label.data[0] == '-' ||
	    label.data[label.size - 1] == '-')
		return false;
	for (size_t i = 0; i < label.size; i++)
		if (!is_alnum(label.data[i]) && label.data[i] != '-')
			return false;
	return true;
}

bool
email_check(struct str text)
{
	size_t at = str_find_byte(text, '@');
	struct str domain = str_slice(text, at + (at < text.size), text.size), label;

	if (at == 0 || domain.size == 0 || domain.data[domain.size - 1] == '.')
		return false;
	for (size_t i = 0; i < at; i++)
		if (!is_alnum(text.data[i]) && !is_one_of(text.data[i], ".!#$%&'*+/=?^_`{|}~-"))
			return false;
	while (str_split(&domain, '.', &label))
		if (!is_label(label))
			return false;
	return true;
}

/* --- URL -------------------------------------------------------------- */

#define SUB_DELIMS "!$&'()*+,;="

static bool
has_only(struct str text, const char *more)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];

		if (c == '%' && (i + 2 >= text.size || hex_digit(text.data[i + 1]) < 0 ||
				    hex_digit(text.data[i + 2]) < 0))
			return false;
		if (!is_alnum(c) && !is_one_of(c, "-._~%" SUB_DELIMS) && !is_one_of(c, more))
			return false;
	}
	return true;
}

static bool
is_port(struct str text)
{
	unsigned port = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || port > 65535)
			return false;
		port = port * 10 + (unsigned)(text.data[i] - '0');
	}
	return port <= 65535;
}

/* "[::1]": the digits are looked at, not what they mean. */
static bool
is_ip_literal(struct str text)
{
	if (text.size < 4 || text.data[0] != '[' || text.data[text.size - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < text.size; i++)
		if (hex_digit(text.data[i]) < 0 && !is_one_of(text.data[i], ":."))
			return false;
	return true;
}

static bool
is_authority(struct str text)
{
	size_t at = text.size, colon;
	struct str host;

	while (at > 0 && text.data[at - 1] != '@')
		at--;
	if (!has_only(str_slice(text, 0, at), ":@"))
		return false;
	if (at > 0 && str_find_byte(text, '@') != at - 1)
		return false;
	host = str_slice(text, at, text.size);
	for (colon = host.size;
	     colon > 0 && host.data[colon - 1] != ':' && host.data[colon - 1] != ']';)
		colon--;
	if (colon > 0 && host.data[colon - 1] == ':') {
		if (!is_port(str_slice(host, colon, host.size)))
			return false;
		host = str_slice(host, 0, colon - 1);
	}
	return host.size > 0 && (is_ip_literal(host) || has_only(host, ""));
}

bool
url_check(struct str text)
{
	size_t scheme = str_find_byte(text, ':'), end;
	struct str rest = str_slice(text, scheme, text.size), fragment;

	if (!str_equal_nocase(str_slice(text, 0, scheme), STR("http")) &&
	    !str_equal_nocase(str_slice(text, 0, scheme), STR("https")))
		return false;
	if (!str_starts_with(rest, STR("://")))
		return false;
	rest = str_slice(rest, 3, rest.size);
	for (end = 0; end < rest.size && !is_one_of(rest.data[end], "/?#");)
		end++;
	if (!is_authority(str_slice(rest, 0, end)))
		return false;
	rest = str_slice(rest, end, rest.size);
	end = str_find_byte(rest, '#');
	fragment = str_slice(rest, end + (end < rest.size), rest.size);
	return has_only(str_slice(rest, 0, end), ":@/?") && has_only(fragment, ":@/?");
}
