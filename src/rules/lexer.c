/*
 * Text to tokens.  CEL's, as far as the language has them: names, numbers,
 * strings in either quote, operators.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/utf8.h"
#include "rules/number.h"
#include "rules/rules_internal.h"

struct str
compiler_shorten(struct str str)
{
	return utf8_cut(str, 48);
}

void *
compiler_fail(struct compiler *compiler, size_t offset, const char *format, ...)
{
	struct rule_error *error = compiler->error;
	va_list args;

	if (error->detail[0] != '\0')
		return NULL;
	error->offset = offset;
	va_start(args, format);
	vsnprintf(error->detail, sizeof(error->detail), format, args);
	va_end(args);
	return NULL;
}

void *
compiler_array(struct compiler *compiler, size_t count, size_t size)
{
	void *memory = arena_array(compiler->arena, count, size);

	if (memory == NULL)
		compiler_fail(compiler, 0, "the expression needs too much memory");
	return memory;
}

bool
compiler_count(struct compiler *compiler, size_t offset)
{
	return ++compiler->terms <= RULE_TERMS_MAX ||
	       compiler_fail(compiler, offset,
		   "expected at most %d comparisons, list items and operators", RULE_TERMS_MAX);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_name_part(char c)
{
	return is_name_start(c) || is_digit(c);
}

static char
peek(const struct compiler *compiler, size_t at)
{
	return at < compiler->text.size ? compiler->text.data[at] : '\0';
}

static void
end_token(struct compiler *compiler, size_t end)
{
	compiler->token.text = str_slice(compiler->text, compiler->at, end);
	compiler->at = end;
}

static bool
lex_name(struct compiler *compiler)
{
	static const struct {
		const char *word;
		enum token_kind kind;
	} words[] = {
		{ "true", TOKEN_TRUE },
		{ "false", TOKEN_FALSE },
		{ "null", TOKEN_NULL },
		{ "in", TOKEN_IN },
	};
	size_t end = compiler->at;

	while (is_name_part(peek(compiler, end)))
		end++;
	end_token(compiler, end);
	compiler->token.kind = TOKEN_NAME;
	for (size_t i = 0; i < COUNT(words); i++) {
		if (str_is(compiler->token.text, words[i].word))
			compiler->token.kind = words[i].kind;
	}
	return true;
}

static size_t
skip_digits(const struct compiler *compiler, size_t at)
{
	while (is_digit(peek(compiler, at)))
		at++;
	return at;
}

/* Where the exponent at ${at} ends; ${at} where there is none. */
static size_t
skip_exponent(const struct compiler *compiler, size_t at)
{
	size_t digits = at + 1;

	if (peek(compiler, at) != 'e' && peek(compiler, at) != 'E')
		return at;
	if (peek(compiler, digits) == '-' || peek(compiler, digits) == '+')
		digits++;
	return is_digit(peek(compiler, digits)) ? skip_digits(compiler, digits) : at;
}

static bool
lex_int(struct compiler *compiler)
{
	struct token *token = &compiler->token;
	struct str shown = compiler_shorten(token->text);

	token->kind = TOKEN_INT;
	token->value.kind = VALUE_INT;
	if (str_to_int(token->text, &token->value.integer))
		return true;
	token->is_huge = str_is(token->text, "9223372036854775808");
	token->value.integer = INT64_MIN;
	return token->is_huge ||
	       compiler_fail(compiler, token->offset,
		   "expected a whole number of 64 bits without leading zeros, not %.*s",
		   STR_ARGS(shown));
}

/* Digits, which the sign in front does not belong to. */
static bool
lex_number(struct compiler *compiler)
{
	struct token *token = &compiler->token;
	size_t whole = skip_digits(compiler, compiler->at), end = whole;

	if (peek(compiler, end) == '.' && is_digit(peek(compiler, end + 1)))
		end = skip_digits(compiler, end + 1);
	end = skip_exponent(compiler, end);
	if (is_name_part(peek(compiler, end)))
		return compiler_fail(compiler, end, "expected a number in decimal digits");
	end_token(compiler, end);
	if (end == whole)
		return lex_int(compiler);
	token->kind = TOKEN_NUMBER;
	return number_parse(token->text, &token->value) ||
	       compiler_fail(compiler, token->offset,
		   "expected a number of at most %d characters that a double can hold",
		   RULE_NUMBER_SIZE_MAX);
}

static bool
hex_value(char c, uint32_t *ret)
{
	if (is_digit(c))
		*ret = (uint32_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*ret = (uint32_t)(c - 'a' + 10);
	else if (c >= 'A' && c <= 'F')
		*ret = (uint32_t)(c - 'A' + 10);
	else
		return false;
	return true;
}

/* ${digits} hexadecimal digits at ${at}: a code point. */
static bool
lex_code_point(struct compiler *compiler, size_t at, size_t digits, char *ret, size_t *ret_size)
{
	uint32_t code = 0;

	for (size_t i = 0; i < digits; i++) {
		uint32_t digit;

		if (!hex_value(peek(compiler, at + i), &digit))
			return compiler_fail(compiler, at - 2,
			    "expected %zu hexadecimal digits behind '\\%c'", digits,
			    peek(compiler, at - 1));
		code = code << 4 | digit;
	}
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return compiler_fail(
		    compiler, at - 2, "this is not a character that a text can have");
	*ret_size = utf8_put(ret, code);
	return true;
}

/* The escape at compiler->text[at], a backslash: its bytes to ${ret}, and where it ends. */
static bool
lex_escape(struct compiler *compiler, size_t at, char *ret, size_t *ret_size, size_t *ret_end)
{
	static const char letters[] = "abfnrtv\\'\"`?", meanings[] = "\a\b\f\n\r\t\v\\'\"`?";
	static const char coded[] = "xuU";
	static const size_t digits[] = { 2, 4, 8 };
	char letter = peek(compiler, at + 1);
	const char *found = letter == '\0' ? NULL : strchr(letters, letter);

	if (found != NULL) {
		*ret = meanings[found - letters];
		*ret_size = 1;
		*ret_end = at + 2;
		return true;
	}
	found = letter == '\0' ? NULL : strchr(coded, letter);
	if (found == NULL)
		return compiler_fail(compiler, at,
		    "unknown escape: known are \\\\ \\' \\\" \\n \\r \\t \\uXXXX \\UXXXXXXXX");
	*ret_end = at + 2 + digits[found - coded];
	return lex_code_point(compiler, at + 2, digits[found - coded], ret, ret_size);
}

/* Where the string that begins at compiler->at ends, its quote counted; 0 where it does not. */
static size_t
string_end(const struct compiler *compiler)
{
	char quote = peek(compiler, compiler->at);

	for (size_t at = compiler->at + 1; at < compiler->text.size; at++) {
		char c = compiler->text.data[at];

		if (c == quote)
			return at + 1;
		if (c == '\n' || c == '\r' || c == '\0')
			return 0;
		if (c == '\\')
			at++;
	}
	return 0;
}

static bool
lex_string(struct compiler *compiler)
{
	size_t begin = compiler->at, end = string_end(compiler), size = 0;
	char *bytes;

	if (end == 0)
		return compiler_fail(compiler, begin, "the string that begins here does not end");
	bytes = compiler_array(compiler, end - begin, 1);
	if (bytes == NULL)
		return false;
	for (size_t at = begin + 1; at < end - 1;) {
		size_t part = 1;

		if (compiler->text.data[at] != '\\')
			bytes[size] = compiler->text.data[at++];
		else if (!lex_escape(compiler, at, bytes + size, &part, &at))
			return false;
		size += part;
	}
	end_token(compiler, end);
	compiler->token.kind = TOKEN_STRING;
	compiler->token.value = value_text((struct str){ bytes, size });
	return true;
}

static bool
lex_operator(struct compiler *compiler)
{
	/* Of two that begin alike the longer stands first. */
	static const struct {
		const char *text;
		enum token_kind kind;
	} operators[] = {
		{ "&&", TOKEN_AND },
		{ "||", TOKEN_OR },
		{ "==", TOKEN_EQ },
		{ "!=", TOKEN_NE },
		{ "<=", TOKEN_LE },
		{ ">=", TOKEN_GE },
		{ "<", TOKEN_LT },
		{ ">", TOKEN_GT },
		{ "!", TOKEN_NOT },
		{ "+", TOKEN_PLUS },
		{ "-", TOKEN_MINUS },
		{ "*", TOKEN_STAR },
		{ "/", TOKEN_SLASH },
		{ "%", TOKEN_PERCENT },
		{ "?", TOKEN_QUESTION },
		{ ":", TOKEN_COLON },
		{ "(", TOKEN_OPEN },
		{ ")", TOKEN_CLOSE },
		{ "[", TOKEN_LIST_OPEN },
		{ "]", TOKEN_LIST_CLOSE },
		{ ",", TOKEN_COMMA },
		{ ".", TOKEN_DOT },
	};
	/* Other languages'. */
	static const struct {
		const char *text, *ours;
	} foreign[] = { { "===", "==" }, { "!==", "!=" }, { "<>", "!=" } };
	struct str rest = str_slice(compiler->text, compiler->at, compiler->text.size);

	for (size_t i = 0; i < COUNT(foreign); i++)
		if (str_starts_with(rest, str_from(foreign[i].text)))
			return compiler_fail(compiler, compiler->at, "expected '%s' instead of '%s'",
			    foreign[i].ours, foreign[i].text);
	for (size_t i = 0; i < COUNT(operators); i++) {
		struct str text = str_from(operators[i].text);

		if (!str_starts_with(rest, text))
			continue;
		compiler->token.kind = operators[i].kind;
		end_token(compiler, compiler->at + text.size);
		return true;
	}
	switch (rest.data[0]) {
	case '=':
		return compiler_fail(compiler, compiler->at, "expected '=='");
	case '&':
		return compiler_fail(compiler, compiler->at, "expected '&&'");
	case '|':
		return compiler_fail(compiler, compiler->at, "expected '||'");
	}
	if (rest.data[0] > ' ' && rest.data[0] <= '~')
		return compiler_fail(
		    compiler, compiler->at, "'%c' is not part of the language", rest.data[0]);
	return compiler_fail(compiler, compiler->at, "this character can stand only in a string");
}

bool
lexer_next(struct compiler *compiler)
{
	char c;

	compiler->end = compiler->at;
	while (compiler->at < compiler->text.size &&
	       memchr(" \t\n\r", compiler->text.data[compiler->at], 4) != NULL)
		compiler->at++;
	compiler->token = (struct token){ .kind = TOKEN_END, .offset = compiler->at };
	if (compiler->at == compiler->text.size)
		return true;
	c = compiler->text.data[compiler->at];
	if (is_name_start(c))
		return lex_name(compiler);
	if (is_digit(c) || (c == '.' && is_digit(peek(compiler, compiler->at + 1))))
		return lex_number(compiler);
	if (c == '\'' || c == '"')
		return lex_string(compiler);
	return lex_operator(compiler);
}
