#pragma once
/* Addresses as people type them: whether a text has their form, not whether anybody is there. */
#include "base/str.h"

/* In characters: RFC 5321 4.5.3.1.3, and what browsers and proxies pass on. */
enum { EMAIL_LENGTH_MAX = 254, URL_LENGTH_MAX = 2048 };

/*
 * The form of an e-mail address in the HTML standard, which browsers check in
 * `<input type=email>`: ASCII, no quoted local part, no address literal.
 */
bool email_check(struct str text);
/*
 * An absolute http or https URL with a host (RFC 3986): ASCII, everything else
 * escaped, as browsers hand it on.
 */
bool url_check(struct str text);
