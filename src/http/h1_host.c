#include <arpa/inet.h>
#include <string.h>

#include "http/grammar.h"
#include "http/h1.h"

/* Take an IP literal in brackets. */
static bool
take_literal(struct str *rest)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[16];
	size_t end = str_find_byte(*rest, ']');

	/* 'v' would begin an address of a version to come; none has come. */
	if (rest->data[0] != '[' || end == rest->size || end > sizeof(text))
		return false;
	memcpy(text, rest->data + 1, end - 1);
	text[end - 1] = 0;
	if (strlen(text) != end - 1 || inet_pton(AF_INET6, text, address) != 1)
		return false;
	*rest = str_slice(*rest, end + 1, rest->size);
	return true;
}

/* Take an IPv4 address or a name. */
static bool
take_name(struct str *rest)
{
	size_t i = 0;

	while (i < rest->size) {
		if (grammar_is(rest->data[i], GRAMMAR_HOST))
			i++;
		else if (rest->data[i] == '%' && rest->size - i >= 3 &&
		    grammar_is(rest->data[i + 1], GRAMMAR_HEX) &&
		    grammar_is(rest->data[i + 2], GRAMMAR_HEX))
			i += 3;
		else
			break;
	}
	*rest = str_slice(*rest, i, rest->size);
	return i > 0;
}

static bool
is_port(struct str text)
{
	unsigned port = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		port = port * 10 + (unsigned)(text.data[i] - '0');
		if (port > 65535)
			return false;
	}
	return true;
}

bool
h1_host_is_valid(struct str text)
{
	if (text.size == 0 || !(text.data[0] == '[' ? take_literal(&text) : take_name(&text)))
		return false;
	return text.size == 0 || (grammar_take_byte(&text, ':') && is_port(text));
}
