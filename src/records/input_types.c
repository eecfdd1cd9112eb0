/* The values of a body, as each type of field reads them. */
#include <math.h>
#include <stdio.h>

#include "codec/address.h"
#include "codec/canonical.h"
#include "codec/decimal.h"
#include "codec/time.h"
#include "codec/utf8.h"
#include "records/input_internal.h"
#include "records/links.h"

enum { PATTERN_SHOWN_MAX = 200 };

static void
check_range(const struct member_check *check, int64_t size, const char *small, const char *large,
    const char *unit)
{
	const struct field *column = check->column;

	if (column->has_min && size < column->min)
		field_error_add(check->errors, check->arena, check->pointer, small,
		    "%.*s must be at least %lld%s", STR_ARGS(column->name), (long long)column->min,
		    unit);
	if (column->has_max && size > column->max)
		field_error_add(check->errors, check->arena, check->pointer, large,
		    "%.*s must be at most %lld%s", STR_ARGS(column->name), (long long)column->max,
		    unit);
}

/* The characters of a text, at most ${most} where nothing less is declared. */
static void
check_length(const struct member_check *check, int64_t most)
{
	const struct field *column = check->column;
	int64_t length;

	if (!column->has_min && !column->has_max && most == INT64_MAX)
		return;
	length = (int64_t)utf8_length(check->json->string);
	check_range(check, length, "too_short", "too_long", " characters long");
	if (length > most && !column->has_max)
		field_error_add(check->errors, check->arena, check->pointer, "too_long",
		    "%.*s must be at most %lld characters long", STR_ARGS(column->name),
		    (long long)most);
}

/* Items of a list. */
static void
check_count(const struct member_check *check, size_t count)
{
	check_range(check, (int64_t)count, "too_short", "too_long", " items long");
}

struct str
input_bound_text(const struct field *column, int64_t bound, char ret[TIME_RFC3339_SIZE])
{
	switch (column->type) {
	case FIELD_TIME:
		time_format_rfc3339(bound, ret);
		return (struct str){ ret, TIME_RFC3339_SIZE };
	case FIELD_DATE:
		date_format(bound, ret);
		return (struct str){ ret, DATE_SIZE };
	default:
		return (struct str){ ret, decimal_format(bound, column->scale, ret) };
	}
}

static void
check_bounds(
    const struct member_check *check, int64_t value, const char *not_below, const char *not_above)
{
	const struct field *column = check->column;
	char text[TIME_RFC3339_SIZE];
	struct str bound;

	if (column->has_min && value < column->min) {
		bound = input_bound_text(column, column->min, text);
		field_error_add(check->errors, check->arena, check->pointer, "too_small",
		    "%.*s must %s %.*s", STR_ARGS(column->name), not_below, STR_ARGS(bound));
	}
	if (column->has_max && value > column->max) {
		bound = input_bound_text(column, column->max, text);
		field_error_add(check->errors, check->arena, check->pointer, "too_large",
		    "%.*s must %s %.*s", STR_ARGS(column->name), not_above, STR_ARGS(bound));
	}
}

/* --- one function for each field type -------------------------------- */

static bool
read_text(const struct member_check *check)
{
	if (check->json->type != JSON_STRING)
		return false;
	*check->ret = value_text(check->json->string);
	if (str_find_byte(check->json->string, '\0') < check->json->string.size) {
		/* PostgreSQL cannot keep it, so nobody can. */
		input_wrong(check, "type", "a text without U+0000");
		return true;
	}
	check_length(check, INT64_MAX);
	if (check->column->pattern_code != NULL &&
	    !pattern_matches(check->column->pattern_code, check->json->string))
		field_error_add(check->errors, check->arena, check->pointer, "pattern",
		    "%.*s must match %.*s", STR_ARGS(check->column->name),
		    STR_ARGS(utf8_cut(check->column->pattern, PATTERN_SHOWN_MAX)));
	return true;
}

static bool
read_email(const struct member_check *check)
{
	if (check->json->type != JSON_STRING || !email_check(check->json->string))
		return false;
	*check->ret = value_text(check->json->string);
	check_length(check, EMAIL_LENGTH_MAX);
	return true;
}

static bool
read_url(const struct member_check *check)
{
	if (check->json->type != JSON_STRING || !url_check(check->json->string))
		return false;
	*check->ret = value_text(check->json->string);
	check_length(check, URL_LENGTH_MAX);
	return true;
}

/* 1.0 and 1e3 are whole numbers as well (JSON Schema, 6.1.1): by their digits, as no double has them all. */
static bool
is_whole(struct str number, int64_t *ret)
{
	int64_t integer = 0, unit = 1;

	for (unsigned scale = 0; scale < DECIMAL_DIGITS_MAX; scale++, unit *= 10) {
		enum decimal_verdict verdict = decimal_read(number, scale, &integer);

		if (verdict == DECIMAL_TOO_FINE)
			continue;
		*ret = integer / unit;
		return verdict == DECIMAL_GOOD && integer % unit == 0;
	}
	return false;
}

static bool
to_integer(const struct json *json, int64_t *ret)
{
	if (json->type != JSON_INT)
		return json->type == JSON_REAL && is_whole(json->text, ret);
	*ret = json->integer;
	return true;
}

static bool
read_int(const struct member_check *check)
{
	int64_t integer;

	if (!to_integer(check->json, &integer))
		return false;
	*check->ret = value_int(integer);
	check_range(check, integer, "too_small", "too_large", "");
	return true;
}

static bool
read_bool(const struct member_check *check)
{
	if (check->json->type != JSON_BOOL)
		return false;
	*check->ret = value_bool(check->json->boolean);
	return true;
}

static void
wrong_enum(const struct member_check *check)
{
	char words[400] = "";
	size_t at = 0;

	for (size_t i = 0; i < check->column->values_count && at + 80 < sizeof(words); i++)
		at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%.*s", i == 0 ? "" : ", ",
		    check->column->values[i].size > 64 ? 64 : (int)check->column->values[i].size,
		    check->column->values[i].data);
	field_error_add(check->errors, check->arena, check->pointer, "enum",
	    "%.*s must be one of: %s", STR_ARGS(check->column->name), words);
}

static bool
read_enum(const struct member_check *check)
{
	if (check->json->type != JSON_STRING)
		return false;
	*check->ret = value_text(check->json->string);
	for (size_t i = 0; i < check->column->values_count; i++)
		if (str_equal(check->column->values[i], check->json->string))
			return true;
	wrong_enum(check);
	return true;
}

static bool
read_time(const struct member_check *check)
{
	const char *wanted;
	int64_t us;

	if (check->json->type != JSON_STRING)
		return false;
	if (!time_parse_rfc3339(check->json->string, &us)) {
		if ((wanted = time_wanted(check->json->string)) != NULL)
			input_wrong(check, "type", wanted);
		return wanted != NULL;
	}
	*check->ret = value_time(us);
	check_bounds(check, us, "not be before", "not be after");
	return true;
}

static bool
read_date(const struct member_check *check)
{
	int64_t days;

	if (check->json->type != JSON_STRING || !date_parse(check->json->string, &days))
		return false;
	*check->ret = value_date(days);
	check_bounds(check, days, "not be before", "not be after");
	return true;
}

static bool
is_number(const struct json *json)
{
	return json->type == JSON_INT || json->type == JSON_REAL;
}

/* A finite double that is not -0; false with what is wrong noted for ${pointer}. */
static bool
to_real(const struct member_check *check, const struct json *json, struct str pointer, double *ret)
{
	double real = json->type == JSON_INT ? (double)json->integer : json->real;
	const char *code = NULL, *what = NULL;

	if (real == 0 && json->text.size > 0 && json->text.data[0] == '-')
		code = "type", what = "a number that is not -0";
	else if (!isfinite(real))
		code = real > 0 ? "too_large" : "too_small", what = "a number of double precision";
	if (code != NULL)
		field_error_add(check->errors, check->arena, pointer, code, "%.*s must be %s",
		    STR_ARGS(check->column->name), what);
	*ret = real;
	return code == NULL;
}

static bool
read_float(const struct member_check *check)
{
	const struct field *column = check->column;
	double real;

	if (!is_number(check->json))
		return false;
	if (!to_real(check, check->json, check->pointer, &real))
		return true;
	*check->ret = value_real(real);
	if (column->has_min && real < column->real_min)
		field_error_add(check->errors, check->arena, check->pointer, "too_small",
		    "%.*s must be at least %.15g", STR_ARGS(column->name), column->real_min);
	if (column->has_max && real > column->real_max)
		field_error_add(check->errors, check->arena, check->pointer, "too_large",
		    "%.*s must be at most %.15g", STR_ARGS(column->name), column->real_max);
	return true;
}

/* A number is taken by its text, so that no double is between; only there an exponent is known. */
static enum decimal_verdict
to_decimal(const struct json *json, unsigned scale, int64_t *ret)
{
	if (is_number(json))
		return decimal_read(json->text, scale, ret);
	if (json->type != JSON_STRING || str_find_byte(json->string, 'e') < json->string.size ||
	    str_find_byte(json->string, 'E') < json->string.size)
		return DECIMAL_BROKEN;
	return decimal_read(json->string, scale, ret);
}

static bool
read_decimal(const struct member_check *check)
{
	const struct field *column = check->column;
	struct str text =
	    check->json->type == JSON_STRING ? check->json->string : check->json->text;
	int64_t integer = 0;

	switch (to_decimal(check->json, column->scale, &integer)) {
	case DECIMAL_GOOD:
		*check->ret = value_decimal(integer, column->scale);
		check_bounds(check, integer, "be at least", "be at most");
		return true;
	case DECIMAL_TOO_FINE:
		field_error_add(check->errors, check->arena, check->pointer, "type",
		    "%.*s must have at most %u digits behind the point", STR_ARGS(column->name),
		    column->scale);
		return true;
	case DECIMAL_TOO_LARGE:
		field_error_add(check->errors, check->arena, check->pointer,
		    text.data[0] == '-' ? "too_small" : "too_large",
		    "%.*s must have at most %d digits, %u of them behind the point",
		    STR_ARGS(column->name), DECIMAL_DIGITS_MAX, column->scale);
		return true;
	case DECIMAL_BROKEN:
		break;
	}
	return false;
}

static bool
read_id(enum field_type type, const struct json *json, struct value *ret)
{
	*ret = value_int(0);
	if (type == FIELD_INT)
		return to_integer(json, &ret->integer);
	ret->kind = VALUE_UUID;
	return type == FIELD_ID && json->type == JSON_STRING &&
	       uuid_parse(json->string, &ret->uuid);
}

static bool
read_ref(const struct member_check *check)
{
	return read_id(check->column->to->id_type, check->json, check->ret);
}

/* --- what is kept as JSON ---------------------------------------------- */

static bool
read_json(const struct member_check *check)
{
	enum canonical_verdict verdict;
	struct buf buf;

	buf_init(&buf, check->arena->size_max);
	verdict = json_canonical(&buf, check->json);
	*check->ret = value_json(arena_str(check->arena, buf_str(&buf)));
	if (verdict == CANONICAL_HAS_NUL)
		input_wrong(check, "type", "JSON without U+0000");
	else if (verdict == CANONICAL_NOT_FINITE)
		input_wrong(check, "type", "JSON with numbers of double precision");
	else if (buf.err != OK || check->ret->text.data == NULL)
		input_wrong(check, "too_long", "shorter");
	buf_release(&buf);
	return true;
}

static struct str
item_pointer(const struct member_check *check, uint32_t item)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", item);
	return input_pointer(check->arena, check->pointer, str_from(text));
}

static const char *
what_item(const struct field *column)
{
	if (column->type == FIELD_LIST)
		return field_types[column->of].what;
	return column->to->id_type == FIELD_INT ? "the id of a record (a whole number)"
						: "the id of a record";
}

static void
wrong_item(const struct member_check *check, uint32_t item, const char *what)
{
	field_error_add(check->errors, check->arena, item_pointer(check, item), "type",
	    "each of %.*s must be %s", STR_ARGS(check->column->name), what);
}

static void
check_item(const struct member_check *check, uint32_t at)
{
	static const enum json_type types[FIELD_TYPE_COUNT] = {
		[FIELD_TEXT] = JSON_STRING, [FIELD_BOOL] = JSON_BOOL };
	struct json *item = &check->json->items[at];
	int64_t integer;

	if (check->column->of == FIELD_FLOAT && is_number(item)) {
		/* From here on it is a double, as it is to whoever compares with it. */
		if (to_real(check, item, item_pointer(check, at), &item->real))
			item->type = JSON_REAL;
	} else if (check->column->of == FIELD_INT && to_integer(item, &integer)) {
		item->type = JSON_INT;
		item->integer = integer;
	} else if (types[check->column->of] == JSON_NULL || item->type != types[check->column->of]) {
		wrong_item(check, at, what_item(check->column));
	} else if (item->type == JSON_STRING && str_find_byte(item->string, '\0') < item->string.size) {
		wrong_item(check, at, "a text without U+0000");
	}
}

static bool
read_list(const struct member_check *check)
{
	size_t errors_before = check->errors->count;

	if (check->json->type != JSON_ARRAY)
		return false;
	for (uint32_t i = 0; i < check->json->count; i++)
		check_item(check, i);
	check_count(check, check->json->count);
	return check->errors->count > errors_before || read_json(check);
}

/* Sorted, each id once. */
static bool
read_refs(const struct member_check *check)
{
	struct value *ids;
	size_t count = 0;

	if (check->json->type != JSON_ARRAY)
		return false;
	ids = arena_array(check->arena, check->json->count + (size_t)1, sizeof(*ids));
	for (uint32_t i = 0; ids != NULL && i < check->json->count; i++) {
		if (read_id(check->column->to->id_type, &check->json->items[i], &ids[count]))
			count++;
		else
			wrong_item(check, i, what_item(check->column));
	}
	if (ids != NULL)
		*check->ret = links_array(check->arena, ids, &count);
	if (ids == NULL || check->ret->text.data == NULL)
		input_wrong(check, "too_long", "shorter");
	check_count(check, count);
	return true;
}

static bool
read_own_id(const struct member_check *check)
{
	/* The upper half stays free, so that the server can always count on from the largest id. */
	static const int64_t largest = (int64_t)1 << 62;

	if (!read_id(check->column->type, check->json, check->ret))
		return false;
	if (check->ret->kind == VALUE_INT && check->ret->integer < 1)
		field_error_add(check->errors, check->arena, check->pointer, "too_small",
		    "id must be at least 1");
	if (check->ret->kind == VALUE_INT && check->ret->integer > largest)
		field_error_add(check->errors, check->arena, check->pointer, "too_large",
		    "id must be at most %lld", (long long)largest);
	return true;
}

static bool (*const readers[FIELD_TYPE_COUNT])(const struct member_check *check) = {
	[FIELD_TEXT] = read_text,
	[FIELD_INT] = read_int,
	[FIELD_BOOL] = read_bool,
	[FIELD_ENUM] = read_enum,
	[FIELD_TIME] = read_time,
	[FIELD_REF] = read_ref,
	[FIELD_REFS] = read_refs,
	[FIELD_FLOAT] = read_float,
	[FIELD_DECIMAL] = read_decimal,
	[FIELD_DATE] = read_date,
	[FIELD_LIST] = read_list,
	[FIELD_JSON] = read_json,
	[FIELD_EMAIL] = read_email,
	[FIELD_URL] = read_url,
};

static const char *
what_type(const struct field *column)
{
	if (column->type == FIELD_REF && column->to->id_type == FIELD_INT)
		return "the id of a record (a whole number)";
	return field_types[column->type].what;
}

void
input_read_value(const struct member_check *check)
{
	bool (*const read)(const struct member_check *check) =
	    check->column->column == COLUMN_ID ? read_own_id : readers[check->column->type];

	if (!read(check))
		input_wrong(check, "type", what_type(check->column));
}
